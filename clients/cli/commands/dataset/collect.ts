/** `icrl dataset collect SPEC.yaml`: plays a mixture of behaviours into an offline dataset. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { agents, findAgent } from "../../../../agents/registry.js";
import { IcrlError, type Reason } from "../../../../common/errors.js";
import { resolveOptions } from "../../../../common/options.js";
import { playsTask } from "../../../../common/plays-task.js";
import { type Collection, type CollectionSpec, CollectionState } from "../../../../proto/gen/icrl/v1/collection.js";
import { ORACLE_NOISE } from "../../../../server/collections/oracle-noise-options.js";
import { type CheckedCollection, checkCollection } from "../../../../server/collections/spec.js";
import { LIMIT_OPTIONS } from "../../../../server/sessions/limits.js";
import { type Connection, connect } from "../../../typescript/connect.js";
import { type AgentProcesses, startAgentProcesses } from "../../agent-processes.js";
import { collectingFolder, openCollectingFolder } from "../../collecting-folder.js";
import { type DatasetSpec, readDatasetFile } from "../../dataset-file.js";
import { interruptible } from "../../interruptible.js";
import { paintFor } from "../../print/paint.js";
import { createProgress, type Progress } from "../../print/progress.js";
import { type PrivateServer, startPrivateServer } from "../../private-server.js";
import { hostAndPort, required, wholeNumber } from "../arguments.js";

interface CollectFlags {
  out?: string;
  trials?: number;
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
      "--listen <host:port>",
      "where behaviours of your own can join (default: a free port of 127.0.0.1)",
      hostAndPort,
    )
    .option("--overwrite", "replace what an earlier run left in the folder")
    .option("--json", "print the manifest, as dataset.json holds it")
    .action(collect);
}

async function collect(file: string, flags: CollectFlags, command: Command): Promise<void> {
  const out = required(flags.out, "--out <dir>", command);
  const spec = readDatasetFile(file, flags.trials);
  const others = checkedBehaviours(spec);
  if (flags.overwrite) for (const name of OUTPUTS) rmSync(join(out, name), { recursive: true, force: true });
  const collection = openCollectingFolder(out, spec, file);
  const checked = checkCollection(collection, resolveOptions(LIMIT_OPTIONS, {}, "serve"));
  const progress = createProgress({
    stream: process.stderr,
    nowMs: () => performance.now(),
    paint: paintFor(process.stderr, process.env),
  });
  try {
    await play(out, collection, checked, others, flags.listen, progress);
  } finally {
    progress.finish();
  }
}

/** What a dataset leaves in its folder. */
const OUTPUTS = ["data", "labels", "dataset.json", "README.md", "collecting"];

/**
 * Checks everything that can be known to be wrong before a server is started.
 *
 * @returns behaviours whose agents are not built in: somebody has to start them
 * @throws SPEC_INVALID, TASK_UNKNOWN, TASK_UNSUPPORTED, AGENT_UNKNOWN, OPTION_*
 */
function checkedBehaviours({ collection, seed, experts }: DatasetSpec): CollectionSpec["behaviours"] {
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
  return collection.behaviours.filter(({ name, agent, options }) => {
    if (agent === ORACLE_NOISE) return false;
    if (!agents.some((builtIn) => builtIn.name === agent)) return true;
    checkPlays(agent, options ?? {}, `behaviour "${name}" (agent "${agent}")`);
    return false;
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
    server = await startPrivateServer(folder, flags);
    connection = await connect(server.address);
    let collection = (await connection.createCollection({ spec })).collection as Collection;
    const { id } = collection;
    const found = collection.parts.reduce((sum, { completeTrials }) => sum + completeTrials, 0);
    if (found > 0) progress.say(`going on: ${found} trials are there already`);
    for (const { name, agent } of others) {
      progress.say(`start ${agent} with --connect ${server.address} --entrant ${name} --collection ${id}`);
    }
    const unfinished = (behaviour: string) =>
      collection.parts.some(
        (part) => part.behaviour === behaviour && part.completeTrials < part.trials && part.failureReason === "",
      );
    processes = startAgentProcesses(
      server.address,
      ["--collection", id],
      spec.behaviours.filter(
        ({ name, agent }) => agent !== ORACLE_NOISE && !others.some((other) => other.name === name) && unfinished(name),
      ),
      join(folder, "log", "agents"),
      unfinished,
      (entrant, logFile) => progress.say(`${entrant}: its process ended too often, ${logFile} says why`),
    );
    const update = (next: Collection) => {
      collection = next;
      progress.update(
        collection.parts.map((part) => ({
          name: checked.tasks.length > 1 ? `${part.taskId} / ${part.behaviour}` : part.behaviour,
          done: part.completeTrials,
          total: part.trials,
          steps: Number(part.steps),
          note: part.failureReason === "" ? undefined : `failed: ${part.failureReason}`,
        })),
      );
    };
    await interruptible(watch(connection, id, update));
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

async function watch(connection: Connection, id: string, onUpdate: (collection: Collection) => void): Promise<void> {
  for await (const { collection } of connection.watchCollection({ id })) onUpdate(collection as Collection);
}
