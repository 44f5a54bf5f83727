/** `icrl dataset collect SPEC.yaml`: plays a mixture of behaviours into an offline dataset. */
import { join } from "node:path";
import { Command } from "commander";
import { findAgent } from "../../../agents/registry.js";
import { type Connection, connect } from "../../../clients/typescript/connect.js";
import type { Agent } from "../../../clients/typescript/define-agent.js";
import type { LabelProgress } from "../../../clients/typescript/label-dataset.js";
import { IcrlError, type Reason } from "../../../common/errors.js";
import { resolveOptions } from "../../../common/options.js";
import { playsTask } from "../../../common/plays-task.js";
import { VERSION } from "../../../common/version.js";
import {
  collectingFolder,
  type DatasetHead,
  type DatasetManifest,
  datasetPath,
  isDataset,
  readDatasetManifest,
  type TaskHead,
} from "../../../datasets/folder/dataset-manifest.js";
import { beginFolder } from "../../../datasets/output/begin-folder.js";
import { BEGUN_DATASET, DATASET } from "../../../datasets/output/output-kinds.js";
import { isBuiltIn, requireAwaited, unknownAgent } from "../../../jobs/agents-from-elsewhere.js";
import { isSameSpec, openCollectingFolder, specJson } from "../../../jobs/collect/collecting-folder.js";
import { type DatasetSpec, readDatasetFile } from "../../../jobs/collect/dataset-file.js";
import { requireNoWriter } from "../../../jobs/log-writer.js";
import { type AgentProcesses, startAgentProcesses } from "../../../jobs/processes/agent-processes.js";
import { type PrivateServer, startPrivateServer } from "../../../jobs/processes/private-server.js";
import { quoted } from "../../../jobs/quoted.js";
import { type Collection, type CollectionSpec, CollectionState } from "../../../proto/gen/icrl/v1/collection.js";
import { ORACLE_NOISE } from "../../../server/collections/oracle-noise-options.js";
import { type CheckedCollection, checkCollection } from "../../../server/collections/spec.js";
import { LIMIT_OPTIONS } from "../../../server/sessions/limits.js";
import type { Task } from "../../../server/tasks/task.js";
import { interruptible } from "../../interruptible.js";
import { reachableAddress } from "../../open-address.js";
import { printJson } from "../../print/json.js";
import { commandProgress, type Progress } from "../../print/progress.js";
import { printText } from "../../print/terminal.js";
import { typedCommand } from "../../typed-command.js";
import { collect as collectTexts, hostAndPort, required, wholeNumber } from "../arguments.js";
import { labelProgress, labelWith } from "./label.js";

interface CollectFlags {
  out?: string;
  trials?: number;
  await?: string[];
  listen?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** How long a behaviour that somebody else starts may stay away. */
const OTHERS_TIMEOUT_MS = 86_400_000;

/** The command. */
export function collectCommand(): Command {
  return new Command("collect")
    .description(
      "Collect a dataset: a private server, one process for each built-in behaviour, then labels, dataset.json and README.md. " +
        "Broken off at any moment, the same command goes on where it was.",
    )
    .argument(
      "<file>",
      "YAML or JSON: {name, seed, trials, tasks, behaviours, labels, subsample}; see docs/datasets.md",
    )
    .option("--out <dir>", "folder of the dataset (required)")
    .option("--trials <n>", "trials of each task, instead of the file's", wholeNumber(1))
    .option(
      "--await <name>",
      "do not start this behaviour: agent processes join under its name, as many as there are, and share its trials; may be repeated",
      collectTexts,
    )
    .option(
      "--listen <host:port>",
      "where the private server listens; port 0 takes a free one (default: 127.0.0.1:0, which agents on this machine alone can join)",
      hostAndPort,
    )
    .option("--overwrite", "begin anew: remove what an earlier run left in the folder, and nothing else")
    .option("--json", "print the manifest, as dataset.json holds it")
    .action(collect);
}

async function collect(file: string, flags: CollectFlags, command: Command): Promise<void> {
  const out = required(flags.out, "--out <dir>", command);
  const spec = readDatasetFile(file, flags.trials);
  const others = checkedBehaviours(spec, flags.await ?? []);
  if (flags.overwrite && BEGUN_DATASET.is(out)) await requireNoWriter(collectingFolder(out));
  beginFolder(out, { own: [DATASET, BEGUN_DATASET], anew: flags.overwrite === true });
  const progress = commandProgress();
  let manifest: DatasetManifest;
  try {
    if (isDataset(out)) {
      manifest = finishedDataset(out, spec, file);
      progress.say(`${out} is finished: nothing is left to collect`);
    } else {
      const collection = openCollectingFolder(out, spec, file);
      const checked = checkCollection(collection, resolveOptions(LIMIT_OPTIONS, {}, "serve"));
      await play(out, collection, checked, others, flags.listen, progress);
      for (const { name, expert, options } of spec.experts)
        await label(out, name, findAgent(expert), options, progress);
      progress.doing("counting, and hashing the shards");
      const { finishDataset } = await import("../../../datasets/rewrite/finish-dataset.js"); // Arrow and DuckDB
      manifest = await interruptible(
        finishDataset(out, datasetHead(spec, collection, checked), { subsample: spec.subsample }),
      );
    }
  } finally {
    progress.finish();
  }
  if (flags.json) printJson(process.stdout, manifest);
  else printText(process.stdout, summary(out, manifest));
}

/**
 * A dataset that is finished already.
 * @throws OUTPUT_EXISTS if it is another one than the spec asks for
 */
function finishedDataset(out: string, spec: DatasetSpec, file: string): DatasetManifest {
  const manifest = readDatasetManifest(out);
  const seed = spec.seed ?? BigInt(manifest.seed ?? 0);
  if (manifest.made_by === "collect" && isSameSpec(manifest.spec, specJson(spec, seed))) return manifest;
  throw new IcrlError(
    "OUTPUT_EXISTS",
    `${out} holds another dataset ("${manifest.name}", ${manifest.trials} trials) than ${file} asks for: choose another --out, or replace it with --overwrite; to make a dataset larger, collect a second one with another seed and \`icrl dataset merge\` the two`,
    { folder: out },
  );
}

/** What the manifest says of a collection that does not follow from its files. */
function datasetHead(
  spec: DatasetSpec,
  collection: CollectionSpec,
  { id, tasks, behaviours }: CheckedCollection,
): Omit<DatasetHead, "subsample"> {
  return {
    name: collection.name,
    id,
    made_by: "collect",
    made_with: {},
    spec: specJson(spec, collection.seed),
    seed: String(collection.seed),
    license: null,
    versions: { icrl: VERSION, node: process.version },
    behaviours: behaviours.map(({ name, agent, options, weight }) => ({ name, agent, options, weight })),
    tasks: tasks.map(({ id: taskId, task }) => describeTaskEntry(taskId, task)),
    sources: [],
  };
}

function describeTaskEntry(id: string, task: Task): TaskHead {
  const { kind, min, max, noiseStd } = task.reward;
  return {
    id,
    task: task.name,
    options: task.options,
    num_actions: task.numActions,
    horizon: task.horizon,
    episodes_per_trial: task.episodes,
    observation_space: task.observationSpace,
    trial_features_shape: task.trialFeaturesShape,
    reward: {
      kind,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(noiseStd !== undefined && { noise_std: noiseStd }),
    },
  };
}

function summary(out: string, { name, trials, episodes, steps, behaviours, labels, shards }: DatasetManifest): string {
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const parts = behaviours.map((behaviour) => `${behaviour.name} ${behaviour.trials}`).join(", ");
  return [
    `${name}: ${trials} trials, ${episodes} episodes, ${steps} steps`,
    `by         ${parts}`,
    `labels     ${Object.keys(labels).join(", ")}`,
    `data       ${join(out, "data")}/*.parquet, ${(bytes / steps).toFixed(2)} bytes a step`,
    `manifest   ${datasetPath(out)}`,
    `card       ${join(out, "README.md")}`,
    "",
  ].join("\n");
}

/**
 * Checks everything that can be known to be wrong before a server is started.
 *
 * @returns the awaited behaviours: somebody has to start them
 * @throws SPEC_INVALID, TASK_UNKNOWN, TASK_UNSUPPORTED, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*
 */
function checkedBehaviours(
  { collection, seed, experts }: DatasetSpec,
  awaited: readonly string[],
): CollectionSpec["behaviours"] {
  const limits = resolveOptions(LIMIT_OPTIONS, {}, "serve");
  const { tasks } = checkCollection({ ...collection, seed: seed ?? 0n }, limits);
  const checkPlays = (name: string, options: Readonly<Record<string, unknown>>, what: string) => {
    const agent = findAgent(name);
    resolveOptions(agent.options, options, what);
    const unplayed = tasks.find(({ task }) => !playsTask(agent.tasks, task.name, task.kinds));
    if (unplayed === undefined) return;
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `${what} plays ${agent.tasks.join(", ")}, not task "${unplayed.id}", which is ${unplayed.task.name}: every behaviour and expert plays every task of a dataset`,
    );
  };
  for (const { name, expert, options } of experts) checkPlays(expert, options, `label "${name}" (expert "${expert}")`);
  requireAwaited(
    awaited,
    collection.behaviours.filter(({ agent }) => agent !== ORACLE_NOISE).map(({ name }) => name),
    "behaviours that agents play",
  );
  return collection.behaviours.filter(({ name, agent, options }) => {
    if (agent === ORACLE_NOISE) return false;
    if (isBuiltIn(agent)) checkPlays(agent, options ?? {}, `behaviour "${name}" (agent "${agent}")`);
    else if (!awaited.includes(name)) throw unknownAgent(`behaviour "${name}"`, name, agent);
    return awaited.includes(name);
  });
}

/** Has everything played that is not in the log yet. */
async function play(
  out: string,
  spec: CollectionSpec,
  checked: CheckedCollection,
  others: CollectionSpec["behaviours"],
  listen: string | undefined,
  progress: Progress,
): Promise<void> {
  const folder = collectingFolder(out);
  const flags = listen === undefined ? [] : ["--listen", listen];
  if (others.length > 0) flags.push("--entrant-timeout-ms", String(OTHERS_TIMEOUT_MS));
  let server: PrivateServer | undefined;
  let connection: Connection | undefined;
  let processes: AgentProcesses | undefined;
  try {
    progress.doing("starting a server");
    server = await startPrivateServer(folder, flags);
    connection = await connect(server.address);
    let collection = (await connection.createCollection({ spec })).collection as Collection;
    const { id } = collection;
    const found = collection.parts.reduce((sum, { completeTrials }) => sum + completeTrials, 0);
    if (found > 0) progress.say(`going on: ${found} trials are there already`);
    for (const { name, agent } of others) {
      const start = isBuiltIn(agent) ? typedCommand("agent", agent) : `${agent} with`;
      const join = `--connect ${reachableAddress(server.address)} --entrant ${quoted(name)} --collection ${id}`;
      progress.say(`start ${start} ${join}`);
    }
    const unfinished = (behaviour: string) =>
      collection.parts.some(
        (part) => part.behaviour === behaviour && part.completeTrials < part.trials && part.failureReason === "",
      );
    let giveUp: (error: unknown) => void = () => {};
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    processes = startAgentProcesses({
      address: server.address,
      schedule: ["--collection", id],
      entrants: spec.behaviours.filter(
        ({ name, agent }) => agent !== ORACLE_NOISE && !others.some((other) => other.name === name) && unfinished(name),
      ),
      logDir: join(folder, "log", "agents"),
      unfinished,
      onGivenUp: ({ entrant, logFile, error }) =>
        giveUp(
          new IcrlError(
            error?.reason ?? "AGENT_ABSENT",
            `the process of behaviour "${entrant}" ended too often${error === undefined ? "" : ` (${error.text})`}, ${logFile} has its words: run the same command again to go on`,
          ),
        ),
    });
    const update = (next: Collection) => {
      collection = next;
      progress.update(
        collection.parts.map((part) => ({
          name: checked.tasks.length > 1 ? `${part.taskId} / ${part.behaviour}` : part.behaviour,
          by: part.behaviour,
          done: part.completeTrials,
          total: part.trials,
          steps: Number(part.steps),
          maxSteps: Number(part.maxSteps),
          note: part.failureReason === "" ? undefined : `failed: ${part.failureReason}`,
        })),
        collection.parts.every(({ completeTrials }) => completeTrials === 0) ? "starting the agents" : undefined,
      );
      if (collection.parts.every(({ completeTrials, trials }) => completeTrials === trials))
        progress.doing("closing the log");
    };
    await interruptible(Promise.race([watch(connection, id, update), givenUp]));
    const failed = collection.parts.find(({ failureReason }) => failureReason !== "");
    if (failed !== undefined) {
      throw new IcrlError(
        failed.failureReason as Reason,
        `behaviour "${failed.behaviour}" stopped after ${failed.completeTrials} of ${failed.trials} trials of "${failed.taskId}" (${folder}/log/agents has its words): run the same command again to go on`,
      );
    }
    if (collection.state !== CollectionState.FINISHED) {
      throw new IcrlError(
        "LOG_UNWRITABLE",
        `the log in ${folder} could not be written: run the same command again to go on`,
      );
    }
  } finally {
    connection?.close();
    await processes?.close();
    await server?.close();
  }
}

/** Has what was played labelled by an expert, as far as it is not yet. */
async function label(
  out: string,
  name: string,
  expert: Agent,
  options: Readonly<Record<string, unknown>>,
  progress: Progress,
): Promise<void> {
  progress.doing(`labels "${name}": starting a server, and reading what is to be labelled`);
  const onProgress = (labelled: LabelProgress) => labelProgress(progress, name, labelled);
  await labelWith({ dir: collectingFolder(out), expert, name, options, onProgress });
}

async function watch(connection: Connection, id: string, onUpdate: (collection: Collection) => void): Promise<void> {
  for await (const { collection } of connection.watchCollection({ id })) onUpdate(collection as Collection);
}
