/** From ready to ready again: what a session opens, plays and closes. */
import { IcrlError } from "../../common/errors.js";
import type { Open as OpenRequest, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import { describeTask } from "../tasks/describe-task.js";
import { checkedActTimeoutMs, checkedLabel, notImplemented } from "./checked-request.js";
import { playBytes } from "./envs-that-fit.js";
import { endRest, rest } from "./idle-time.js";
import { type Introduced, type LiveSession, type Open, type Opening, send, sendBytes } from "./live-session.js";
import { createLockSteps } from "./lock-steps.js";
import type { Release } from "./memory-budget.js";
import type { Playable, Prepared } from "./playable.js";
import { end, fail, guarded } from "./session-end.js";
import { stopForRestart } from "./stop-for-restart.js";

/**
 * Opens what an agent asks for.
 * @throws SERVER_BUSY if there is no memory for it now; QUOTA_EXCEEDED
 */
export function open(session: LiveSession, who: Introduced, prepared: Prepared): void {
  takeEnvs(session, prepared.numEnvs, prepared.recorded);
  holdToo(session, session.context.memory.reserve(prepared.bytes, prepared.what));
  const opening = openingOf(who);
  endRest(session);
  session.state = opening;
  openReserved(session, opening, prepared);
}

/** Takes envs of what its token may have. @throws QUOTA_EXCEEDED; where it is to be recorded also if the token has logged what it may today */
function takeEnvs(session: LiveSession, numEnvs: number, recorded: boolean): void {
  const { share } = session.context;
  if (recorded) share?.requireLeft("log_bytes_a_day");
  session.release = share?.take("envs", numEnvs) ?? (() => {});
}

/** What is to be given back beside that. */
function holdToo(session: LiveSession, release: Release): void {
  const { release: envs } = session;
  session.release = () => {
    envs();
    release();
  };
}

/**
 * Opens what a schedule gives, once there is memory for it: it is no fault of the entrant's that there is none.
 * @throws QUOTA_EXCEEDED if its token may not
 */
export function openWhenItFits(session: LiveSession, who: Introduced, prepared: Prepared): void {
  takeEnvs(session, prepared.numEnvs, prepared.recorded);
  const opening = openingOf(who);
  session.state = opening;
  opening.giveUp = session.context.memory.whenFree(
    prepared.bytes,
    guarded(session, (release) => {
      holdToo(session, release);
      openReserved(session, opening, prepared);
    }),
  );
}

/** Opens at once or, where it is recorded, when the log can be written: one that failed is tried again. */
function openReserved(session: LiveSession, opening: Opening, { recorded, make }: Prepared): void {
  const { sink } = session.context;
  if (!recorded || sink.writable) return begin(session, opening, make());
  sink
    .probe()
    .then((writable) => {
      if (session.state !== opening) return;
      if (!writable) sink.mustHold(); // that it belongs to another is the better text
      if (!writable) throw new IcrlError("LOG_UNWRITABLE", "the log cannot be written: free its disk, then open again");
      begin(session, opening, make());
    })
    .catch((error) => fail(session, error));
}

/**
 * Opens trials to label, once there are any.
 * @throws NOT_IMPLEMENTED, NAME_INVALID, ENVS_INVALID, TIMEOUT_INVALID
 */
export function openLabels(session: LiveSession, who: Introduced, message: OpenRequest): void {
  const { labels, limits } = session.context;
  if (labels === undefined) throw notImplemented("label");
  const label = checkedLabel(message, limits);
  const actTimeoutMs = checkedActTimeoutMs(message, limits);
  const { agent, agentVersion, agentOptions = {}, tasks } = who.hello;
  const opening = openingOf(who);
  endRest(session);
  session.state = opening;
  opening.giveUp = labels.request(
    { name: label, agent, agentVersion, agentOptions, tasks, numEnvs: message.numEnvs },
    {
      open: guarded(session, (play, remaining) => {
        if (session.state !== opening) return; // it has left: nothing of the play is taken yet
        const { task, numEnvs: envs } = play;
        const what = `${envs} envs of task "${task.name}"`;
        takeEnvs(session, envs, false);
        holdToo(session, session.context.memory.reserve(playBytes(task, envs, false, 0), what));
        const opened = { trials: BigInt(remaining), label };
        begin(session, who, { play, assignment: undefined, actTimeoutMs, overtimeMs: 0, opened });
      }),
      finish: guarded(session, () => {
        rest(session, who);
        sendFinished(session);
      }),
      fail: (error) => fail(session, error),
    },
  );
}

const openingOf = ({ hello, place }: Introduced): Opening => ({ is: "opening", hello, place, giveUp() {} });

/** Says what is open, and shows its first observations. */
function begin(
  session: LiveSession,
  { hello, place }: Introduced,
  { play, assignment, actTimeoutMs, overtimeMs, opened, earlier }: Playable,
): void {
  const steps = createLockSteps(play, {
    ...session.context,
    actTimeoutMs,
    overtimeMs,
    send: (message) => send(session, message),
    sendAgain: (bytes) => sendBytes(session, bytes),
    taken: () => session.delivery?.acknowledged(),
    played: () => void close(session, playing),
    fail: (error) => fail(session, error),
  });
  if (session.parked !== undefined) steps.away();
  if (assignment !== undefined) session.awayMs = 0;
  const playing: Open = { is: "playing", hello, place, steps, assignment, earlier };
  session.context.tell({
    event: "task_opened",
    sessionId: session.id,
    agent: hello.agent,
    task: play.task.name,
    numEnvs: play.numEnvs,
    trials: Number(opened.trials),
    entrant: hello.entrant,
    tournamentId: opened.tournamentId,
    collectionId: opened.collectionId,
    label: opened.label,
  });
  session.state = playing;
  session.link.take?.(session.context.limits.maxMessageBytes);
  send(session, {
    $case: "opened",
    value: {
      task: describeTask(play.task),
      numEnvs: play.numEnvs,
      wantProbabilities: play.wantsProbabilities,
      agentOptions: undefined,
      tournamentId: undefined,
      matchId: undefined,
      collectionId: undefined,
      label: undefined,
      ...opened,
    },
  });
  steps.begin();
}

/** All that is open is played or given up: waits until it is durable, says so, and is free for what comes next. */
export async function close(session: LiveSession, open: Open): Promise<void> {
  const closing: Open = { ...open, is: "closing" };
  session.state = closing;
  try {
    await open.steps.play.whenDurable();
    if (session.state === closing) closed(session, closing);
  } catch (error) {
    fail(session, error);
  }
}

const NOTHING = { completeTrials: 0, incompleteTrials: 0, episodes: 0, steps: 0, durableTrials: 0 };

function closed(session: LiveSession, { hello, place, steps, earlier = NOTHING }: Open): void {
  const { totals, durableTrials } = steps.play;
  const message: PlayResponse["message"] = {
    $case: "closed",
    value: {
      completeTrials: BigInt(earlier.completeTrials + totals.completeTrials),
      incompleteTrials: BigInt(earlier.incompleteTrials + totals.incompleteTrials),
      episodes: BigInt(earlier.episodes + totals.episodes),
      steps: BigInt(earlier.steps + totals.steps),
      durableTrials: BigInt(earlier.durableTrials + durableTrials()),
      finished: false,
    },
  };
  session.release();
  session.delivery?.hold();
  session.before.steps += totals.steps;
  session.before.completeTrials += totals.completeTrials;
  rest(session, { hello, place });
  send(session, message);
  if (session.drain !== undefined) stopForRestart(session);
  else if (session.inputEnded) end(session, undefined, undefined);
  else place?.free();
}

/** Says that nothing more will come. */
export function sendFinished(session: LiveSession): void {
  const nothing = { completeTrials: 0n, incompleteTrials: 0n, episodes: 0n, steps: 0n, durableTrials: 0n };
  send(session, { $case: "closed", value: { ...nothing, finished: true } });
}
