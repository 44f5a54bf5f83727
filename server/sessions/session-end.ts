/** How sessions end: by an error, or because the agent has left. */
import { IcrlError, type Reason } from "../../common/errors.js";
import { introducedIn, type LiveSession, openIn, totalsOf } from "./live-session.js";

/** Why what is open is left unfinished. */
export interface Leaving {
  readonly reason: Reason;
  /** For people: what a match's forfeit will say. */
  readonly text: string;
}

/**
 * Ends it, unless it has ended: gives up what is open, says so, and leaves the lobby and the link.
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
  const cause = error === undefined ? undefined : error instanceof IcrlError ? error.reason : "INTERNAL";
  const reason = cause ?? (unfinished ? leaving?.reason : undefined);
  session.state = { is: "ended" };
  session.stopDrainTime?.();
  if (state.is === "opening") state.giveUp();
  try {
    open?.steps.stop(leaving?.reason);
  } finally {
    const { steps, completeTrials } = totalsOf(session, open);
    context.tell({
      event: "session_ended",
      session_id: session.id,
      peer: link.peer,
      agent: introduced?.hello.agent,
      agent_version: introduced?.hello.agentVersion,
      entrant: introduced?.hello.entrant,
      reason,
      message: reason === undefined || reason === "INTERNAL" ? undefined : (leaving?.text ?? ""),
      steps,
      trials: completeTrials,
      seconds: (context.clock.now() - session.sinceMs) / 1000,
    });
    introduced?.place?.leave(unfinished ? leaving?.reason : undefined, leaving?.text ?? "");
    link.end(error);
  }
}

/** Ends it with an error, unless it has ended. */
export function fail(session: LiveSession, error: unknown): void {
  const known = error instanceof IcrlError;
  end(
    session,
    error,
    known ? { reason: error.reason, text: error.message } : { reason: "CONNECTION_LOST", text: "the server failed" },
  );
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
