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

/** The kinds, as often as they come of each round: each comes, in an order that is drawn. */
const KINDS = [
  ...["cut", "cut", "cutAll", "stalled", "halfClosed"],
  ...["playerKilled", "commandKilled", "serverKilled", "serverDrained"],
] as readonly (keyof FaultCounts)[];

/** Injects them until it is stopped. */
export async function injectFaults(hurt: Hurt, rng: Rng, counts: FaultCounts, signal: AbortSignal): Promise<void> {
  let left: (keyof FaultCounts)[] = [];
  while (!signal.aborted) {
    await wait(EVERY_MS * (0.5 + rng.uniform()), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    if (left.length === 0) left = [...KINDS];
    const [kind] = left.splice(rng.integer(left.length), 1);
    counts[kind] += await inject(kind, hurt, rng);
  }
}

/** @returns how often it could be */
async function inject(kind: keyof FaultCounts, hurt: Hurt, rng: Rng): Promise<number> {
  const { relay } = hurt.grounds[rng.integer(hurt.grounds.length)];
  const chosen = rng.integer(Math.max(1, relay.size));
  switch (kind) {
    case "cut":
      return relay.cut((index) => index === chosen);
    case "cutAll":
      return relay.cut(() => true);
    case "stalled":
      relay.stall(200 + 1500 * rng.uniform());
      return 1;
    case "halfClosed":
      return relay.halfClose((index) => index === chosen);
    case "playerKilled":
      hurt.killPlayer();
      return 1;
    case "commandKilled":
      return hurt.killCommand() ? 1 : 0;
    case "serverKilled":
      await hurt.mortal.restart("SIGKILL");
      return 1;
    case "serverDrained":
      await hurt.mortal.restart("SIGTERM");
      return 1;
  }
}
