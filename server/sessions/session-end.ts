/** How sessions end: by an error, or because the agent has left. */
import { IcrlError, type Reason } from "../../common/errors.js";
import { keptReason } from "./checked-options.js";
import { introducedIn, type LiveSession, openIn, totalsOf } from "./live-session.js";
import { internalError } from "./session-event.js";

/** Why what is open is left unfinished. */
export interface Leaving {
  readonly reason: Reason;
  /** For people: what a match's forfeit will say. */
  readonly text: string;
  /** Whether the agent may never have heard of what is open: its connection was lost before it had answered anything. */
  readonly unheard?: boolean;
}

/**
 * Ends it, unless it has ended: gives up what is open, says so, and leaves the lobby and the link. Never throws: what fails on the way
 * is told, and keeps it from nothing else.
 *
 * @param error what the agent is told; undefined where it ends well
 * @param leaving matters where something is unfinished
 */
export function end(session: LiveSession, error: unknown, leaving: Leaving | undefined): void {
  const { state, link, context } = session;
  if (state.is === "ended") return;
  const open = openIn(session);
  const introduced = introducedIn(session);
  const unfinished = open?.steps.unfinished === true;
  session.state = { is: "ended" };
  let cause = error;
  const attempt = (part: () => void) => {
    try {
      part();
    } catch (failure) {
      if (cause === undefined) cause = failure;
      else report(session, failure);
    }
  };
  attempt(() => session.drain?.stop());
  attempt(() => session.parked?.stop());
  attempt(() => session.stopIdleTime?.());
  attempt(() => state.is === "opening" && state.giveUp());
  attempt(() => open?.steps.stop(leaving?.reason));
  // Whatever was to be opened, or is open, the server failed in it, and would again.
  const failed = cause !== undefined && !(cause instanceof IcrlError);
  const left = failed ? SERVER_FAILED : unfinished ? leaving : undefined;
  attempt(() => {
    const { steps, completeTrials } = totalsOf(session, open);
    const reason = cause === undefined ? left?.reason : cause instanceof IcrlError ? cause.reason : "INTERNAL";
    context.tell({
      event: "session_ended",
      sessionId: session.id,
      peer: link.peer,
      agent: introduced?.hello.agent,
      agentVersion: introduced?.hello.agentVersion,
      entrant: introduced?.hello.entrant,
      reason,
      message: reason === undefined || reason === "INTERNAL" ? undefined : (leaving?.text ?? ""),
      steps,
      trials: completeTrials,
      seconds: (context.clock.now() - session.sinceMs) / 1000,
    });
  });
  attempt(() =>
    introduced?.place?.leave(left?.reason, left?.text ?? leaving?.text ?? "", ...(left?.unheard ? [true] : [])),
  );
  try {
    context.sessions.delete(session.listed);
    session.delivery?.acknowledged();
    session.asked?.release();
    link.end(cause);
    session.releaseHello();
    link.whenFlushed(session.release); // what its agent has not read is still held
  } catch (failure) {
    report(session, failure);
  }
}

/** Says that something failed where nobody is left to be told of it. */
function report({ context }: LiveSession, failure: unknown): void {
  try {
    context.tell(internalError("session", failure));
  } catch {} // what fails to be told cannot be told
}

/** What its schedule hears of a session that the server failed in. */
const SERVER_FAILED: Leaving = { reason: "CONNECTION_LOST", text: "the server failed" };

/** Ends it with an error, unless it has ended. Never throws. */
export function fail(session: LiveSession, error: unknown): void {
  end(
    session,
    error,
    error instanceof IcrlError ? { reason: error.reason, text: keptReason(error.message) } : SERVER_FAILED,
  );
}

/** The same function for whoever must not hear of what it throws: that ends the session, and nobody else's. */
export function guarded<A extends unknown[]>(session: LiveSession, run: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      run(...args);
    } catch (error) {
      fail(session, error);
    }
  };
}

/** The agent goes in the middle of what is open; `why` it cannot go on, or nothing where it only leaves. */
export function leave(session: LiveSession, why: Leaving | undefined): void {
  const text = "the agent closed its session before its trials were played";
  end(session, undefined, why ?? { reason: "AGENT_CLOSED", text });
}

/** What a session is told when the server is about to stop. */
export function drainingError(): IcrlError {
  return new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
}
