/** Frozen lake, cliff walking and taxi have the tables of Gymnasium's own: every chance, reward, end and start. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { pythonWith } from "../requirements.js";
import { firstValue, mdpTruth } from "../server/tasks/mdp-values.js";

type Way = readonly [chance: number, next: number, reward: number, ends: boolean];
type Tables = Readonly<
  Record<string, { readonly P: readonly (readonly (readonly Way[])[])[]; readonly start: readonly number[] }>
>;

const python = pythonWith(["gymnasium", "numpy"]);

const theirs: Tables =
  python === undefined
    ? {}
    : JSON.parse(
        execFileSync(python, [join(import.meta.dirname, "gymnasium_tables.py")], {
          encoding: "utf8",
          maxBuffer: 1 << 26,
          stdio: ["ignore", "pipe", "ignore"],
        }),
      );

const slippery = [true, false];
const SETTINGS: readonly (readonly [key: string, task: string, options: Record<string, unknown>])[] = [
  ...["4x4", "8x8"].flatMap((map) =>
    slippery.map((is) => [`frozen-lake ${map}${is ? " slippery" : ""}`, "frozen-lake", { map, slippery: is }] as const),
  ),
  ...slippery.map((is) => [`cliff-walking${is ? " slippery" : ""}`, "cliff-walking", { slippery: is }] as const),
  ["taxi", "taxi", {}],
];

test.skipIf(python === undefined).each(SETTINGS)("%s", (key, name, options) => {
  const { P, start } = theirs[key];
  const truth = mdpTruth(buildTask(name, options), 0n);
  const { numStates, successors, probabilities, rewards, paid, terminal } = truth;
  expect(P.length).toBe(numStates);
  expect([...truth.start]).toEqual(start);
  const branches = successors.length / rewards.length;
  const numActions = rewards.length / numStates;
  let compared = 0;
  for (let s = 0; s < numStates; s++) {
    for (let a = 0; a < numActions; a++) {
      const pair = s * numActions + a;
      const ours = Array.from({ length: branches }, (_, b): Way => {
        const i = pair * branches + b;
        // An episode that is over does not end once more: of terminal states Gymnasium's rows say what nobody sees.
        return [probabilities[i], successors[i], paid?.[i] ?? rewards[pair], terminal?.[successors[i]] === 1];
      });
      const isOver = terminal?.[s] === 1;
      const given =
        isOver && P[s][a].length === 1 && branches > 1
          ? P[s][a].flatMap(([, ...rest]) => ours.map(([p]) => [p, ...rest]))
          : P[s][a];
      const withoutEnds = (ways: readonly (readonly unknown[])[]) => ways.map((way) => way.slice(0, isOver ? 3 : 4));
      expect(withoutEnds(ours), `state ${s}, action ${a}`).toEqual(withoutEnds(given));
      compared += ours.length;
    }
  }
  expect(compared).toBe(successors.length);
});

test.skipIf(python === undefined).each(SETTINGS)(
  "%s: the oracle's value is that of Gymnasium's tables",
  (key, name, options) => {
    const { P, start } = theirs[key];
    const task = buildTask(name, options);
    let values = P.map(() => 0);
    for (let toGo = 1; toGo <= task.horizon; toGo++) {
      const before = values;
      values = P.map((actions) =>
        Math.max(
          ...actions.map((ways) => ways.reduce((q, [p, next, r, ends]) => q + p * (r + (ends ? 0 : before[next])), 0)),
        ),
      );
    }
    // Where the start is drawn, the value is that of the start that this trial has.
    const env = task.instantiate(0n, 0n);
    env.reset(0);
    expect(start[env.state]).toBeGreaterThan(0);
    expect(firstValue(task, 0n)).toBeCloseTo(values[env.state], 9);
  },
);
