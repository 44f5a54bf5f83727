/** How long a session may be there without anything: until its hello, and then until it opens something. */
import { IcrlError } from "../../common/errors.js";
import { inOneSlice } from "../../common/slices.js";
import type { Introduced, LiveSession } from "./live-session.js";
import { fail } from "./session-end.js";

/** It has just come: its hello is waited for. */
export function waitForHello(session: LiveSession): void {
  const { helloTimeoutMs } = session.context.limits;
  takeSmall(session);
  const text = `no hello within ${helloTimeoutMs} ms: send it as soon as the stream is open`;
  endAfter(session, helloTimeoutMs, new IcrlError("HELLO_TIMEOUT", text));
}

/** It is ready, and waits for what it is to open. Who waits for a match waits as long as that takes. */
export function rest(session: LiveSession, { hello, place }: Introduced): void {
  const { clock, limits } = session.context;
  endRest(session);
  takeSmall(session);
  session.state = { is: "ready", hello, place };
  if (hello.entrant !== undefined) return;
  session.idleSinceMs = clock.now();
  const text = `nothing was open for ${limits.idleTimeoutMs} ms: connect again to open something`;
  endAfter(session, limits.idleTimeoutMs, new IcrlError("IDLE_TIMEOUT", text));
}

/** Ends it then, unless it does something first. Many that came together end a few a turn: a status costs a tenth of a millisecond. */
function endAfter(session: LiveSession, ms: number, error: IcrlError): void {
  const { clock, work } = session.context;
  const end = inOneSlice(() => fail(session, error));
  const failed = (thrown: unknown) => fail(session, thrown);
  session.stopIdleTime = clock.after(ms, () => {
    session.stopIdleTime = undefined;
    const giveUp = work.compute(end, () => {}, failed);
    if (session.state.is !== "ended") session.stopIdleTime = giveUp;
  });
}

/** While nothing is open there is nothing large to say. */
function takeSmall({ link, context: { limits } }: LiveSession): void {
  link.take?.(Math.min(limits.maxHelloBytes, limits.maxMessageBytes));
}

/** It does something. */
export function endRest(session: LiveSession): void {
  session.idleSinceMs = undefined;
  session.stopIdleTime?.();
  session.stopIdleTime = undefined;
}
