/** A TCP relay that spoils connections at random moments, by a seed. */
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { type Rng, rngFromSeed } from "../../common/rng.js";

/** What it does to connections. */
export const FAULT_KINDS = ["cut", "delay", "half-close", "silent"] as const;

/**
 * A fault of a connection. `cut`: both ends are closed or reset, in the middle of a frame where it so falls. `delay`: nothing passes one way for a
 * while. `half-close`: one end is told that nothing more comes, and what still comes for it is dropped. `silent`: nothing passes any more, one
 * way or both, and nobody is told.
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A relay that listens on a port of 127.0.0.1. */
export interface FaultRelay {
  readonly address: string;
  /** Faults so far. */
  readonly injected: number;
  /** From now on connections go there. */
  target: string;
  /** Breaks all connections, and listens no more. */
  close(): Promise<void>;
}

/** What it spoils, and how often. */
export interface FaultPlan {
  readonly kind: FaultKind;
  /** After so many it passes everything on. */
  readonly faults: number;
  readonly seed: bigint;
  /** Longest delay, in milliseconds. */
  readonly delayMs: number;
  /** A fault comes within so many bytes of the last one of its connection. */
  readonly withinBytes: number;
}

/** Bytes of a connection before its first message has passed: preface, settings, headers. */
const GREETING_BYTES = 600;
/** How often a fault falls into them. */
const GREETING_SHARE = 0.15;

/**
 * Starts one before the server at `target`. When and how the n-th connection is spoiled depends on the seed and n; what has passed by then, on
 * how fast everybody is.
 */
export async function startFaultRelay(target: string, plan: FaultPlan): Promise<FaultRelay> {
  const rng = rngFromSeed(plan.seed);
  const sockets = new Set<Socket>();
  const state = { injected: 0, connections: 0, target };
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const at = state.target.lastIndexOf(":");
    const far = dial({
      host: state.target.slice(0, at),
      port: Number(state.target.slice(at + 1)),
      allowHalfOpen: true,
      noDelay: true,
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    const spoil = createSpoiler(plan, rng.split(`connection ${state.connections++}`), () => {
      if (state.injected >= plan.faults) return false;
      state.injected += 1;
      return true;
    });
    pass(near, far, 0, spoil);
    pass(far, near, 1, spoil);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    get injected() {
      return state.injected;
    },
    get target() {
      return state.target;
    },
    set target(address) {
      state.target = address;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What becomes of a connection. */
interface Spoiler {
  /** Of so many bytes that came this way: how many pass before the fault, or undefined where none falls into them. */
  falls(way: number, bytes: number): number | undefined;
  /** The fault befalls this way. */
  befall(from: Socket, to: Socket, rest: Buffer): void;
  /** Whether what comes this way is swallowed. */
  swallows(way: number): boolean;
}

function createSpoiler(plan: FaultPlan, rng: Rng, take: () => boolean): Spoiler {
  let way = 0;
  let left = 0;
  const swallowed = [false, false];
  function draw(first: boolean): void {
    way = rng.integer(2);
    left =
      first && rng.uniform() < GREETING_SHARE
        ? rng.integer(GREETING_BYTES)
        : (first ? GREETING_BYTES : 0) + rng.integer(plan.withinBytes);
  }
  draw(true);
  return {
    falls(came, bytes) {
      if (came !== way) return undefined;
      left -= bytes;
      if (left >= 0 || !take()) return undefined;
      return left + bytes;
    },
    befall(from, to, rest) {
      switch (plan.kind) {
        case "cut":
          if (rng.uniform() < 0.5) {
            from.resetAndDestroy();
            to.resetAndDestroy();
          } else {
            from.destroy();
            to.end(() => to.destroy());
          }
          break;
        case "delay":
          from.pause();
          setTimeout(() => {
            if (!to.writableEnded) to.write(rest);
            from.resume();
          }, 1 + rng.integer(plan.delayMs));
          draw(false);
          return;
        case "half-close":
          to.end();
          swallowed[way] = true;
          break;
        case "silent":
          swallowed[way] = true;
          if (rng.uniform() < 0.5) swallowed[1 - way] = true;
      }
      left = Number.POSITIVE_INFINITY;
    },
    swallows: (came) => swallowed[came],
  };
}

/** Passes on what comes from one end, one way. */
function pass(from: Socket, to: Socket, way: number, spoil: Spoiler): void {
  from.on("error", () => {});
  from.on("data", (bytes: Buffer) => {
    if (spoil.swallows(way) || to.writableEnded) return;
    const before = spoil.falls(way, bytes.length);
    if (before === undefined) {
      if (!to.write(bytes)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
      return;
    }
    to.write(bytes.subarray(0, before));
    spoil.befall(from, to, bytes.subarray(before));
  });
  from.on("end", () => {
    if (!spoil.swallows(way)) to.end();
  });
  from.on("close", () => {
    if (!spoil.swallows(way)) to.destroy();
  });
}
