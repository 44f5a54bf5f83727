/** How long a session may be there without anything: until its hello, and then until it opens something. */
import { IcrlError } from "../../common/errors.js";
import { inOneSlice } from "../../common/slices.js";
import { type Introduced, type LiveSession, openIn } from "./live-session.js";
import { fail } from "./session-end.js";

/** It has just come: its hello is waited for. */
export function waitForHello(session: LiveSession): void {
  const { helloTimeoutMs } = session.context.limits;
  takeSmall(session);
  endAfter(session, helloTimeoutMs, noHello);
}

/** It is ready, and waits for what it is to open. Who waits for a match waits as long as that takes. */
export function rest(session: LiveSession, { hello, place }: Introduced): void {
  const { clock, limits } = session.context;
  endRest(session);
  takeSmall(session);
  session.state = { is: "ready", hello, place };
  if (hello.entrant !== undefined) return;
  session.idleSinceMs = clock.now();
  endAfter(session, limits.idleTimeoutMs, nothingOpen);
}

const noHello = (ms: number) =>
  new IcrlError("HELLO_TIMEOUT", `no hello within ${ms} ms: send it as soon as the stream is open`, { timeout_ms: ms });

const nothingOpen = (ms: number) =>
  new IcrlError("IDLE_TIMEOUT", `nothing was open for ${ms} ms: connect again to open something`, { timeout_ms: ms });

/**
 * Ends it then, unless it does something first. Many that came together end a few a turn: a status costs a tenth of a millisecond. Until
 * then nothing is made of it: an error with its stack is a tenth of what a session that waits takes.
 */
function endAfter(session: LiveSession, ms: number, why: (ms: number) => IcrlError): void {
  const { clock, work } = session.context;
  session.stopIdleTime = clock.after(ms, () => {
    session.stopIdleTime = undefined;
    const end = inOneSlice(() => fail(session, why(ms)));
    const giveUp = work.compute(
      end,
      () => {},
      (thrown) => fail(session, thrown),
    );
    if (session.state.is !== "ended") session.stopIdleTime = giveUp;
  });
}

/** While nothing is open there is nothing large to say. */
function takeSmall({ link, context: { limits } }: LiveSession): void {
  link.take?.(Math.min(limits.maxHelloBytes, limits.maxMessageBytes));
}

/** It is spoken to on another stream: takes what it took before. */
export function takeAsMuch(session: LiveSession): void {
  if (openIn(session) === undefined) takeSmall(session);
  else session.link.take?.(session.context.limits.maxMessageBytes);
}

/** It does something. */
export function endRest(session: LiveSession): void {
  session.idleSinceMs = undefined;
  session.stopIdleTime?.();
  session.stopIdleTime = undefined;
}
