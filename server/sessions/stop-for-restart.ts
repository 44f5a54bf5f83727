/** How sessions end when the server stops: those that can be resumed are kept for the server that is started again on its folder. */
import { Hello } from "../../proto/gen/icrl/v1/environment.js";
import { introducedIn, type LiveSession, openIn } from "./live-session.js";
import { drainingError, fail } from "./session-end.js";

/** Ends it with SERVER_DRAINING, and keeps what it has open, or what of its end the agent may not have got. */
export function stopForRestart(session: LiveSession): void {
  const { context, delivery, tokenHash, asked } = session;
  const hello = introducedIn(session)?.hello;
  const open = openIn(session);
  const sent = delivery?.sentCount ?? 0;
  // Collections live no longer than their server.
  const resumable = !session.inputEnded && !hello?.collectionId && (open !== undefined || delivery?.pending);
  asked?.source?.stop();
  fail(session, drainingError());
  if (!resumable || hello === undefined || delivery === undefined || tokenHash === undefined) return;
  context.kept.keep(
    {
      tokenHash,
      sessionId: session.id,
      hello: Buffer.from(Hello.encode({ ...hello, entrantKey: undefined }).finish()),
      sent,
      taken: delivery.taken,
      wasOpen: open !== undefined,
      open: asked?.open,
      left: asked?.source?.left(),
    },
    open?.steps.play.whenDurable() ?? Promise.resolve(),
  );
}
