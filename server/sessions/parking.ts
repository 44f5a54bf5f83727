/**
 * Sessions whose stream was lost. One that can be resumed is parked: it keeps all that it has, and waits for another stream. What it was
 * computing it finishes meanwhile, and nothing else begins.
 */
import { IcrlError } from "../../common/errors.js";
import { takeAsMuch } from "./idle-time.js";
import { type Link, noLink } from "./link.js";
import { type LiveSession, openIn, sendDraining, sendWelcome } from "./live-session.js";
import { end, guarded, type Leaving } from "./session-end.js";

const LOST: Leaving = { reason: "CONNECTION_LOST", text: "the agent's connection was lost" };
/** Its agent never showed that it knows of the session: what it was given to play it may never have heard of. */
const UNHEARD: Leaving = { ...LOST, unheard: true };

/** Its stream is gone: it is parked, or ends where nobody may resume it. */
export function lose(session: LiveSession): void {
  const { context, delivery, state } = session;
  if (state.is === "ended" || session.parked !== undefined) return;
  const leftMs = context.limits.resumeMs - (openIn(session)?.assignment === undefined ? 0 : session.awayMs);
  if (delivery === undefined || session.inputEnded || leftMs <= 0) return end(session, undefined, LOST);
  const { peer } = session.link;
  session.link = noLink(peer);
  openIn(session)?.steps.away();
  session.parked = {
    sinceMs: context.clock.now(),
    stop: context.clock.after(leftMs, () => expire(session)),
    whenBack: undefined,
  };
  context.tell({ event: "session_parked", sessionId: session.id, peer });
}

/** Nobody has resumed it in time, or its place is wanted: what a lost connection means is so now. */
export function expire(session: LiveSession): void {
  end(session, undefined, session.delivery?.heard === false ? UNHEARD : LOST);
}

/**
 * It goes on over another stream, which takes the place of its own where it still has one.
 *
 * @throws RESUME_CONFLICT
 */
export function takeUp(session: LiveSession, link: Link, token: string, received: bigint): void {
  const { delivery } = session;
  if (delivery === undefined) throw new Error("a session without a token was resumed");
  // Until the agent has answered something, that the server was started again may have been lost on its way, and what it counts is of before.
  const before = delivery.taken === 0 ? delivery.before : undefined;
  const missed = delivery.after(before === undefined ? received : 0n);
  delivery.heard = true;
  guarded(session, () => speakOn(session, link, token, missed, before))();
}

function speakOn(
  session: LiveSession,
  link: Link,
  token: string,
  missed: readonly Buffer[],
  takenBefore: number | undefined,
): void {
  const { context, parked } = session;
  const before = session.link;
  const nowMs = context.clock.now();
  session.link = link;
  session.parked = undefined;
  if (parked === undefined) before.end(new IcrlError("SESSION_RESUMED", "the session goes on over another stream"));
  else openIn(session)?.steps.back();
  parked?.stop();
  const awayMs = parked === undefined ? 0 : nowMs - parked.sinceMs;
  session.awayMs += awayMs;
  takeAsMuch(session);
  context.tell({ event: "session_resumed", sessionId: session.id, peer: link.peer, seconds: awayMs / 1000 });
  sendWelcome(session, token, takenBefore);
  for (const bytes of missed) link.send(bytes);
  if (session.drain !== undefined) sendDraining(session, session.drain.endsAtMs - nowMs);
  parked?.whenBack?.();
}
