import type { Limits as WireLimits } from "../../proto/gen/icrl/v1/environment.js";
import type { Limits } from "./limits.js";

/** The bounds as `welcome` and GetServerInfo send them. */
export function describeLimits(limits: Limits): WireLimits {
  return {
    maxEnvs: limits.max_envs,
    maxTrials: BigInt(limits.max_trials),
    maxMessageBytes: limits.max_message_bytes,
    actTimeoutMs: limits.act_timeout_ms,
    actOvertimeMs: limits.act_overtime_ms,
    maxSessions: limits.max_sessions,
    maxStepsInFlight: BigInt(limits.max_steps_in_flight),
  };
}
