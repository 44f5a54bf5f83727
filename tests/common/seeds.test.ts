import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { hash64, labelSeed, PURPOSES, trialSeeds } from "#icrl/common/seeds.js";

const series = { purpose: "play", seed: 7n, taskId: "linear-bandit", entrant: "lin-ucb" } as const;

test("each seed is the first 8 bytes of the SHA-256 of the documented JSON text", () => {
  const documented = (text: string) => BigInt(`0x${createHash("sha256").update(text).digest("hex").slice(0, 16)}`);
  expect({ ...trialSeeds(series, 3n), label: labelSeed("ucb", "0af") }).toEqual({
    taskSeed: documented('["icrl.v1","task","play","7","linear-bandit","3"]'),
    noiseSeed: documented('["icrl.v1","noise","play","7","linear-bandit","3"]'),
    agentSeed: documented('["icrl.v1","agent","play","7","linear-bandit","3","lin-ucb"]'),
    label: documented('["icrl.v1","label","ucb","0af"]'),
  });
});

test("a key is one more element of each array, and an empty one is none", () => {
  const keyed = trialSeeds({ ...series, key: "00ff" }, 3n);
  for (const [seed, text] of [
    [keyed.taskSeed, '["icrl.v1","task","play","7","linear-bandit","3","00ff"]'],
    [keyed.noiseSeed, '["icrl.v1","noise","play","7","linear-bandit","3","00ff"]'],
    [keyed.agentSeed, '["icrl.v1","agent","play","7","linear-bandit","3","lin-ucb","00ff"]'],
  ] as const) {
    expect(seed).toBe(BigInt(`0x${createHash("sha256").update(text).digest("hex").slice(0, 16)}`));
  }
  expect(trialSeeds({ ...series, key: "" }, 3n)).toEqual(trialSeeds(series, 3n));
});

test("of so many instances trials take one after the other, each with noise of its own", () => {
  const drawn = Array.from({ length: 7 }, (_, i) => trialSeeds({ ...series, instances: 3 }, BigInt(i)));
  const alone = Array.from({ length: 7 }, (_, i) => trialSeeds(series, BigInt(i)));
  expect(drawn.map(({ taskSeed }) => taskSeed)).toEqual([0, 1, 2, 0, 1, 2, 0].map((i) => alone[i].taskSeed));
  for (const name of ["noiseSeed", "agentSeed"] as const)
    expect(drawn.map((seeds) => seeds[name])).toEqual(alone.map((seeds) => seeds[name]));
});

test('hash64 of ["abc"] is what sha256sum says', () => {
  // printf '["abc"]' | sha256sum, first 16 digits.
  expect(hash64(["abc"]).toString(16).padStart(16, "0")).toBe("02f393ea93585608");
});

test("task and noise seeds do not depend on who plays; the agent's seed does", () => {
  const one = trialSeeds(series, 0n);
  const other = trialSeeds({ ...series, entrant: "uniform" }, 0n);
  expect(other.taskSeed).toBe(one.taskSeed);
  expect(other.noiseSeed).toBe(one.noiseSeed);
  expect(other.agentSeed).not.toBe(one.agentSeed);
});

test("purposes, seeds, tasks and trials never share a seed", () => {
  const seen = new Set<bigint>();
  let made = 0;
  for (const purpose of PURPOSES) {
    for (const seed of [0n, 1n, 2n ** 64n - 1n]) {
      for (const taskId of ["a", "b"]) {
        for (let trial = 0n; trial < 20n; trial++) {
          const seeds = trialSeeds({ purpose, seed, taskId, entrant: "x" }, trial);
          for (const value of Object.values(seeds)) {
            expect(value).toBeGreaterThanOrEqual(0n);
            expect(value).toBeLessThan(2n ** 64n);
            seen.add(value);
            made += 1;
          }
        }
      }
    }
  }
  expect(seen.size).toBe(made);
});

test("parts cannot be confused by moving a character from one to the next", () => {
  expect(hash64(["ab", "c"])).not.toBe(hash64(["a", "bc"]));
  expect(hash64(['a","b'])).not.toBe(hash64(["a", "b"]));
});
