/** Real datasets for tests: collections played on a real server, with labels beside them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import {
  Field,
  Float32,
  Int32,
  List,
  RecordBatch,
  Schema,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { connect } from "#icrl/clients/typescript/connect.js";
import { introduce, playToEnd } from "#icrl/clients/typescript/session.js";
import { resolveOptions } from "#icrl/common/options.js";
import { encodeParquet } from "#icrl/datasets/files/encode-parquet.js";
import type { DatasetHead, DatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { labelFolder, labelHeadPath } from "#icrl/datasets/folder/label-folder.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { readShards } from "#icrl/datasets/log/read-episodes.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { finishDataset } from "#icrl/datasets/rewrite/finish-dataset.js";
import {
  CollectionServiceService,
  type CollectionSpec,
  CollectionState,
  CreateCollectionRequest,
  CreateCollectionResponse,
  WatchCollectionRequest,
  WatchCollectionResponse,
} from "#icrl/proto/gen/icrl/v1/collection.js";
import { startServer } from "#icrl/server/app.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { tempDir } from "./temp-dir.js";

/** A bandit, and an MDP of four episodes a trial, played by three behaviours, one of which sees the truth. */
export const SPEC: CollectionSpec = {
  name: "test set",
  seed: 11n,
  tasks: [
    { id: "linear", task: "linear-bandit", options: { dim: 2, actions: 4, horizon: 12 }, trials: 20 },
    {
      id: "mdp",
      task: "random-mdp",
      options: { states: 4, actions: 2, horizon: 6, episodes: 4, rewards: "bernoulli" },
      trials: 20,
    },
  ],
  behaviours: [
    { name: "uniform", agent: "uniform", options: {}, weight: 2 },
    { name: "second", agent: "uniform", options: {}, weight: 1 },
    { name: "noisy", agent: "oracle-noise", options: {}, weight: 1 },
  ],
};

/** What the manifest of a spec's dataset says beside what is counted. */
export function headOf(spec: CollectionSpec, id: string): Omit<DatasetHead, "subsample"> {
  return {
    name: spec.name,
    id,
    made_by: "collect",
    made_with: {},
    spec: { name: spec.name, seed: String(spec.seed), tasks: spec.tasks, behaviours: spec.behaviours },
    seed: String(spec.seed),
    license: null,
    versions: { icrl: "0.1.0", node: process.versions.node },
    behaviours: spec.behaviours.map(({ name, agent, options = {}, weight }) => ({ name, agent, options, weight })),
    tasks: spec.tasks.map((entry) => {
      const task = buildTask(entry.task, entry.options);
      return {
        id: entry.id,
        task: task.name,
        options: task.options,
        num_actions: task.numActions,
        horizon: task.horizon,
        episodes_per_trial: task.episodes,
        observation_space: task.observationSpace,
        trial_features_shape: task.trialFeaturesShape,
        reward: task.reward,
      };
    }),
    sources: [],
  };
}

/**
 * Plays a collection into DIR/collecting. Its trials are asked for in so many portions: each is a shard of its own.
 *
 * @returns the collection's id
 */
export async function playCollection(dir: string, spec: CollectionSpec = SPEC, portions = 3): Promise<string> {
  const server = await startServer({
    listen: "127.0.0.1:0",
    dataDir: join(dir, "collecting"),
    durability: "process",
    limits: resolveLimits(),
    logger: pino({ level: "silent" }),
  });
  const client = new Client(server.address, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  const connection = await connect(server.address);
  try {
    let id = "";
    for (let portion = 1; portion <= portions; portion += 1) {
      const tasks = spec.tasks.map((task) => ({ ...task, trials: Math.ceil((task.trials * portion) / portions) }));
      id = await create(client, { ...spec, tasks });
      const watched = finished(client, id);
      const agents = spec.behaviours.filter(({ agent }) => agent !== "oracle-noise");
      await Promise.all(agents.map(({ name, agent }) => enter(name, agent, id)));
      await watched;
    }
    return id;
  } finally {
    connection.close();
    client.close();
    await server.close(0);
  }

  async function enter(entrant: string, name: string, collectionId: string): Promise<void> {
    const agent = findAgent(name);
    const stream = connection.play();
    const { name: agentName, version: agentVersion, tasks } = agent;
    await introduce(stream, {
      agent: agentName,
      agentVersion,
      tasks: [...tasks],
      entrant,
      collectionId,
      numEnvs: 8,
    });
    for (;;) {
      const message = await stream.next();
      if (message.$case === "closed" && message.value.finished) return stream.finish();
      if (message.$case !== "opened") continue;
      const options = resolveOptions(agent.options, message.value.agentOptions ?? {}, `agent "${name}"`);
      await playToEnd(stream, agent, options, message.value);
    }
  }
}

function create(client: Client, spec: CollectionSpec): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      CollectionServiceService.createCollection.path,
      (message: CreateCollectionRequest) => Buffer.from(CreateCollectionRequest.encode(message).finish()),
      (bytes: Buffer) => CreateCollectionResponse.decode(bytes),
      { spec, ownerKey: "" },
      (error, answer) => (error === null ? resolve(answer?.collection?.id ?? "") : reject(error)),
    );
  });
}

async function finished(client: Client, id: string): Promise<void> {
  const call = client.makeServerStreamRequest(
    CollectionServiceService.watchCollection.path,
    (message: WatchCollectionRequest) => Buffer.from(WatchCollectionRequest.encode(message).finish()),
    (bytes: Buffer) => WatchCollectionResponse.decode(bytes),
    { id },
  );
  for await (const answer of call) {
    const { state, parts } = (answer as WatchCollectionResponse).collection ?? {};
    if (state === CollectionState.FAILED)
      throw new Error(`the collection failed: ${JSON.stringify(parts?.map((p) => p.failureReason))}`);
    if (state === CollectionState.FINISHED) return;
  }
}

const LABEL_SCHEMA = new Schema([
  new Field("episode_id", new Utf8(), false),
  new Field("actions", new List(new Field("item", new Int32(), false)), false),
  new Field("probabilities", new List(new Field("item", new Float32(), false)), true),
]);

/** What a made-up expert says of an episode: the last action but its own, with probabilities for bandits alone. */
export function madeUpLabel(row: TrajectoryRow): { actions: number[]; probabilities: number[] | null } {
  const actions = Array.from(row.actions, (action) => (action === 0 ? 1 : 0));
  if (row.task !== "linear-bandit") return { actions, probabilities: null };
  return {
    actions,
    probabilities: actions.flatMap((action) => (action === 0 ? [1, 0, 0, 0] : [0.25, 0.25, 0.25, 0.25])),
  };
}

/** Writes a label beside the shards of a folder that has data/. */
export async function writeLabel(dir: string, name: string, label = madeUpLabel): Promise<void> {
  mkdirSync(labelFolder(dir, name), { recursive: true });
  const head = { name, agent: "made-up", agent_version: "1", agent_options: { strength: 3 }, schema_version: 1 };
  writeFileSync(labelHeadPath(dir, name), JSON.stringify(head));
  const shards = listShards(dir);
  const all = await dataRows(dir);
  for (const [i, shard] of shards.entries()) {
    const rows = all.slice(shard.first, shards[i + 1]?.first);
    writeFileSync(join(labelFolder(dir, name), shard.name), encodeParquet(labelIpc(rows, rows.map(label))));
  }
}

function labelIpc(rows: readonly TrajectoryRow[], labels: readonly ReturnType<typeof madeUpLabel>[]): Uint8Array {
  const [episodeId, actions, probabilities] = LABEL_SCHEMA.fields;
  const table = new Table({
    episode_id: vectorFromArray(
      rows.map((row) => row.episode_id),
      episodeId.type,
    ),
    actions: vectorFromArray(
      labels.map((label) => label.actions),
      actions.type,
    ),
    probabilities: vectorFromArray(
      labels.map((label) => label.probabilities),
      probabilities.type,
    ),
  });
  const batches = table.batches.map((batch) => new RecordBatch(LABEL_SCHEMA, batch.data));
  return tableToIPC(new Table(LABEL_SCHEMA, batches), "stream");
}

/** A finished dataset of SPEC or another spec, with one label, in a folder of the test that runs now. */
export async function datasetForTest(
  spec: CollectionSpec = SPEC,
  options: { readonly subsample?: number; readonly labels?: readonly string[] } = {},
): Promise<{ readonly dir: string; readonly manifest: DatasetManifest }> {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  const dir = join(temporary.path, "set");
  return { dir, manifest: await makeDataset(dir, spec, options) };
}

/** Makes one in a folder. */
export async function makeDataset(
  dir: string,
  spec: CollectionSpec = SPEC,
  { subsample, labels = ["made-up"] }: { readonly subsample?: number; readonly labels?: readonly string[] } = {},
): Promise<DatasetManifest> {
  const id = await playCollection(dir, spec);
  for (const name of labels) await writeLabel(join(dir, "collecting"), name);
  return finishDataset(dir, headOf(spec, id), { subsample });
}

/** Every row of a dataset's shards, in order. */
export async function dataRows(dir: string): Promise<TrajectoryRow[]> {
  const rows: TrajectoryRow[] = [];
  for await (const row of readShards(listShards(dir).map(({ path }) => path))) rows.push(row);
  return rows;
}
