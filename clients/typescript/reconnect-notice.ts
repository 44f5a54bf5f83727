/** Tells that the sessions of a connection were lost and taken up again: once, however many they are. */

/** What happened to the sessions of a connection. */
export type Reconnection =
  | {
      readonly is: "lost";
      /** HOST:PORT of the server. */
      readonly address: string;
      /** How the first of them was lost. */
      readonly error: Error;
      /** How long it is tried to take them up again, in milliseconds. */
      readonly tryingForMs: number;
    }
  | {
      readonly is: "back";
      readonly address: string;
      /** Since the loss, in milliseconds. */
      readonly afterMs: number;
      /** The server was started again in between: unfinished trials are played from their beginning. */
      readonly restarted: boolean;
    };

/** A line for people. */
export function reconnectionText(reconnection: Reconnection): string {
  const { address } = reconnection;
  if (reconnection.is === "lost") {
    return `the connection to ${address} was lost: trying again for up to ${reconnection.tryingForMs / 1000} s (${reconnection.error.message})`;
  }
  const after = `connected to ${address} again after ${(reconnection.afterMs / 1000).toFixed(1)} s`;
  return reconnection.restarted
    ? `${after}: the server was started again, unfinished trials begin anew`
    : `${after}: nothing was lost`;
}

/** What streams tell of themselves. */
export interface ReconnectNotice {
  /** A stream has lost its connection. */
  lost(error: Error, tryingForMs: number): void;
  /** A stream that had lost it has it again. */
  back(restarted: boolean): void;
  /** A stream that had lost it has ended without it. */
  gaveUp(): void;
}

/** Tells of the first stream that is lost, and of the last that is back. */
export function createReconnectNotice(
  address: string,
  onReconnect: (reconnection: Reconnection) => void = () => {},
): ReconnectNotice {
  let without = 0;
  let sinceMs = 0;
  let anyRestarted = false;
  return {
    lost(error, tryingForMs) {
      without += 1;
      if (without > 1) return;
      sinceMs = performance.now();
      anyRestarted = false;
      onReconnect({ is: "lost", address, error, tryingForMs });
    },
    back(restarted) {
      without -= 1;
      anyRestarted ||= restarted;
      if (without === 0)
        onReconnect({ is: "back", address, afterMs: performance.now() - sinceMs, restarted: anyRestarted });
    },
    gaveUp() {
      without -= 1;
    },
  };
}
