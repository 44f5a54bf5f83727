/** Bounds of sessions, announced in `welcome` and enforced. */
import { integer, type OptionTable, type Resolved, resolveOptions } from "../../common/options.js";
import { type CamelCased, toCamelCase } from "../../common/snake-case.js";

/** The server's own options; `icrl serve` offers each as a flag. */
export const LIMIT_OPTIONS = {
  max_envs: integer({ default: 4096, min: 1, max: 65536, help: "largest num_envs of a session" }),
  max_trials: integer({ default: 1e9, min: 1, help: "largest number of trials of one open" }),
  max_message_bytes: integer({
    default: 8 << 20,
    min: 65536,
    max: 1 << 28,
    help: "largest message that is accepted, in bytes",
  }),
  act_timeout_ms: integer({
    default: 30_000,
    min: 10,
    max: 86_400_000,
    help: "how long an agent may take for its actions, in ms",
  }),
  act_overtime_ms: integer({
    default: 10_000,
    min: 0,
    max: 86_400_000,
    help: "how much longer than act_timeout_ms an agent may take in all for a match, in ms",
  }),
  max_sessions: integer({ default: 2000, min: 1, max: 100_000, help: "sessions open at once" }),
  max_steps_in_flight: integer({
    default: 1 << 24,
    min: 1,
    help: "largest num_envs * horizon of a session (held in memory, about 24 bytes each)",
  }),
  entrant_timeout_ms: integer({
    default: 60_000,
    min: 10,
    max: 86_400_000,
    help: "how long a tournament waits for an entrant with no session before its matches are forfeited, in ms",
  }),
  hello_timeout_ms: integer({
    default: 5000,
    min: 10,
    max: 86_400_000,
    help: "how long a stream may be open before its hello, in ms",
  }),
  max_hello_bytes: integer({ default: 64 << 10, min: 4096, max: 1 << 20, help: "largest hello and open, in bytes" }),
  max_connections: integer({ default: 512, min: 1, max: 100_000, help: "connections open at once" }),
  max_connections_per_address: integer({
    default: 256,
    min: 1,
    max: 100_000,
    help: "connections open at once from one address",
  }),
  max_streams_per_connection: integer({
    default: 256,
    min: 1,
    max: 100_000,
    help: "calls under way at once on one connection",
  }),
  idle_timeout_ms: integer({
    default: 300_000,
    min: 100,
    max: 86_400_000,
    help: "how long a connection with no call on it is kept, and a session with nothing open, in ms",
  }),
  keepalive_ms: integer({
    default: 10_000,
    min: 100,
    max: 86_400_000,
    help: "how often a connection is asked for a sign of life, in ms; one that gives none for as long again is closed",
  }),
  max_memory_bytes: integer({
    default: 1 << 30,
    min: 1 << 24,
    help: "bytes that all sessions together may hold: instances, unfinished episodes, answers that are not read",
  }),
  max_session_bytes: integer({ default: 1 << 29, min: 1 << 20, help: "bytes that one session may hold" }),
  max_trial_work: integer({
    default: 250_000_000,
    min: 1_000_000,
    help: "operations, about a nanosecond each, that drawing and solving one instance may take",
  }),
  max_reads: integer({ default: 4, min: 1, max: 1000, help: "reads of the log under way at once" }),
  max_matches: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: "matches of one tournament, and parts of one collection",
  }),
  max_schedules: integer({
    default: 100,
    min: 1,
    max: 100_000,
    help: "tournaments and collections that are not over, together",
  }),
  max_schedule_trials: integer({
    default: 1e7,
    min: 1,
    help: "trials of one tournament or collection, all its matches or tasks together",
  }),
  resume_ms: integer({
    default: 60_000,
    min: 0,
    max: 86_400_000,
    help: "how long a session waits for its agent to resume it after its stream was lost, in ms; 0: none does",
  }),
  max_act_timeout_ms: integer({
    default: 3_600_000,
    min: 10,
    max: 86_400_000,
    help: "largest act timeout that an agent may ask for, in ms",
  }),
} as const satisfies OptionTable;

/** Values of the options. */
export type LimitOptions = Resolved<typeof LIMIT_OPTIONS>;

/** The bounds. */
export type Limits = CamelCased<LimitOptions>;

/**
 * Bounds of a server that is given these options.
 *
 * @throws OPTION_UNKNOWN, OPTION_INVALID
 */
export function resolveLimits(given: Readonly<Record<string, unknown>> = {}): Limits {
  return toCamelCase(resolveOptions(LIMIT_OPTIONS, given, "serve"));
}
