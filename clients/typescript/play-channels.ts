/** The connections that sessions are on. */
import {
  type EnvironmentServiceClient,
  EnvironmentServiceService,
  PlayResponse,
} from "../../proto/gen/icrl/v1/environment.js";
import type { PlayCall } from "./play-stream.js";

/**
 * Sessions on one connection; more open another. A server takes so many calls on one (`limits.maxStreamsPerConnection`), and gRPC lets
 * those above wait without a word.
 */
const SESSIONS_PER_CHANNEL = 100;

/** Connections for sessions, as many as it takes. */
export interface PlayChannels {
  /**
   * Starts a Play call.
   * @param silent an earlier one on which nothing came in time: nothing is started on its connection any more, which may be a dead one
   */
  start(silent?: PlayCall): PlayCall;
  close(): void;
}

interface Channel {
  readonly client: EnvironmentServiceClient;
  sessions: number;
  silent: boolean;
}

/**
 * The connections.
 *
 * @param first one that there is already, and that others use as well
 * @param another opens one more
 */
export function playChannels(first: EnvironmentServiceClient, another: () => EnvironmentServiceClient): PlayChannels {
  const channels = new Set<Channel>([{ client: first, sessions: 0, silent: false }]);
  const channelOf = new WeakMap<PlayCall, Channel>();

  function roomy(): Channel {
    for (const channel of channels) if (!channel.silent && channel.sessions < SESSIONS_PER_CHANNEL) return channel;
    const channel = { client: another(), sessions: 0, silent: false };
    channels.add(channel);
    return channel;
  }

  return {
    start(silent) {
      const dead = silent && channelOf.get(silent);
      if (dead !== undefined) dead.silent = true;
      const channel = roomy();
      channel.sessions += 1;
      const call = channel.client.makeBidiStreamRequest(
        EnvironmentServiceService.play.path,
        (bytes: Buffer) => bytes,
        PlayResponse.decode,
      );
      channelOf.set(call, channel);
      call.once("status", () => {
        channel.sessions -= 1;
        if (!channel.silent || channel.sessions > 0 || channel.client === first) return;
        channels.delete(channel);
        channel.client.close();
      });
      return call;
    },
    close() {
      for (const { client } of channels) client.close();
    },
  };
}
