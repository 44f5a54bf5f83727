/** An agent in a world: its sequences, which a session of its own plays. */
import { IcrlError } from "../../common/errors.js";
import {
  EnvironmentStateType,
  type StepRequest,
  type StepResponse,
  type Tensor,
} from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import type { Task } from "../tasks/task.js";
import { cutOutcome, type Frame, firstFrame, outcomeOf, withoutReward } from "./frame.js";
import { actionsOf, CLOSE, helloOf, openOf, resetOf } from "./said.js";
import type { TrialRange } from "./series.js";
import type { AgentSettings } from "./settings.js";
import { checkRequested, stepResponse } from "./show.js";
import { ACTION, specsOf } from "./specs.js";
import type { Talk } from "./talk.js";
import type { Inhabitant, World, Worlds } from "./worlds.js";

/** One agent in one world. Of what is asked of it, one is done after the other. */
export interface Player {
  readonly world: World;
  /** Its session's, in the log. */
  readonly sessionId: string;
  readonly specs: ReturnType<typeof specsOf>;
  /** Between two sequences; in one, waited for; or in one that its session's end has cut off, which it has yet to hear. */
  readonly standing: "ready" | "running" | "cut off";
  /** What it saw last, or will see next. */
  readonly frame: Frame | undefined;
  /** @throws UID_UNKNOWN, ACTION_SHAPE, ACTION_OUT_OF_RANGE; what its session ended with */
  step(request: StepRequest): Promise<StepResponse>;
  /** @throws what its session ended with */
  reset(): Promise<void>;
  /** It has left, and what was recorded of it is durable, whatever is thrown. @throws LOG_UNWRITABLE */
  leave(): Promise<void>;
  /** Its stream is gone. */
  lost(): void;
}

/** Of the world's trials an agent takes so many at a time. */
const TRIALS_AT_ONCE = 100;

const { RUNNING, TERMINATED, INTERRUPTED } = EnvironmentStateType;

/** A player from inside. */
interface Playing {
  readonly world: World;
  readonly specs: ReturnType<typeof specsOf>;
  readonly talk: Talk;
  /** The trials that it has taken. */
  range: TrialRange;
  /** The last one of them that it has acted in. */
  actedIn: bigint | undefined;
  stepIndex: bigint;
  running: boolean;
  /** Whether an action was taken in the sequence that is running. */
  acted: boolean;
  interrupted: boolean;
  /** What was shown last, while running. */
  last: Frame | undefined;
  /** What the next sequence begins with; undefined while running, and where all trials of the range are played. */
  next: Frame | undefined;
}

/**
 * An agent enters a world, and its session opens.
 *
 * @param talk with that session, which has not begun
 * @param maxTrials that one open may have
 * @throws WORLD_UNKNOWN; what a hello or an open is refused with. The session has ended then
 */
export async function joinWorld(
  { world, worlds, agent }: { readonly world: World; readonly worlds: Worlds; readonly agent: AgentSettings },
  talk: Talk,
  maxTrials: number,
): Promise<Player> {
  const most = BigInt(Math.min(TRIALS_AT_ONCE, maxTrials));
  const nothing = { running: false, acted: false, interrupted: false, last: undefined, next: undefined };
  const specs = specsOf(world.task);
  const none = { first: 0n, end: 0n };
  const playing: Playing = { world, specs, talk, range: none, actedIn: undefined, stepIndex: 0n, ...nothing };
  const inhabitant: Inhabitant = {
    interrupt() {
      playing.interrupted = playing.running;
    },
  };
  const gone = () => {
    giveBack(playing);
    worlds.leave(world, inhabitant);
  };
  worlds.enter(world, inhabitant);
  try {
    talk.say({ $case: "hello", value: helloOf(agent) });
    const { sessionId } = await talk.next("welcome");
    await openRange(playing, most);
    return playerOf(playing, { sessionId, most, gone });
  } catch (error) {
    talk.lost();
    gone();
    throw error;
  }
}

/** What playing takes beside its state. */
interface Part {
  readonly sessionId: string;
  readonly most: bigint;
  gone(): void;
}

function playerOf(playing: Playing, { sessionId, most, gone }: Part): Player {
  /** By whomever it is asked for. */
  let left: Promise<void> | undefined;
  return {
    world: playing.world,
    specs: playing.specs,
    sessionId,
    get standing() {
      if (!playing.running) return "ready";
      return playing.talk.ending === undefined ? "running" : "cut off";
    },
    get frame() {
      return playing.last ?? playing.next;
    },
    step: (request) => step(playing, request, most),
    reset: () => reset(playing),
    leave() {
      left ??= close(playing.talk).finally(gone);
      return left;
    },
    lost() {
      playing.talk.lost();
      gone();
    },
  };
}

/** Takes trials, and opens them. */
async function openRange(playing: Playing, most: bigint): Promise<void> {
  const { talk, world } = playing;
  playing.range = world.series.take(most);
  talk.say({ $case: "open", value: openOf(world.settings, playing.range) });
  await talk.next("opened");
  const observations = await talk.next("observations");
  talk.away();
  playing.stepIndex = observations.stepIndex;
  playing.next = firstFrame(observations);
}

/** Gives those back that no action was taken in. */
function giveBack(playing: Playing): void {
  const { range, actedIn, world } = playing;
  playing.range = { first: range.end, end: range.end };
  const first = actedIn !== undefined && actedIn >= range.first ? actedIn + 1n : range.first;
  world.series.giveBack({ first, end: range.end });
}

async function step(
  playing: Playing,
  { actions, requestedObservations: uids }: StepRequest,
  most: bigint,
): Promise<StepResponse> {
  const { talk, specs, world } = playing;
  checkRequested(uids, specs);
  const answer = (state: EnvironmentStateType, frame: Frame) => stepResponse(state, frame, uids, world.task);
  const { last } = playing;
  if (talk.ending !== undefined) {
    if (last === undefined) throw endedWith(talk);
    // Since the last step: the agent hears of it as of an end, and of why when it goes on.
    over(playing, undefined);
    return answer(INTERRUPTED, withoutReward(last));
  }
  if (last === undefined) return answer(RUNNING, await begin(playing, most));
  if (playing.interrupted) return answer(INTERRUPTED, await cut(playing, last));
  const action = checkedAction(actions, world.task);
  try {
    return await act(playing, last, action, answer);
  } catch (error) {
    if (talk.ending === undefined) talk.lost(); // nobody knows where it stands
    over(playing, undefined);
    const draining = error instanceof IcrlError && error.reason === "SERVER_DRAINING";
    if (draining) return answer(INTERRUPTED, withoutReward(last));
    throw error;
  }
}

/** Begins a sequence. @returns what it begins with */
async function begin(playing: Playing, most: bigint): Promise<Frame> {
  const { talk } = playing;
  if (playing.next === undefined) {
    await talk.next("closed"); // all of its trials are played
    await openRange(playing, most);
  }
  const { next } = playing;
  if (next === undefined) throw new Error("a session opened without a trial");
  talk.back();
  Object.assign(playing, { running: true, acted: false, interrupted: false, last: next, next: undefined });
  return next;
}

async function act(
  playing: Playing,
  last: Frame,
  action: number,
  answer: (state: EnvironmentStateType, frame: Frame) => StepResponse,
): Promise<StepResponse> {
  const { talk, world } = playing;
  playing.acted = true;
  playing.actedIn = last.trial.trialIndex;
  talk.say(actionsOf(playing.stepIndex, action));
  const observations = await talk.next("observations");
  playing.stepIndex = observations.stepIndex;
  const outcome = outcomeOf(last, observations, world.settings.sequence);
  if (!outcome.over) {
    playing.last = outcome.shown;
    return answer(RUNNING, outcome.shown);
  }
  over(playing, outcome.next);
  return answer(TERMINATED, outcome.shown);
}

/** Cuts the sequence short that is running. @returns what is shown of that */
async function cut(playing: Playing, last: Frame): Promise<Frame> {
  const { talk, world } = playing;
  if (!playing.acted) {
    // Nothing has happened in it: it is the next one, too.
    over(playing, last);
    return withoutReward(last);
  }
  talk.say(resetOf(playing.stepIndex, world.settings.sequence));
  const observations = await talk.next("observations");
  playing.stepIndex = observations.stepIndex;
  const { shown, next } = cutOutcome(last, observations);
  over(playing, next);
  return shown;
}

/** The sequence is over: until the next one the agent is not waited for. */
function over(playing: Playing, next: Frame | undefined): void {
  Object.assign(playing, { running: false, interrupted: false, last: undefined, next });
  playing.talk.away();
}

async function reset(playing: Playing): Promise<void> {
  const { talk, last } = playing;
  if (talk.ending !== undefined) {
    over(playing, undefined);
    throw endedWith(talk);
  }
  if (last !== undefined) await cut(playing, last);
}

const endedWith = ({ ending }: Talk): unknown => ending?.error ?? new Error("a session ended well, and was spoken to");

/** Leaves: all that is recorded is durable then. @throws LOG_UNWRITABLE */
async function close(talk: Talk): Promise<void> {
  if (talk.ending !== undefined) return;
  talk.say(CLOSE);
  await talk.next("closed");
  if (talk.ending === undefined) talk.say(CLOSE);
}

/** @throws UID_UNKNOWN, ACTION_SHAPE, ACTION_OUT_OF_RANGE */
function checkedAction(actions: ReadonlyMap<bigint, Tensor>, { numActions }: Task): number {
  for (const uid of actions.keys()) {
    if (uid !== ACTION)
      throw new IcrlError("UID_UNKNOWN", `there is no action ${uid}: send ${ACTION}, and no other`, { uid });
  }
  const tensor = actions.get(ACTION);
  if (tensor?.payload?.$case !== "int32s" || tensor.shape.length > 0 || tensor.payload.value.array.length !== 1) {
    const came =
      tensor === undefined
        ? "no action"
        : `an action of shape [${tensor.shape.slice(0, 10).join(", ")}], ${tensor.payload?.$case ?? "empty"}`;
    throw new IcrlError("ACTION_SHAPE", `${came}: send one INT32 of no shape as action ${ACTION}`, { num_envs: 1 });
  }
  const [action] = tensor.payload.value.array;
  if (action >= 0 && action < numActions) return action;
  throw new IcrlError(
    "ACTION_OUT_OF_RANGE",
    `action ${action} is outside [0, ${numActions}): send an index below num_actions`,
    { action, num_actions: numActions },
  );
}
