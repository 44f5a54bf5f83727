/** What a session can open: trials of free play, or of an assignment. */
import { VERSION } from "../../common/version.js";
import type { Hello, Open, Opened } from "../../proto/gen/icrl/v1/environment.js";
import type { Assignment } from "../matches/assignment.js";
import type { Task } from "../tasks/task.js";
import { createRecorder } from "../trajectories/recorder.js";
import { wantsProbabilities } from "./capabilities.js";
import { checkedActTimeoutMs, checkedOpen } from "./checked-request.js";
import { envsThatFit, playBytes, rowTextBytes } from "./envs-that-fit.js";
import { freePlaySource } from "./free-play-source.js";
import type { SessionShare } from "./link.js";
import { createPlay, type Play, type PlayTotals } from "./play.js";
import { playedDriver } from "./played-driver.js";
import type { SessionContext } from "./session-context.js";
import { type CountedSource, countedSource, type TrialsLeft } from "./trials-left.js";

/** A play, and what its session says of it. */
export interface Playable {
  readonly play: Play;
  readonly assignment: Assignment | undefined;
  /** How long each answer may take, in milliseconds. */
  readonly actTimeoutMs: number;
  /** How much longer than the deadline answers may take, all of them together, in milliseconds. */
  readonly overtimeMs: number;
  readonly opened: Pick<Opened, "trials"> & Partial<Opened>;
  /** What was played of it before the server was started again; absent: nothing. */
  readonly earlier?: EarlierTotals;
}

/** What `closed` counts beside what was played since. */
export type EarlierTotals = PlayTotals & { readonly durableTrials: number };

/** Free play, and what is left of it. */
export interface PreparedFreePlay extends Prepared {
  readonly source: CountedSource;
}

/** A play that is made once the log can be written. */
export interface Prepared {
  /** Whether it is recorded. */
  readonly recorded: boolean;
  readonly numEnvs: number;
  /** About how many bytes it will hold. */
  readonly bytes: number;
  /** What that is, for an error. */
  readonly what: string;
  make(): Playable;
}

/** Envs that an assignment opens when the entrant does not say. */
const DEFAULT_ENVS = 64;

/**
 * What an agent asks for in free play.
 *
 * @param left what is left of it, where the server was started again since
 * @throws TIMEOUT_INVALID, and what checkedOpen throws
 */
export function freePlay(
  sessionId: string,
  hello: Hello,
  message: Open,
  context: SessionContext,
  left?: TrialsLeft,
): PreparedFreePlay {
  const { task, purpose } = checkedOpen(message, hello, context.limits);
  const actTimeoutMs = checkedActTimeoutMs(message, context.limits);
  const { seed, firstTrial, trials, explicitSeeds, envSeeds, numEnvs, instances } = message;
  const series = {
    purpose,
    seed,
    taskId: task.name,
    entrant: hello.agent,
    firstTrial,
    trials,
    explicitSeeds,
    envSeeds,
    ...(instances !== undefined && { instances }),
  };
  const source = countedSource(freePlaySource({ ...series, taken: left?.taken }), envSeeds.length > 0, left);
  const recorded = message.record ?? true;
  const wants = wantsProbabilities(hello);
  const rowText = rowTextBytes(message.tags, hello.agentOptions ?? {}, task.options);
  return {
    source,
    recorded,
    numEnvs,
    bytes: playBytes(task, numEnvs, false, rowText, wants),
    what: `${numEnvs} envs of task "${task.name}"`,
    make: () => ({
      play: createPlay(
        playedDriver({
          task,
          numEnvs,
          source,
          run: {
            ...runOf(sessionId, hello, task),
            tournamentId: undefined,
            collectionId: undefined,
            taskId: task.name,
            entrant: undefined,
            purpose: explicitSeeds.length > 0 ? undefined : purpose,
            agentOptionsJson: JSON.stringify(hello.agentOptions ?? {}),
            tagsJson: JSON.stringify(message.tags),
          },
          recorder: recorded ? createRecorder(context.sink, undefined, countedBy(context)) : undefined,
          mayReset: true,
          withholdTruth: false,
          wantsProbabilities: wants,
          clock: context.clock,
        }),
      ),
      assignment: undefined,
      actTimeoutMs,
      overtimeMs: 0,
      opened: { trials: source.remaining },
      earlier: left && earlierTotals(left, task, recorded),
    }),
  };
}

const earlierTotals = (
  { completeTrials, incompleteTrials, incompleteEpisodes, steps }: TrialsLeft,
  { episodes }: Task,
  recorded: boolean,
): EarlierTotals => ({
  completeTrials,
  incompleteTrials,
  steps,
  episodes: completeTrials * episodes + incompleteEpisodes,
  durableTrials: recorded ? completeTrials + incompleteTrials : 0,
});

/** What the lobby gives an entrant. */
export function assignedPlay(
  sessionId: string,
  hello: Hello,
  assignment: Assignment,
  context: SessionContext,
): Prepared {
  const { limits, sink, clock, share: mine } = context;
  const { taskId, task, source, tournamentId, matchId, collectionId, agentOptions, behaviourComponent } = assignment;
  const wanted = hello.numEnvs || DEFAULT_ENVS;
  const { remaining } = source;
  // Half of what is left, so that a second session of the same entrant can play beside this one.
  const share = remaining > 2n * BigInt(wanted) ? wanted : Math.max(1, Math.ceil(Number(remaining) / 2));
  const rowText = rowTextBytes(agentOptions, task.options);
  const wants = wantsProbabilities(hello);
  const bytesOf = (envs: number) => playBytes(task, envs, true, rowText, wants);
  const fitting = Math.min(wanted, share, envsThatFit(task, limits, true, rowText, wants));
  const numEnvs = mine === undefined ? fitting : Math.max(1, Math.min(fitting, envsOfShare(mine, fitting, bytesOf)));
  return {
    recorded: true,
    numEnvs,
    bytes: bytesOf(numEnvs),
    what: `${numEnvs} envs of task "${taskId}"`,
    make: () => ({
      play: createPlay(
        playedDriver({
          task,
          numEnvs,
          source,
          run: {
            ...runOf(sessionId, hello, task),
            tournamentId,
            collectionId,
            taskId,
            entrant: hello.entrant,
            purpose: tournamentId === undefined ? "collect" : "tournament",
            agentOptionsJson: JSON.stringify(agentOptions),
            behaviourComponent,
            tagsJson: "{}",
          },
          recorder: createRecorder(sink, (reason) => assignment.keepsTruncated(reason), countedBy(context)),
          withholdTruth: true,
          wantsProbabilities: wants,
          clock,
        }),
      ),
      assignment,
      actTimeoutMs: limits.actTimeoutMs,
      overtimeMs: limits.actOvertimeMs,
      opened: { trials: source.remaining, agentOptions, tournamentId, matchId, collectionId },
    }),
  };
}

/** Of so many envs as many as a token has left. */
function envsOfShare(share: SessionShare, fitting: number, bytesOf: (envs: number) => number): number {
  const perEnv = bytesOf(2) - bytesOf(1);
  const beside = bytesOf(1) - perEnv;
  const byBytes = Math.floor((share.left("bytes") - beside) / perEnv);
  return Math.min(fitting, share.left("envs"), byBytes);
}

/** By whom rows are counted. */
const countedBy = ({ share }: SessionContext) =>
  share && ((bytes: number) => void share.hold("log_bytes_a_day", bytes));

/** What the log's rows say of a session on a task, whatever it plays there. */
function runOf(sessionId: string, { agent, agentVersion, language }: Hello, { name, version, options }: Task) {
  return {
    sessionId,
    task: name,
    taskVersion: version,
    taskOptionsJson: JSON.stringify(options),
    agent,
    agentVersion,
    language,
    serverVersion: VERSION,
    privileged: false,
  };
}
