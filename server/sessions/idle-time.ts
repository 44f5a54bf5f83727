/** How long a session may be there without anything: until its hello, and then until it opens something. */
import { IcrlError } from "../../common/errors.js";
import type { Introduced, LiveSession } from "./live-session.js";
import { fail } from "./session-end.js";

/** It has just come: its hello is waited for. */
export function waitForHello(session: LiveSession): void {
  const { clock, limits } = session.context;
  takeSmall(session);
  session.stopIdleTime = clock.after(limits.helloTimeoutMs, () =>
    fail(
      session,
      new IcrlError(
        "HELLO_TIMEOUT",
        `no hello within ${limits.helloTimeoutMs} ms: send it as soon as the stream is open`,
      ),
    ),
  );
}

/** It is ready, and waits for what it is to open. Who waits for a match waits as long as that takes. */
export function rest(session: LiveSession, { hello, place }: Introduced): void {
  const { clock, limits } = session.context;
  endRest(session);
  takeSmall(session);
  session.state = { is: "ready", hello, place };
  if (hello.entrant !== undefined) return;
  session.idleSinceMs = clock.now();
  session.stopIdleTime = clock.after(limits.idleTimeoutMs, () =>
    fail(
      session,
      new IcrlError("IDLE_TIMEOUT", `nothing was open for ${limits.idleTimeoutMs} ms: connect again to open something`),
    ),
  );
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
