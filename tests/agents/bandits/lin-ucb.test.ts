import { describe, expect, it } from "vitest";
import { linUcb } from "#icrl/agents/bandits/lin-ucb.js";
import type { Arms, Trial } from "#icrl/clients/typescript/define-agent.js";
import { type Rng, rngFromSeed } from "#icrl/common/rng.js";
import { createPolicy } from "../../support/create-policy.js";

/** Gauss-Jordan inverse of [d, d]. */
function inverse(matrix: number[][]): number[][] {
  const d = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < d; k++) {
    const pivot = rows[k][k]; // positive: the matrix is positive definite
    rows[k] = rows[k].map((x) => x / pivot);
    for (let i = 0; i < d; i++) {
      if (i === k) continue;
      const factor = rows[i][k];
      rows[i] = rows[i].map((x, j) => x - factor * rows[k][j]);
    }
  }
  return rows.map((row) => row.slice(d));
}

const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** LinUCB as a textbook has it: V inverted anew at every step. */
function textbook(arms: number[][], history: { x: number[]; reward: number }[], alpha: number, ridge: number): number {
  const d = arms[0].length;
  const v = arms[0].map((_, i) => arms[0].map((_, j) => (i === j ? ridge : 0)));
  const b = new Array<number>(d).fill(0);
  for (const { x, reward } of history) {
    for (let i = 0; i < d; i++) {
      b[i] += reward * x[i];
      for (let j = 0; j < d; j++) v[i][j] += x[i] * x[j];
    }
  }
  const vInverse = inverse(v);
  const theta = vInverse.map((row) => dot(row, b));
  const values = arms.map(
    (x) =>
      dot(x, theta) +
      alpha *
        Math.sqrt(
          dot(
            x,
            vInverse.map((row) => dot(row, x)),
          ),
        ),
  );
  return values.indexOf(Math.max(...values));
}

const randomArms = (rows: number, cols: number, rng: Rng): Arms => ({
  data: Float32Array.from({ length: rows * cols }, () => 2 * rng.uniform() - 1),
  rows,
  cols,
});
const rowsOf = ({ data, rows, cols }: Arms) =>
  Array.from({ length: rows }, (_, a) => Array.from(data.subarray(a * cols, (a + 1) * cols)));

const trialOf = (numActions: number, dim: number, arms: Arms | undefined): Trial => ({
  task: "linear-bandit",
  taskOptions: {},
  kinds: ["linear"],
  numActions,
  numStates: 1,
  dim,
  arms,
  horizon: 200,
  episodes: 1,
  reward: { kind: "gaussian", min: undefined, max: undefined, noiseStd: 1.5 },
});

const GREEDY = { alpha: 0.8, ridge: 0.5, first_action: "greedy" };
const came = { nextState: 0, terminated: false, truncated: false, state: 0, episode: 0, step: 0 };

describe("lin-ucb", () => {
  for (const [numActions, dim] of [
    [10, 5],
    [3, 1],
    [7, 12],
    [40, 16],
  ]) {
    it(`plays as the textbook has it, action for action, with ${numActions} fixed arms of ${dim} features`, () => {
      const rng = rngFromSeed(21n);
      const arms = randomArms(numActions, dim, rng);
      const policy = createPolicy(linUcb, trialOf(numActions, dim, arms), GREEDY, 1n);
      const history: { x: number[]; reward: number }[] = [];
      for (let step = 0; step < 120; step++) {
        const action = policy.act({ ...came, arms });
        expect(action, `step ${step}`).toBe(textbook(rowsOf(arms), history, 0.8, 0.5));
        const reward = rng.normal();
        history.push({ x: rowsOf(arms)[action], reward });
        policy.observe?.({ ...came, arms, action, reward });
      }
    });
  }

  it("plays as the textbook has it with arms drawn afresh", () => {
    const rng = rngFromSeed(22n);
    const policy = createPolicy(linUcb, trialOf(6, 4, undefined), GREEDY, 1n);
    const history: { x: number[]; reward: number }[] = [];
    for (let step = 0; step < 120; step++) {
      const arms = randomArms(6, 4, rng);
      const action = policy.act({ ...came, arms });
      expect(action, `step ${step}`).toBe(textbook(rowsOf(arms), history, 0.8, 0.5));
      const reward = rng.normal();
      history.push({ x: rowsOf(arms)[action], reward });
      policy.observe?.({ ...came, arms, action, reward });
    }
  });

  it("chooses the same arms when they are permuted", () => {
    const rng = rngFromSeed(23n);
    const arms = randomArms(5, 3, rng);
    const order = [3, 0, 4, 1, 2]; // arm i of the permuted set is arm order[i]
    const data = Float32Array.from(order.flatMap((a) => rowsOf(arms)[a]));
    const permuted = { data, rows: 5, cols: 3 };
    const policy = createPolicy(linUcb, trialOf(5, 3, arms), GREEDY, 1n);
    const mirrored = createPolicy(linUcb, trialOf(5, 3, permuted), GREEDY, 1n);
    for (let step = 0; step < 200; step++) {
      const action = policy.act({ ...came, arms });
      const mirror = mirrored.act({ ...came, arms: permuted });
      expect(order[mirror], `step ${step}`).toBe(action);
      const reward = rng.normal();
      policy.observe?.({ ...came, arms, action, reward });
      mirrored.observe?.({ ...came, arms: permuted, action: mirror, reward });
    }
  });

  it("draws its first action with first_action uniform, and says so", () => {
    const arms = randomArms(4, 2, rngFromSeed(24n));
    const first = Array.from({ length: 100 }, (_, seed) => {
      const policy = createPolicy(linUcb, trialOf(4, 2, arms), {}, BigInt(seed));
      const action = policy.act({ ...came, arms });
      expect(policy.propensity).toBe(1 / 4);
      policy.observe?.({ ...came, arms, action, reward: 0 });
      policy.act({ ...came, arms });
      expect(policy.propensity).toBe(1);
      return action;
    });
    expect(new Set(first)).toEqual(new Set([0, 1, 2, 3]));
  });

  it("gives its choice's probability, with arms that stay and with arms drawn afresh", () => {
    const arms = randomArms(4, 2, rngFromSeed(25n));
    for (const fixed of [arms, undefined]) {
      const policy = createPolicy(linUcb, trialOf(4, 2, fixed), {}, 3n);
      const target = new Float64Array(4);
      policy.probabilities?.({ ...came, arms }, target);
      expect(Array.from(target)).toEqual([0.25, 0.25, 0.25, 0.25]);
      for (let step = 0; step < 10; step++) {
        const action = policy.act({ ...came, arms });
        policy.observe?.({ ...came, arms, action, reward: step % 3 });
        policy.probabilities?.({ ...came, arms }, target);
        const next = policy.act({ ...came, arms });
        expect(Array.from(target)).toEqual([0, 1, 2, 3].map((a) => (a === next ? 1 : 0)));
      }
    }
  });
});
