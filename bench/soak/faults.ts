/** Faults, one after the other, drawn from a seed. */
import { setTimeout as wait } from "node:timers/promises";
import type { Rng } from "../../common/rng.js";
import type { Ground } from "./ground.js";

/** What can be hurt. */
export interface Hurt {
  readonly grounds: readonly Ground[];
  /** The one whose server may die. */
  readonly mortal: Ground;
  /** Kills a process of free players at once; another one takes its place. */
  killPlayer(): void;
  /** Kills a command under way: a tournament's, an agent's. @returns whether there was one */
  killCommand(): boolean;
}

/** How often something happened. */
export type FaultCounts = Record<
  "cut" | "cutAll" | "stalled" | "halfClosed" | "playerKilled" | "commandKilled" | "serverKilled" | "serverDrained",
  number
>;

/** Nothing yet. */
export const noFaults = (): FaultCounts => ({
  ...{ cut: 0, cutAll: 0, stalled: 0, halfClosed: 0 },
  ...{ playerKilled: 0, commandKilled: 0, serverKilled: 0, serverDrained: 0 },
});

/** Rests between two faults, in milliseconds: from half of that to one and a half of it. */
const EVERY_MS = 4000;

/** Injects them until it is stopped. */
export async function injectFaults(hurt: Hurt, rng: Rng, counts: FaultCounts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(EVERY_MS * (0.5 + rng.uniform()), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    await injectOne(hurt, rng, counts);
  }
}

async function injectOne({ grounds, mortal, killPlayer, killCommand }: Hurt, rng: Rng, counts: FaultCounts) {
  const { relay } = grounds[rng.integer(grounds.length)];
  const chosen = rng.integer(Math.max(1, relay.size));
  switch (rng.integer(9)) {
    case 0:
    case 1:
      counts.cut += relay.cut((index) => index === chosen);
      return;
    case 2:
      counts.cutAll += relay.cut(() => true);
      return;
    case 3:
      relay.stall(200 + 1500 * rng.uniform());
      counts.stalled += 1;
      return;
    case 4:
      counts.halfClosed += relay.halfClose((index) => index === chosen);
      return;
    case 5:
      killPlayer();
      counts.playerKilled += 1;
      return;
    case 6:
      if (killCommand()) counts.commandKilled += 1;
      return;
    case 7:
      await mortal.restart("SIGKILL");
      counts.serverKilled += 1;
      return;
    default:
      await mortal.restart("SIGTERM");
      counts.serverDrained += 1;
  }
}
