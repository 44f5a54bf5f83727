import type { Limits as WireLimits } from "../../proto/gen/icrl/v1/environment.js";
import type { Limits } from "./limits.js";

/** Bounds that are uint64 on the wire. */
const WIDE = [
  "maxTrials",
  "maxStepsInFlight",
  "maxMemoryBytes",
  "maxSessionBytes",
  "maxTrialWork",
  "maxScheduleTrials",
] as const satisfies readonly (keyof WireLimits & keyof Limits)[];

/** The bounds as `welcome` and GetServerInfo send them. */
export function describeLimits({ entrantTimeoutMs: _, ...same }: Limits): WireLimits {
  const wide = Object.fromEntries(WIDE.map((name) => [name, BigInt(same[name])]));
  return { ...same, ...(wide as Record<(typeof WIDE)[number], bigint>) };
}
