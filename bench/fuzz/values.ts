/** Values that are likely, and values at the ends of what there is. */
import type { Rng } from "../../common/rng.js";

/** One of some. */
export function pick<T>(rng: Rng, from: readonly T[]): T {
  return from[rng.integer(from.length)];
}

/** Names that the server of a fuzzing knows. */
export const ENTRANTS = ["fuzz-a", "fuzz-b", "fuzz-c", "fuzz-d"] as const;

/** Tasks, with options that make them short. */
export const TASKS: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["bernoulli-bandit", { arms: 3, horizon: 20 }],
  ["gaussian-bandit", { arms: 2, horizon: 5 }],
  ["linear-bandit", { dim: 3, actions: 4, horizon: 20 }],
  ["linear-bandit", { dim: 3, actions: 4, horizon: 10, arm_set: "fresh" }],
  ["river-swim", { states: 3, horizon: 4, episodes: 3 }],
  ["random-mdp", { states: 4, actions: 3, horizon: 5, episodes: 2 }],
  ["chain", {}],
  ["dark-room", { size: 4, horizon: 8, episodes: 2 }],
  ["deep-sea", { size: 4, episodes: 2 }],
];

const WORDS: Readonly<Record<string, readonly string[]>> = {
  entrant: [...ENTRANTS, "fuzz-z"],
  name: [...ENTRANTS, ...TASKS.map(([name]) => name), "fuzz"],
  task: TASKS.map(([name]) => name),
  tasks: ["a", "b", "bernoulli-bandit"],
  agent: ["fuzz", "uniform", "oracle-noise", "lin-ucb"],
  purpose: ["play", "collect", "validate", "tournament"],
  key: ["horizon", "arms", "states", "episodes", "dim", "actions", "__proto__", "constructor", "fuzz-a"],
  language: ["fuzz"],
};

const TEXTS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from("a"),
  Buffer.from(" "),
  Buffer.from("\0"),
  Buffer.from("\u202eabc\u200b"),
  Buffer.from("\u{1f600}".repeat(60)),
  Buffer.from([0xed, 0xa0, 0x80]), // half of a pair
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xc0, 0x80]),
  Buffer.from("x".repeat(101)),
  Buffer.from("x".repeat(5000)),
  Buffer.from("../../etc/passwd"),
  Buffer.from("'; drop table trajectories; --"),
  Buffer.from("%s%n{{7*7}}"),
  Buffer.from('[0,"[]"]').subarray(0),
  Buffer.from(Buffer.from('[0,"[]"]').toString("base64url")),
  Buffer.from("__proto__"),
  Buffer.from("18446744073709551616"),
  Buffer.from("NaN"),
];

/** A text, as bytes: some of them are none. */
export function drawText(rng: Rng, field: string): Buffer {
  const words = WORDS[field];
  if (words !== undefined && rng.integer(3) > 0) return Buffer.from(pick(rng, words));
  return pick(rng, TEXTS);
}

const NUMBERS: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 4n, 7n, 100n, 255n, 256n, 1000n, 4095n, 4096n, 4097n, 65_535n, 65_536n],
  ...[(1n << 31n) - 1n, 1n << 31n, (1n << 32n) - 1n, 1n << 32n, (1n << 53n) - 1n, 1n << 53n, (1n << 53n) + 1n],
  ...[(1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n],
];

const SMALL = new Set(["num_envs", "trials", "step_index", "envs", "page_size", "mode", "min_protocol_version"]);

/** A whole number of up to 64 bits. */
export function drawVarint(rng: Rng, field: string): bigint {
  if (SMALL.has(field) && rng.integer(3) > 0) return BigInt(rng.integer(5));
  return pick(rng, NUMBERS);
}

/** Noise. */
export function drawBytes(rng: Rng): Buffer {
  const length = pick(rng, [0, 1, 2, 3, 4, 8, 16, 33, 200]);
  return Buffer.from(Array.from({ length }, () => rng.integer(256)));
}
