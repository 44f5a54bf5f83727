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
