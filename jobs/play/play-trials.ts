/** A built-in agent plays trials of a task, in this process: what `icrl play` does. */
import type { Connection } from "../../clients/typescript/connect.js";
import type { Credentials } from "../../clients/typescript/credentials.js";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { ConnectionError } from "../../clients/typescript/errors.js";
import { playAgent } from "../../clients/typescript/play-agent.js";
import { IcrlError, REASONS } from "../../common/errors.js";
import { type MeanAndStandardError, meanAndStandardErrorOfTrials } from "../../common/mean-and-standard-error.js";
import { resolveOptions } from "../../common/options.js";
import { claimOutput } from "../../datasets/output/claim-output.js";
import { LOG } from "../../datasets/output/output-kinds.js";
import { buildTask } from "../../server/tasks/registry.js";
import type { Task } from "../../server/tasks/task.js";
import { abortable } from "../abortable.js";
import { connectTo } from "../connect-to.js";
import type { JobListener } from "../listener.js";
import { startPrivateServer } from "../processes/private-server.js";
import { requirePlays } from "../require-plays.js";

/** Envs side by side, and sessions among which they are shared out, where nobody says otherwise. */
export const PLAY_SIZES = { envs: 64, streams: 2 } as const;

/** What is to be played, by whom, where. */
export interface PlayPlan {
  readonly agent: Agent;
  /** Those that differ from their defaults. */
  readonly agentOptions: Readonly<Record<string, unknown>>;
  /** A task family, and its options that differ from their defaults. */
  readonly task: string;
  readonly taskOptions: Readonly<Record<string, unknown>>;
  readonly trials: number;
  /** How many instances the trials take in turn; absent: each has its own. */
  readonly instances?: number;
  readonly seed: bigint;
  /** What the trials are for: seeds of different purposes never meet. */
  readonly purpose: string;
  readonly envs: number;
  readonly streams: number;
  /** Whether the trajectories are logged. */
  readonly record: boolean;
  /** Whether trials are played that the log holds already. */
  readonly again: boolean;
  /** HOST:PORT of a running server; absent: a private one. */
  readonly server?: string;
  /** What the running server is shown. */
  readonly credentials?: Credentials;
  /** Folder of the private server's log. */
  readonly data: string;
}

/** What was played. */
export interface PlayedTrials {
  readonly task: Task;
  readonly agentOptions: Readonly<Record<string, unknown>>;
  readonly trials: number;
  readonly steps: number;
  /** Of a trial; errors are over instances where trials share them. */
  readonly regret: MeanAndStandardError;
  readonly return: MeanAndStandardError;
  /** From the moment that a server was there. */
  readonly seconds: number;
  /** Where they are recorded, for people. */
  readonly log: string;
  /** How many of the trials the log held before. */
  readonly recordedBefore: number;
}

/**
 * Plays them.
 *
 * @throws OPTION_*, TASK_UNKNOWN, TASK_UNSUPPORTED, OUTPUT_EXISTS before a server is started
 * @throws TRIALS_RECORDED if the log holds some of them, SERVER_DRAINING if the server stops; the signal's reason once it is aborted
 */
export async function playTrials(plan: PlayPlan, listener: JobListener, signal: AbortSignal): Promise<PlayedTrials> {
  const { agent, trials, data, instances } = plan;
  const instanceOf = instances === undefined ? undefined : (trial: number) => trial % instances;
  const agentOptions = resolveOptions(agent.options, plan.agentOptions, `agent "${agent.name}"`);
  const task = buildTask(plan.task, plan.taskOptions);
  requirePlays(agent, task);
  if (plan.server === undefined) claimOutput(data, { own: [LOG] });

  listener.doing(plan.server === undefined ? "starting a server" : `connecting to ${plan.server}`);
  const server = plan.server === undefined ? await startPrivateServer(data, { say: listener.say, signal }) : undefined;
  const address = plan.server ?? (server?.address as string);
  let connection: Connection | undefined;
  const startedAt = performance.now();
  try {
    connection = await connectTo(address, listener, signal, plan.credentials);
    const log = plan.server === undefined ? data : `the log of the server at ${address}`;
    const recordedBefore = plan.record
      ? await abortable(recordedTrials(connection, { ...plan, agentOptions }), signal)
      : 0;
    if (recordedBefore > 0 && !plan.again) throw recorded(recordedBefore, plan, log);
    const { closed, regrets, returns } = await playOn(connection, plan, task, agentOptions, listener, signal);
    connection.close();
    if (server !== undefined) listener.doing("closing the log");
    await server?.close(); // rolls the log into shards before its path is shown
    const complete = Number(closed.completeTrials);
    if (complete < trials) {
      throw new IcrlError("SERVER_DRAINING", `the server at ${address} stopped after ${complete} of ${trials} trials`);
    }
    return {
      task,
      agentOptions,
      trials: complete,
      steps: Number(closed.steps),
      regret: meanAndStandardErrorOfTrials(regrets, instanceOf),
      return: meanAndStandardErrorOfTrials(returns, instanceOf),
      seconds: (performance.now() - startedAt) / 1000,
      log,
      recordedBefore,
    };
  } finally {
    connection?.close();
    await server?.close();
  }
}

/** The play itself: how its session closed, and each trial's regret and return. */
async function playOn(
  connection: Connection,
  plan: PlayPlan,
  task: Task,
  agentOptions: PlayPlan["agentOptions"],
  listener: JobListener,
  signal: AbortSignal,
) {
  const { agent, taskOptions, trials, instances, seed, purpose, envs, streams, record } = plan;
  const regrets: number[] = [];
  const returns: number[] = [];
  const maxSteps = trials * task.horizon * task.episodes;
  const played = playAgent(connection, agent, {
    ...{ task: task.name, taskOptions, agentOptions },
    ...{ numEnvs: envs, trials, seed, purpose, record, streams, ...(instances !== undefined && { instances }) },
    onTrialEnd: (end) => {
      if (end.regret === undefined) return; // cut short
      regrets[Number(end.trialIndex)] = end.regret;
      returns[Number(end.trialIndex)] = end.trialReturn;
    },
    onProgress: ({ trials: done, steps }) => {
      listener.update([{ name: whatOf(plan), done, total: trials, steps, maxSteps }]);
      if (done === trials && record) listener.doing("waiting for the log");
    },
  });
  return { closed: await abortable(played, signal), regrets, returns };
}

const whatOf = ({ agent, task }: PlayPlan): string => `${agent.name} on ${task}`;

function recorded(count: number, plan: PlayPlan, log: string): IcrlError {
  const purpose = plan.purpose === "play" ? "" : ` --purpose ${plan.purpose}`;
  return new IcrlError(
    "TRIALS_RECORDED",
    `${count} of the ${plan.trials} trials are in ${log} already (${whatOf(plan)}, --seed ${plan.seed}${purpose}): give another --seed for others, --again to play them once more, or --no-record`,
  );
}

/** How many of the trials that are to be played the server's log holds already. A server that cannot tell is taken to hold none. */
async function recordedTrials(connection: Connection, plan: PlayPlan): Promise<number> {
  const { task, taskOptions, agent, agentOptions, purpose, seed, trials, instances } = plan;
  try {
    const { recorded } = await connection.countTrials({
      task,
      taskOptions: { ...taskOptions },
      agent: agent.name,
      agentOptions: { ...agentOptions },
      purpose,
      seed,
      firstTrial: 0n,
      trials: BigInt(trials),
      instances,
    });
    return Number(recorded);
  } catch (error) {
    if (error instanceof ConnectionError && error.code === REASONS.NOT_IMPLEMENTED.code) return 0;
    throw error;
  }
}
