import { type Connection, connect } from "../clients/typescript/connect.js";
import type { Credentials } from "../clients/typescript/credentials.js";
import { reconnectionText } from "../clients/typescript/reconnect-notice.js";
import { abortable } from "./abortable.js";
import type { JobListener } from "./listener.js";

/**
 * Connects a job to a server, and tells when that takes a while.
 *
 * @param address HOST:PORT
 * @param credentials what the server is shown
 * @throws ConnectionError if nothing answers in time; the signal's reason once it is aborted
 */
export async function connectTo(
  address: string,
  { say }: JobListener,
  signal: AbortSignal,
  credentials?: Credentials,
): Promise<Connection> {
  const connecting = connect(address, undefined, say, credentials, {
    onReconnect: (reconnection) => say(reconnectionText(reconnection)),
  });
  try {
    return await abortable(connecting, signal);
  } catch (error) {
    connecting.then(
      (late) => late.close(),
      () => {},
    );
    throw error;
  }
}
