/** Has a collection played, on a private server, by a process for each behaviour that the job starts: what is not in its log yet. */
import { join } from "node:path";
import type { Connection } from "../../clients/typescript/connect.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import { collectingFolder } from "../../datasets/folder/dataset-manifest.js";
import { type Collection, type CollectionSpec, CollectionState } from "../../proto/gen/icrl/v1/collection.js";
import { newKey } from "../../server/keys.js";
import { ORACLE_NOISE } from "../../server/tasks/oracle-noise-options.js";
import { abortable } from "../abortable.js";
import { isBuiltIn } from "../agents-from-elsewhere.js";
import { connectTo } from "../connect-to.js";
import type { ReadyLaunch } from "../launch/ready-launch.js";
import type { JobListener } from "../listener.js";
import { type AgentProcesses, type EndedProcess, startAgentProcesses } from "../processes/agent-processes.js";
import { listenArguments, reachableAddress } from "../processes/open-address.js";
import { type PrivateServer, startPrivateServer } from "../processes/private-server.js";
import { quoted } from "../quoted.js";

/** What is to be played. */
export interface CollectionPlan {
  /** Folder of the dataset that it is collected for. */
  readonly out: string;
  readonly spec: CollectionSpec;
  /** Behaviours that somebody else starts. */
  readonly others: CollectionSpec["behaviours"];
  /** Behaviours that are not built in and that this job starts, by name. */
  readonly ready: ReadonlyMap<string, ReadyLaunch>;
  /** HOST:PORT at which the server listens; absent: a free port of this machine alone. */
  readonly listen?: string;
  /** Flags of `icrl serve` that say who is let in there. */
  readonly doors?: readonly string[];
}

/** How long a behaviour that somebody else starts may stay away. */
const OTHERS_TIMEOUT_MS = 86_400_000;

/** And one of somebody's own that this job starts: some load a model first. */
const OWN_TIMEOUT_MS = 120_000;

/**
 * Plays it to its end.
 *
 * @throws the reason for which a behaviour stopped, AGENT_ABSENT, LOG_UNWRITABLE; the signal's reason once it is aborted
 */
export async function playCollection(plan: CollectionPlan, listener: JobListener, signal: AbortSignal): Promise<void> {
  const { spec, others, ready } = plan;
  const folder = collectingFolder(plan.out);
  let server: PrivateServer | undefined;
  let connection: Connection | undefined;
  let processes: AgentProcesses | undefined;
  try {
    listener.doing("starting a server");
    server = await startPrivateServer(folder, { flags: serverFlags(plan), say: listener.say, signal });
    connection = await connectTo(server.localAddress, listener, signal);
    let collection = (await abortable(connection.createCollection({ spec }), signal)).collection as Collection;
    const { id } = collection;
    const found = collection.parts.reduce((sum, { completeTrials }) => sum + completeTrials, 0);
    if (found > 0) listener.say(`going on: ${found} trials are there already`);
    for (const other of others) listener.say(joinText(other, server.address, id));
    const unfinished = (behaviour: string) =>
      collection.parts.some(
        (part) => part.behaviour === behaviour && part.completeTrials < part.trials && part.failureReason === "",
      );
    const isOwn = ({ name, agent }: CollectionSpec["behaviours"][number]) =>
      agent !== ORACLE_NOISE && !others.some((other) => other.name === name) && unfinished(name);
    let giveUp: (why: IcrlError) => void = () => {};
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    processes = startAgentProcesses({
      address: server.localAddress,
      schedule: ["--collection", id],
      entrants: spec.behaviours.filter(isOwn).map((behaviour) => ({
        ...{ name: behaviour.name, agent: behaviour.agent, options: behaviour.options },
        launch: ready.get(behaviour.name)?.launch,
      })),
      keyOf: keptKeys(),
      logDir: join(folder, "log", "agents"),
      unfinished,
      onGivenUp: (ended) => giveUp(absent(ended)),
    });
    const played = watch(connection, id, (next) => {
      collection = next;
      tell(collection, listener);
    });
    await abortable(Promise.race([played, givenUp]), signal);
    requireFinished(collection, folder);
  } finally {
    connection?.close();
    await processes?.close();
    await server?.close();
  }
}

/** Keys for as long as the server of this collecting runs: each name's first. */
function keptKeys(): (name: string) => string {
  const keys = new Map<string, string>();
  return (name) => {
    const key = keys.get(name) ?? newKey();
    keys.set(name, key);
    return key;
  };
}

function serverFlags({ others, ready, listen, doors = [] }: CollectionPlan): string[] {
  const timeoutMs = others.length > 0 ? OTHERS_TIMEOUT_MS : ready.size > 0 ? OWN_TIMEOUT_MS : undefined;
  return [
    ...listenArguments(listen),
    ...doors,
    ...(timeoutMs === undefined ? [] : ["--entrant-timeout-ms", String(timeoutMs)]),
  ];
}

/** How a behaviour from elsewhere joins. */
function joinText({ name, agent }: CollectionSpec["behaviours"][number], address: string, id: string): string {
  const start = isBuiltIn(agent) ? `icrl agent ${agent}` : `${agent} with`;
  return `start ${start} --connect ${reachableAddress(address)} --entrant ${quoted(name)} --collection ${id}`;
}

function absent({ entrant, logFile, error, neverPlayed, how, lastWords }: EndedProcess): IcrlError {
  const why = error?.message ?? (neverPlayed ? `at last with ${how}; it said at last: ${lastWords}` : undefined);
  return IcrlError.told(
    error?.reason ?? "AGENT_ABSENT",
    `the process of behaviour "${entrant}" ended too often${why === undefined ? "" : ` (${why})`}, ${logFile} has its words: run the same command again to go on`,
  );
}

async function watch(connection: Connection, id: string, onUpdate: (collection: Collection) => void): Promise<void> {
  for await (const { collection } of connection.watchCollection({ id })) onUpdate(collection as Collection);
}

/** Tells how far all parts are. */
function tell({ parts }: Collection, listener: JobListener): void {
  const tasks = new Set(parts.map(({ taskId }) => taskId));
  listener.update(
    parts.map((part) => ({
      name: tasks.size > 1 ? `${part.taskId} / ${part.behaviour}` : part.behaviour,
      by: part.behaviour,
      done: part.completeTrials,
      total: part.trials,
      steps: Number(part.steps),
      maxSteps: Number(part.maxSteps),
      note: part.failureReason === "" ? undefined : `failed: ${part.failureReason}`,
    })),
    parts.every(({ completeTrials }) => completeTrials === 0) ? "starting the agents" : undefined,
  );
  if (parts.every(({ completeTrials, trials }) => completeTrials === trials)) listener.doing("closing the log");
}

/** @throws the reason for which a behaviour stopped, LOG_UNWRITABLE */
function requireFinished({ parts, state }: Collection, folder: string): void {
  const failed = parts.find(({ failureReason }) => failureReason !== "");
  if (failed !== undefined) {
    throw IcrlError.told(
      failed.failureReason as Reason,
      `behaviour "${failed.behaviour}" stopped after ${failed.completeTrials} of ${failed.trials} trials of "${failed.taskId}" (${folder}/log/agents has its words): run the same command again to go on`,
    );
  }
  if (state !== CollectionState.FINISHED) {
    throw new IcrlError(
      "LOG_UNWRITABLE",
      `the log in ${folder} could not be written: run the same command again to go on`,
    );
  }
}
