import type { Limits as WireLimits } from "../../proto/gen/icrl/v1/environment.js";
import type { Limits } from "./limits.js";

/** The bounds as `welcome` and GetServerInfo send them. */
export function describeLimits({ entrantTimeoutMs: _, maxTrials, maxStepsInFlight, ...same }: Limits): WireLimits {
  return { ...same, maxTrials: BigInt(maxTrials), maxStepsInFlight: BigInt(maxStepsInFlight) };
}
