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
    helloTimeoutMs: limits.hello_timeout_ms,
    maxHelloBytes: limits.max_hello_bytes,
    maxConnections: limits.max_connections,
    maxConnectionsPerAddress: limits.max_connections_per_address,
    maxStreamsPerConnection: limits.max_streams_per_connection,
    idleTimeoutMs: limits.idle_timeout_ms,
    keepaliveMs: limits.keepalive_ms,
    maxMemoryBytes: BigInt(limits.max_memory_bytes),
    maxSessionBytes: BigInt(limits.max_session_bytes),
    maxTrialWork: BigInt(limits.max_trial_work),
    maxReads: limits.max_reads,
    maxMatches: limits.max_matches,
    maxSchedules: limits.max_schedules,
    maxScheduleTrials: BigInt(limits.max_schedule_trials),
  };
}
