/** What can be said by hand, and what holds at the edges: one trial, one entrant, ties, forfeits, tasks that not all play. */
import { expect, test } from "vitest";
import { runAtOnce, runInSlices } from "#icrl/common/slices.js";
import {
  type StatisticsOptions,
  type TaskTrials,
  type TournamentStatistics,
  tournamentStatistics,
} from "#icrl/statistics/tournament-statistics.js";

const task = (id: string, uniformRegret: number, regrets: Record<string, readonly number[]>): TaskTrials => ({
  id,
  uniformRegret,
  entrants: Object.entries(regrets).map(([name, values]) => ({ name, regrets: Float64Array.from(values) })),
});

const compute = (tasks: readonly TaskTrials[], options: Partial<StatisticsOptions> = {}): TournamentStatistics =>
  runAtOnce(tournamentStatistics(tasks, { resamples: 200, seed: 1n, ...options }));

const exactly = (value: number) => ({ value, ci95: [value, value] });

test("one task by hand", () => {
  // By hand: a has regrets 1, 2, 3, 6 and b 2, 2, 4, 4 where uniform play has 8. Of a, mean 3, median 2.5, middle half 2 and 3.
  const { tasks, overall } = compute([task("t", 8, { a: [1, 2, 3, 6], b: [2, 2, 4, 4] })]);
  const [a, b] = tasks[0].agents;
  expect([a.regret.mean.value, a.regret.median.value, a.regret.iqm.value]).toEqual([3, 2.5, 2.5]);
  expect([a.score.mean.value, a.score.optimality_gap.value, b.score.median.value]).toEqual([0.625, 0.375, 0.625]);
  // Of the 16 pairs of runs, 1 beats four, 2 beats two and ties with two, 3 beats two, 6 none: 4 + 3 + 2 = 9 of 16.
  expect(tasks[0].pairs).toMatchObject([
    { a: "a", b: "b", probability_of_improvement: 9 / 16, regret_difference: { value: 0 } },
  ]);
  expect(overall.pairs[0].probability_of_improvement.value).toBe(9 / 16);
  // Scores of a: 0.875, 0.75, 0.625, 0.25. A score is above tau, not at it.
  expect([0, 24, 25, 62, 63, 75, 87, 88, 100].map((k) => overall.agents[0].profile.fraction[k])).toEqual([
    1, 1, 0.75, 0.75, 0.5, 0.25, 0.25, 0, 0,
  ]);
});

test("the interval of a mean of two values has all three means that a resample can have", () => {
  // By hand: two draws from {0, 1}: 0, 0.5 and 1 with probability 1/4, 1/2, 1/4, so the 2.5 % and 97.5 % points are 0 and 1.
  const { tasks } = compute([task("t", 2, { a: [0, 1] })]);
  expect(tasks[0].agents[0].regret.mean).toEqual({ value: 0.5, ci95: [0, 1] });
  expect(tasks[0].agents[0].score.mean).toEqual({ value: 0.75, ci95: [0.5, 1] });
});

test("a constant difference is certain where trials are paired, and not where they are apart", () => {
  const values = [1, 5, 2, 8, 3, 9, 4, 7];
  const tasks = [task("t", 10, { a: values, b: values.map((value) => value + 0.5) })];
  const paired = compute(tasks).tasks[0].pairs[0].regret_difference;
  expect(paired).toEqual(exactly(-0.5));
  const apart = compute(tasks, { paired: false }).tasks[0].pairs[0].regret_difference;
  expect(apart.value).toBe(-0.5);
  const [low, high] = apart.ci95 as readonly [number, number];
  expect(high - low).toBeGreaterThan(2);
});

test("entrants with equal trials tie exactly, in value and in every resample", () => {
  const values = Array.from({ length: 23 }, (_, i) => Math.abs(Math.sin(i)) + 0.1);
  const { tasks, overall } = compute([
    task("t", 1.7, { a: values, b: values, c: values.map((value) => value ** 2) }),
    task("u", 0.3, { a: values.slice(3), b: values.slice(3), c: values.slice(3) }),
  ]);
  const [a, b] = overall.agents;
  expect({ ...b, name: "a" }).toEqual(a);
  const [pair] = overall.pairs;
  expect(pair).toEqual({ a: "a", b: "b", probability_of_improvement: exactly(0.5), score_difference: exactly(0) });
  expect(tasks[0].pairs[0]).toMatchObject({ probability_of_improvement: 0.5, regret_difference: exactly(0) });
  expect(overall.agents.map(({ rank }) => rank)).toEqual([2, 2, 1]);
  expect(tasks.map(({ agents }) => agents.map(({ rank }) => rank))).toEqual([
    [2, 2, 1],
    [1, 1, 1],
  ]);
});

test("intervals do not depend on names, nor on the order of the entrants", () => {
  const values = Array.from({ length: 40 }, (_, i) => Math.abs(Math.sin(i)));
  const others = values.map((value) => value ** 2);
  const of = (regrets: Record<string, readonly number[]>) => compute([task("t", 1, regrets)]);
  const [x, y] = of({ x: values, y: others }).overall.agents;
  const [second, first] = of({ "another name": others, "and another": values }).overall.agents;
  expect({ ...first, name: "x" }).toEqual(x);
  expect({ ...second, name: "y" }).toEqual(y);
});

test("one trial: everything is that trial's, and no interval says how far off it is", () => {
  const exactly = (value: number) => ({ value, ci95: null });
  const { tasks, overall } = compute([task("t", 4, { a: [1], b: [3] })]);
  const [a] = overall.agents;
  const location = { mean: exactly(0.75), median: exactly(0.75), iqm: exactly(0.75), optimality_gap: exactly(0.25) };
  expect(a.score).toEqual(location);
  expect(tasks[0].agents[0].score).toEqual(location);
  expect(overall.pairs[0]).toMatchObject({ probability_of_improvement: exactly(1), score_difference: exactly(0.5) });
  expect(tasks[0].pairs[0].regret_difference).toEqual(exactly(-2));
  expect(a.rating?.ci95).toBeNull();
  expect(a.profile).toMatchObject({ low: null, high: null });
  // A task of one trial leaves the mean over tasks as unknown, however many the other has.
  const more = compute([task("t", 4, { a: [1], b: [3] }), task("u", 4, { a: [1, 2, 3], b: [3, 3, 3] })]);
  expect(more.overall.agents[0].score.mean.ci95).toBeNull();
  expect(more.overall.agents[0].profile.low).toBeNull();
  expect(more.overall.pairs[0].probability_of_improvement.ci95).toBeNull();
  expect(more.tasks[1].agents[0].score.mean.ci95).not.toBeNull();
});

test("trials that all went one way leave open what so few of them can: Wilson's interval", () => {
  const six = { a: [1, 1, 1, 1, 1, 1], b: [2, 3, 2, 3, 2, 3] };
  const { overall } = compute([task("t", 4, six)]);
  // 6 of 6 is [0.61, 1], 0 of 6 [0, 0.39]: by hand, 6 / (6 + 1.96 squared).
  const [low, high] = overall.pairs[0].probability_of_improvement.ci95 as readonly [number, number];
  expect([low, high]).toEqual([expect.closeTo(0.6097, 4), 1]);
  const [a] = overall.agents; // all its scores are 0.75
  expect([a.profile.low?.[74], a.profile.high?.[74]]).toEqual([expect.closeTo(0.6097, 4), 1]);
  expect([a.profile.low?.[75], a.profile.high?.[75]]).toEqual([0, expect.closeTo(0.3903, 4)]);
  // On two tasks, won on the one and lost on the other: by hand 0.5 -+ 0.3903 / 2 on the side where each is open.
  const both = compute([task("t", 4, six), task("u", 4, { a: six.b, b: six.a })]).overall.pairs[0];
  const [from, to] = both.probability_of_improvement.ci95 as readonly [number, number];
  expect([from, to]).toEqual([expect.closeTo(0.5 - 0.3903 / 2, 4), expect.closeTo(0.5 + 0.3903 / 2, 4)]);
});

test("one entrant is compared with nobody and has no rating", () => {
  const { overall, compared } = compute([task("t", 4, { a: [1, 2] })]);
  expect(compared).toEqual(["a"]);
  expect(overall.pairs).toEqual([]);
  expect(overall.agents[0]).toMatchObject({ name: "a", tasks: 1, rating: null });
});

test("no tasks, no statistics", () => {
  expect(compute([])).toMatchObject({ compared: [], tasks: [], overall: { agents: [], pairs: [] } });
});

test("forfeited trials, equal to uniform play's regret, score 0", () => {
  const { overall } = compute([task("t", 2.3, { a: [2.3, 2.3, 2.3] })]);
  const { mean, median, iqm, optimality_gap } = overall.agents[0].score;
  expect([mean, median, iqm, optimality_gap]).toEqual([exactly(0), exactly(0), exactly(0), exactly(1)]);
  expect(overall.agents[0].profile.fraction[0]).toBe(0);
});

test("no regret at all is the score 1, and equal", () => {
  const { overall } = compute([task("t", 3, { a: [0, 0, 0], b: [0, 0, 0] })]);
  expect(overall.agents[0].score.iqm).toEqual(exactly(1));
  expect(overall.agents[0].rating).toEqual({ value: 0, ci95: null }); // nothing was won or lost: how sure it is cannot be told
});

test("where uniform play has no regret everybody scores 1", () => {
  const { overall, tasks } = compute([task("t", 0, { a: [0, 0], b: [0, 0] })]);
  expect(overall.agents.map(({ score }) => score.mean)).toEqual([exactly(1), exactly(1)]);
  expect(tasks[0].agents[0].score.optimality_gap).toEqual(exactly(0));
});

test("entrants that play some of the tasks are compared on those that both play, in one order", () => {
  const { overall, tasks } = compute([
    task("t", 4, { a: [1, 2, 1], c: [2, 2, 3] }),
    task("u", 2, { a: [1, 1, 1, 0], b: [0, 1, 0, 0], c: [1, 1, 2, 2] }),
  ]);
  expect(overall.agents.map(({ name, tasks, trials, rank }) => [name, tasks, trials, rank])).toEqual([
    ["a", 2, 7, 1],
    ["b", 1, 4, null],
    ["c", 2, 7, 2],
  ]);
  expect(overall.groups).toEqual([
    { tasks: ["t", "u"], agents: ["a", "c"] },
    { tasks: ["u"], agents: ["b"] },
  ]);
  expect(tasks[0].agents.map(({ name }) => name)).toEqual(["a", "c"]);
  const pairs = new Map(overall.pairs.map((pair) => [pair.a + pair.b, pair]));
  expect([...pairs.keys()].sort()).toEqual(["ab", "ac", "bc"]);
  // By hand: on t, a beats c in 8 of 9 pairs of runs and ties in 2 of the 9: 7 wins and 2 ties; on u 3 x (2 ties, 2 wins) + 4 wins.
  expect(pairs.get("ac")?.probability_of_improvement.value).toBeCloseTo((8 / 9 + 13 / 16) / 2, 14);
  expect(pairs.get("ab")?.score_difference.value).toBeCloseTo(1 - 0.75 / 2 - (1 - 0.25 / 2), 14);
});

test("tasks weigh the same, whatever their number of trials", () => {
  // By hand: scores 0.5 in one trial of the one task, and 1 in each of 3 trials of the other.
  const { overall } = compute([task("t", 2, { a: [1] }), task("u", 2, { a: [0, 0, 0] })]);
  const { score, profile } = overall.agents[0];
  expect([score.mean.value, score.median.value, score.optimality_gap.value]).toEqual([0.75, 0.75, 0.25]);
  expect([profile.fraction[49], profile.fraction[50], profile.fraction[100]]).toEqual([1, 0.5, 0]);
});

test("regret below 0, of rounding, is a score above 1, whose excess does not fill the optimality gap", () => {
  const { overall, tasks } = compute([task("t", 1, { a: [-0.5, 0.5] })]);
  expect(overall.agents[0].score).toMatchObject({ mean: { value: 1 }, optimality_gap: { value: 0.25 } });
  expect(tasks[0].agents[0].score.optimality_gap.value).toBe(0.25);
});

test("only so many of the best are compared, the best first", () => {
  const tasks = [task("t", 4, { a: [3, 3], b: [1, 1], c: [2, 2], d: [4, 4] })];
  const { compared, overall } = compute(tasks, { mostCompared: 2 });
  expect(compared).toEqual(["b", "c"]);
  expect(overall.pairs.map(({ a, b }) => [a, b])).toEqual([["b", "c"]]);
  expect(overall.agents).toHaveLength(4);
  expect(overall.agents.every(({ rating }) => rating !== null)).toBe(true);
});

test("exploration leaves forfeited trials out, and is absent where all were forfeited", () => {
  const { NaN: none } = Number;
  const [given] = [task("t", 4, { a: [1, 4, 2], b: [4, 4, 4] })];
  const [a, b] = given.entrants;
  const { tasks } = compute([
    {
      ...given,
      entrants: [
        { ...a, suffixFailures: Float64Array.of(1, none, 0), minFractions: Float64Array.of(0.25, none, 0.75) },
        { ...b, suffixFailures: new Float64Array(3).fill(none), minFractions: new Float64Array(3).fill(none) },
      ],
    },
  ]);
  expect(tasks[0].agents[0].exploration).toEqual({
    // Wilson's of 1 of 2 that were played: by hand 0.5 -+ 1.96 sqrt(0.5 * 0.5 / 2 + 3.8415 / 16) / (1 + 3.8415 / 2).
    suffix_failure: { value: 0.5, ci95: [expect.closeTo(0.0945, 4), expect.closeTo(0.9055, 4)] },
    min_fraction: { value: 0.5, ci95: [0.25, 0.75] },
  });
  expect(tasks[0].agents[1]).not.toHaveProperty("exploration");
});

test("an entrant that wins everything has a finite rating with an interval", () => {
  const { overall } = compute([task("t", 4, { a: [1, 1, 1, 1], b: [2, 2, 2, 3], c: [3, 3, 3, 2] })]);
  const ratings = overall.agents.map(({ rating }) => rating as NonNullable<typeof rating>);
  for (const { value, ci95: interval } of ratings) {
    const ci95 = interval as readonly [number, number];
    expect([value, ...ci95].every(Number.isFinite)).toBe(true);
    expect(ci95[0]).toBeLessThanOrEqual(value);
    expect(ci95[1]).toBeGreaterThanOrEqual(value);
  }
  expect(ratings[0].value).toBeGreaterThan(ratings[1].value);
  expect(ratings.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(0, 8);
});

test("forfeits are counted by task and over all tasks", () => {
  const [t, u] = [task("t", 4, { a: [1, 4, 4] }), task("u", 4, { a: [4, 4, 4] })];
  const { tasks, overall } = compute([
    { ...t, entrants: [{ ...t.entrants[0], forfeits: 2 }] },
    { ...u, entrants: [{ ...u.entrants[0], forfeits: 3 }] },
  ]);
  expect(tasks.map(({ agents }) => agents[0].forfeits)).toEqual([2, 3]);
  expect(overall.agents[0]).toMatchObject({ forfeits: 5, trials: 6 });
});

test("entrants that play different tasks are neither ranked nor rated together: each set of tasks by itself", () => {
  const { overall } = compute([
    task("t", 4, { a: [1, 2], b: [2, 3] }),
    task("u", 4, { c: [1, 2], d: [2, 3], e: [2, 1] }),
    task("v", 4, { f: [1, 2] }),
  ]);
  expect(overall.agents.map(({ name, rank, rating }) => [name, rank, rating !== null])).toEqual([
    ["a", 1, true],
    ["b", 2, true],
    ["c", 1, true],
    ["d", 3, true],
    ["e", 1, true],
    ["f", null, false],
  ]);
  expect(overall.groups.map(({ agents }) => agents)).toEqual([["c", "e", "d"], ["a", "b"], ["f"]]);
  const sum = (names: string) =>
    overall.agents.reduce((total, { name, rating }) => total + (names.includes(name) ? (rating?.value ?? 0) : 0), 0);
  expect([sum("ab"), sum("cde")]).toEqual([expect.closeTo(0, 5), expect.closeTo(0, 5)]);
});

test("a rating counts the trials against those that play the same tasks, and no others", () => {
  const alone = compute([task("t", 4, { a: [1, 2, 3], b: [2, 1, 4] }), task("u", 4, { a: [1, 2, 3], b: [2, 1, 4] })]);
  const among = compute([
    task("t", 4, { a: [1, 2, 3], b: [2, 1, 4], c: [0, 0, 0] }),
    task("u", 4, { a: [1, 2, 3], b: [2, 1, 4] }),
  ]);
  const ratings = ({ overall }: TournamentStatistics) => overall.agents.slice(0, 2).map(({ rating }) => rating);
  expect(ratings(among)).toEqual(ratings(alone));
});

test("who is compared is the best of each set of tasks in turn", () => {
  const tasks = [
    task("t", 4, { a: [1, 1], b: [1.5, 1.5], c: [2, 2] }),
    task("u", 4, { d: [3.8, 3.8], e: [3.9, 3.9] }), // all worse, if that could be said
  ];
  expect(compute(tasks, { mostCompared: 3 }).compared).toEqual(["a", "d", "b"]);
});

test("it is a function of the trials and the seed, at once or in slices", async () => {
  const values = (k: number) => Array.from({ length: 300 }, (_, i) => Math.abs(Math.sin(i * k)) + 0.01 * k);
  const tasks = [1, 2].map((t) => task(`t${t}`, 1, { a: values(t), b: values(t + 2), c: values(t + 4) }));
  let pauses = 0;
  const sliced = await runInSlices(tournamentStatistics(tasks, { resamples: 200, seed: 1n }), async () => {
    pauses += 1;
  });
  expect(sliced).toEqual(compute(tasks));
  expect(pauses).toBeGreaterThan(3);
  expect(compute(tasks, { seed: 2n }).overall).not.toEqual(sliced.overall);
  expect(JSON.parse(JSON.stringify(sliced))).toEqual(sliced); // no number is lost in JSON
});

test("a task's statistics do not depend on the other tasks, nor on who else plays", () => {
  const t = task("t", 3, { a: [1, 2, 4, 1, 3], b: [2, 1, 1, 1, 3], c: [5, 1, 2, 2, 2] });
  const alone = compute([{ ...t, entrants: t.entrants.slice(0, 1) }]);
  const together = compute([task("u", 3, { a: [2, 4, 4], b: [1, 2, 3] }), t]);
  expect(together.tasks[1].agents[0]).toEqual({ ...alone.tasks[0].agents[0], rank: 2 });
});

test.each([true, false])(
  "trials of one instance that are all alike count once, in every figure but the ratings (paired: %s)",
  (paired) => {
    const once = { a: [3, 1, 4, 1, 5, 9, 2, 6], b: [2, 7, 1, 8, 2, 8, 1, 8], c: [1, 6, 1, 8, 0, 3, 3, 9] };
    const explored = (of: TaskTrials): TaskTrials => ({
      ...of,
      entrants: of.entrants.map((entrant, e) => ({
        ...entrant,
        suffixFailures: entrant.regrets.map((_, t) => (e === 0 && t % 8 === 2 ? Number.NaN : Number(t % 8 < 3))),
        minFractions: entrant.regrets.map((_, t) => (e === 0 && t % 8 === 2 ? Number.NaN : (t % 8) / 8)),
      })),
    });
    const four = (values: readonly number[]) => [...values, ...values, ...values, ...values];
    const often = { a: four(once.a), b: four(once.b), c: four(once.c) };
    const other = task("other", 5, { a: [1, 2, 3, 4], b: [2, 3, 4, 5], c: [4, 1, 2, 2] });
    const plain = compute([explored(task("t", 10, once)), other], { paired });
    const shared = compute([{ ...explored(task("t", 10, often)), instances: 8 }, other], { paired });
    /** Without what tells how many trials there are, and ratings, to whose prior more trials are more. */
    const figures = ({ tasks, overall }: TournamentStatistics) => ({
      tasks: tasks.map(({ trials, instances, ...rest }) => rest),
      overall: { ...overall, agents: overall.agents.map(({ trials, rating, ...rest }) => rest) },
    });
    const rounded = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (_, of) => (typeof of === "number" ? Math.round(of * 1e9) / 1e9 : of)));
    expect(rounded(figures(shared))).toEqual(rounded(figures(plain)));
    expect(shared.tasks.map(({ trials, instances }) => [trials, instances])).toEqual([
      [32, 8],
      [4, undefined],
    ]);
    // Taken for 32 independent trials they would seem better known.
    const pretended = compute([explored(task("t", 10, often)), other], { paired });
    const width = ({ tasks }: TournamentStatistics, of: "mean" | "iqm") => {
      const [low, high] = tasks[0].agents[0].regret[of].ci95 as readonly [number, number];
      return high - low;
    };
    expect(width(pretended, "mean")).toBeLessThan(0.7 * width(shared, "mean"));
  },
);

test("one instance tells of no other: no figure of its trials has an interval", () => {
  const { tasks, overall } = compute([{ ...task("t", 10, { a: [1, 2, 3, 4], b: [2, 2, 5, 6] }), instances: 1 }]);
  expect(tasks[0].agents.map(({ regret, score }) => [regret.mean.ci95, regret.iqm.ci95, score.median.ci95])).toEqual([
    [null, null, null],
    [null, null, null],
  ]);
  expect(tasks[0].pairs[0].regret_difference.ci95).toBeNull();
  expect(overall.pairs[0].probability_of_improvement.ci95).toBeNull();
  expect(overall.agents.map(({ rating, profile }) => [rating?.ci95, profile.low])).toEqual([
    [null, null],
    [null, null],
  ]);
});
