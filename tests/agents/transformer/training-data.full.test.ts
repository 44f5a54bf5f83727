import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Objective } from "#icrl/agents/transformer/objective.js";
import { objectiveNamed } from "#icrl/agents/transformer/objectives.js";
import { tokenConfigOf } from "#icrl/agents/transformer/token-config.js";
import { type TokenConfig, tokenSize } from "#icrl/agents/transformer/token-layout.js";
import { type TrainingDataOptions, type TrialBatch, trainingBatches } from "#icrl/agents/transformer/training-data.js";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { finishDataset } from "#icrl/datasets/rewrite/finish-dataset.js";
import { headOf, playCollection, SPEC, writeLabel } from "../../support/dataset.js";
import { tempDir } from "../../support/temp-dir.js";

/** 20 trials of a bandit of 4 arms and 12 steps, 20 of an MDP of 2 actions and 4 episodes of 6 steps. */
const TRIALS = 40;
const STEPS = 24;
const temporary = tempDir();
const dir = join(temporary.path, "set");
let tokens: TokenConfig;
beforeAll(async () => {
  const id = await playCollection(dir, SPEC);
  const collecting = join(dir, "collecting");
  await writeLabel(collecting, "made-up");
  /** No action in every second step; none at all for the bandit. */
  await writeLabel(collecting, "partial", ({ task, actions }) => ({
    actions: Array.from(actions, (action, t) => (task === "linear-bandit" || t % 2 === 1 ? -1 : action)),
    probabilities: null,
  }));
  const manifest = await finishDataset(dir, headOf(SPEC, id), { subsample: undefined });
  tokens = tokenConfigOf(manifest.tasks, "step", { mean: 0, std: 1 });
});
afterAll(() => temporary.remove());

type Chosen = Partial<Omit<TrainingDataOptions, "objective">> & { readonly objective?: string };

/** So many batches. */
async function take(count: number, chosen: Chosen = {}): Promise<TrialBatch[]> {
  const batches: TrialBatch[] = [];
  const objective = objectiveNamed(chosen.objective ?? "ad") as Objective;
  const options = { dir, tokens, context: STEPS, batch: 6, seed: 3n, ...chosen, objective };
  for await (const batch of trainingBatches(options)) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}
/** Every trial once. */
const validation = (chosen: Chosen = {}) => take(Number.POSITIVE_INFINITY, { use: "validation", ...chosen });
let read: Promise<TrialBatch[]> | undefined;
/** The same, read once for all tests. */
const everyTrial = () => {
  read ??= validation();
  return read;
};

/** One sequence of a batch; its tokens tell which trial it is. */
interface Sequence {
  readonly id: string;
  readonly tokens: Float32Array;
  readonly targets: Float32Array;
  readonly weights: Float32Array;
  readonly numActions: number;
}
function sequencesOf(batches: readonly TrialBatch[]): Sequence[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.sequences }, (_, i) => {
      const part = (all: Float32Array) =>
        all.slice((i * all.length) / batch.sequences, ((i + 1) * all.length) / batch.sequences);
      const own = part(batch.tokens);
      const id = Buffer.from(own.buffer).toString("base64");
      const numActions = batch.numActions[i];
      return { id, tokens: own, targets: part(batch.targets), weights: part(batch.weights), numActions };
    }),
  );
}
const idsOf = (batches: readonly TrialBatch[]) => sequencesOf(batches).map(({ id }) => id);
/** Compared more quickly than element by element, and told in a line where they differ. */
const bytes = ({ tokens: t, targets, weights, ...rest }: TrialBatch) => ({
  ...rest,
  arrays: [t, targets, weights].map((array) => createHash("sha256").update(Buffer.from(array.buffer)).digest("hex")),
});

test("validation reads every trial once, tasks mixed, and the last batch may be smaller", async () => {
  const batches = await everyTrial();
  expect(batches.map(({ sequences }) => sequences)).toEqual([6, 6, 6, 6, 6, 6, 4]);
  expect(new Set(idsOf(batches)).size).toBe(TRIALS);
  const { sequences, length, tokens: all, targets, weights, numActions } = batches[0];
  expect([sequences, length]).toEqual([6, STEPS]);
  expect(all.length).toBe(6 * STEPS * tokenSize(tokens));
  expect(targets.length).toBe(6 * STEPS * 4);
  expect(weights.length).toBe(6 * STEPS);
  expect(new Set(numActions)).toEqual(new Set([2, 4]));
  expect(batches.map(bytes)).toEqual((await validation()).map(bytes));
});

test("weights are 1 at the steps of a trial and 0 behind its end; decisions are their sum", async () => {
  const batches = await everyTrial();
  for (const { weights, numActions } of sequencesOf(batches)) {
    const steps = numActions === 4 ? 12 : 24;
    expect([...weights]).toEqual(Array.from({ length: STEPS }, (_, t) => (t < steps ? 1 : 0)));
  }
  for (const { decisions, weights } of batches)
    expect(decisions).toBe(weights.reduce((sum, weight) => sum + weight, 0));
  // 20 x 12 + 20 x 24
  expect(batches.reduce((sum, { decisions }) => sum + decisions, 0)).toBe(720);
});

test("epochs of training are full batches of different trials, in another order each time", async () => {
  const batches = await take(18);
  expect(batches.every(({ sequences }) => sequences === 6)).toBe(true);
  const known = new Set(idsOf(await everyTrial()));
  const orders = [0, 6, 12].map((at) => idsOf(batches.slice(at, at + 6)));
  for (const order of orders) {
    expect(new Set(order).size).toBe(36);
    expect(order.every((id) => known.has(id))).toBe(true);
  }
  expect(new Set(orders.map((order) => order.join())).size).toBe(3);
  // four trials are left out of each epoch, not always the same ones
  expect(new Set(orders.flat()).size).toBe(TRIALS);
  expect(batches.map(({ position }) => position).slice(4, 8)).toEqual([
    { epoch: 0, batch: 5 },
    { epoch: 0, batch: 6 },
    { epoch: 1, batch: 1 },
    { epoch: 1, batch: 2 },
  ]);
});

test("reading goes on at any position as if it had never stopped, what is drawn for sequences included", async () => {
  const chosen: Chosen = { context: 7, crop: "random", tokenMask: 0.3, labelSmoothing: 0.1 };
  const all = await take(15, chosen);
  const expected = all.map(bytes);
  expect(new Set(expected.map(({ arrays }) => arrays[0])).size).toBe(15);
  for (const stop of [0, 4, 5, 6, 12]) {
    const position = JSON.parse(JSON.stringify(all[stop].position));
    const next = await take(2, { ...chosen, from: position });
    expect(next.map(bytes)).toEqual(expected.slice(stop + 1, stop + 3));
  }
});

test("another seed gives another order", async () => {
  expect(idsOf(await take(6, { seed: 4n }))).not.toEqual(idsOf(await take(6)));
});

/** Labels of the trials, by what identifies their sequences. */
async function labelled(name: string): Promise<{ id: string; actions: number[]; laws: (number[] | undefined)[] }[]> {
  const found: { id: string; actions: number[]; laws: (number[] | undefined)[] }[] = [];
  const order = { unit: "trial", batchUnits: 6, shuffle: 3n } as const;
  const ids = idsOf(await everyTrial());
  for await (const { units, columns, labels } of readDataset(dir, { columns: ["actions"], labels: [name], ...order })) {
    const { actions, probabilities } = labels[name];
    for (let i = 0; i + 1 < units.length; i += 1) {
      const trial = { id: ids[found.length], actions: [] as number[], laws: [] as (number[] | undefined)[] };
      for (let row = units[i]; row < units[i + 1]; row += 1) {
        const steps = columns.actions.offsets[row + 1] - columns.actions.offsets[row];
        trial.actions.push(...actions.values.subarray(actions.offsets[row], actions.offsets[row + 1]));
        const laws = [
          ...(probabilities?.values.subarray(probabilities.offsets[row], probabilities.offsets[row + 1]) ?? []),
        ];
        const size = laws.length / steps;
        for (let t = 0; t < steps; t += 1) {
          trial.laws.push(size === 0 ? undefined : laws.slice(t * size, (t + 1) * size));
        }
      }
      found.push(trial);
    }
  }
  return found;
}
const oneHot = (action: number) => Array.from({ length: 4 }, (_, a) => (a === action ? 1 : 0));
const targetsAt = ({ targets }: Sequence, t: number) => [...targets.slice(4 * t, 4 * t + 4)];

test.each([
  ["ad", "self"],
  ["dpt", "optimal"],
] as const)("objective %s imitates the label %s", async (objective, name) => {
  const labels = new Map((await labelled(name)).map((label) => [label.id, label]));
  const sequences = sequencesOf(await validation({ objective }));
  expect(labels.size).toBe(TRIALS);
  for (const sequence of sequences) {
    const actions = labels.get(sequence.id)?.actions ?? [];
    expect(actions.length).toBe(sequence.numActions === 4 ? 12 : 24);
    for (let t = 0; t < STEPS; t += 1) {
      expect(targetsAt(sequence, t)).toEqual(t < actions.length ? oneHot(actions[t]) : [0, 0, 0, 0]);
    }
  }
});

test("an expert's probabilities are the targets where it has them, its actions elsewhere or if so chosen", async () => {
  const labels = new Map((await labelled("made-up")).map((label) => [label.id, label]));
  let laws = 0;
  for (const soft of [true, false]) {
    for (const sequence of sequencesOf(await validation({ objective: "expert:made-up", softTargets: soft }))) {
      const label = labels.get(sequence.id);
      for (let t = 0; t < (label?.actions.length ?? 0); t += 1) {
        const law = label?.laws[t];
        if (law !== undefined) laws += 1;
        expect(targetsAt(sequence, t)).toEqual(soft && law !== undefined ? law : oneHot(label?.actions[t] ?? -1));
      }
    }
  }
  expect(laws).toBe(2 * 20 * 12); // the bandit's steps, twice
});

test("label smoothing gives a share to the task's own actions, in training alone", async () => {
  const chosen: Chosen = { objective: "expert:made-up", labelSmoothing: 0.2 };
  const plain = sequencesOf(await take(6, { objective: "expert:made-up" }));
  for (const [i, sequence] of sequencesOf(await take(6, chosen)).entries()) {
    expect(sequence.id).toBe(plain[i].id);
    for (const t of [0, 5, 11]) {
      // (1 - 0.2) p + 0.2 / n
      const n = sequence.numActions;
      const expected = targetsAt(plain[i], t).map((p, a) => (a < n ? 0.8 * p + 0.2 / n : 0));
      for (const [a, p] of targetsAt(sequence, t).entries()) expect(p).toBeCloseTo(expected[a], 6);
    }
  }
  expect((await validation(chosen)).map(bytes)).toEqual((await validation({ objective: "expert:made-up" })).map(bytes));
});

test("steps whose label is missing do not count; where a batch has none, the label is named", async () => {
  for (const sequence of sequencesOf(await validation({ objective: "expert:partial", task: "mdp" }))) {
    for (let t = 0; t < STEPS; t += 1) {
      const counts = (t % 6) % 2 === 0; // every second step of an episode of 6
      expect(sequence.weights[t]).toBe(counts ? 1 : 0);
      expect(targetsAt(sequence, t).reduce((sum, p) => sum + p, 0)).toBe(counts ? 1 : 0);
    }
  }
  await expect(validation({ objective: "expert:partial", task: "linear" })).rejects.toMatchObject({
    reason: "LABEL_UNKNOWN",
    message: expect.stringContaining('"partial"'),
  });
});

test("parts of a split by instance share no trial and together have all", async () => {
  const parts = { train: 0.7, validation: 0.3 };
  const [train, held] = await Promise.all(
    (["train", "validation"] as const).map(async (part) => {
      const split = { parts, seed: 1n, part };
      return new Set(idsOf(await validation({ split })));
    }),
  );
  expect(Math.min(train.size, held.size)).toBeGreaterThan(0);
  expect([...train].filter((id) => held.has(id))).toEqual([]);
  expect(train.size + held.size).toBe(TRIALS);
  const trained = await take(6, { split: { parts, seed: 1n, part: "train" } });
  expect(idsOf(trained).every((id) => train.has(id))).toBe(true);
});

test("of a trial longer than the context its beginning is taken, or a piece that begins anywhere; they are counted", async () => {
  const whole = sequencesOf(await take(6));
  const size = tokenSize(tokens);
  const starts = new Set<number>();
  for (const crop of ["prefix", "random"] as const) {
    const batches = await take(6, { context: 5, crop });
    // every trial is longer than 5 steps
    expect(batches.map(({ cropped }) => cropped)).toEqual([6, 6, 6, 6, 6, 6]);
    for (const [i, { tokens: own, targets, weights }] of sequencesOf(batches).entries()) {
      const steps = whole[i].numActions === 4 ? 12 : 24;
      const fits = (first: number) =>
        Buffer.from(own.buffer).equals(Buffer.from(whole[i].tokens.slice(first * size, (first + 5) * size).buffer));
      const first = Array.from({ length: steps - 4 }, (_, at) => at).find(fits) ?? -1;
      expect(first).toBeGreaterThanOrEqual(0);
      if (crop === "prefix") expect(first).toBe(0);
      else starts.add(first);
      expect(targets).toEqual(whole[i].targets.slice(4 * first, 4 * (first + 5)));
      expect([...weights]).toEqual([1, 1, 1, 1, 1]);
    }
  }
  expect(starts.size).toBeGreaterThan(8);
  expect(Math.max(...starts)).toBeGreaterThan(12);
  expect((await take(1))[0].cropped).toBe(0);
});

test("a share of the outcomes is hidden, situations and targets are as they were, and validation hides none", async () => {
  const size = tokenSize(tokens);
  const there = size - 3; // says that there is an outcome
  const outcomeAt = size - 4 - tokens.maxActions;
  const plain = sequencesOf(await take(12));
  let hidden = 0;
  let outcomes = 0;
  for (const [i, sequence] of sequencesOf(await take(12, { tokenMask: 0.25 })).entries()) {
    expect(sequence.targets).toEqual(plain[i].targets);
    for (let t = 0; t < STEPS; t += 1) {
      const token = sequence.tokens.slice(t * size, (t + 1) * size);
      const full = plain[i].tokens.slice(t * size, (t + 1) * size);
      if (full[there] === 1) outcomes += 1;
      if (full[there] === 1 && token[there] === 0) {
        hidden += 1;
        full.fill(0, outcomeAt);
      }
      expect(Buffer.from(token.buffer).equals(Buffer.from(full.buffer))).toBe(true);
    }
  }
  // about 1,200 outcomes: 4 standard deviations are 0.05
  expect(Math.abs(hidden / outcomes - 0.25)).toBeLessThan(0.05);
  expect((await validation({ tokenMask: 0.25 })).map(bytes)).toEqual((await everyTrial()).map(bytes));
});

test("layout lin2023 has two tokens a decision", async () => {
  const lin: Chosen = { tokens: { ...tokens, layout: "lin2023" }, context: 2 * STEPS };
  const [first] = await validation(lin);
  expect(first.tokens.length).toBe(6 * 2 * STEPS * tokenSize(tokens));
  expect(first.weights.length).toBe(6 * STEPS);
  expect(first.targets).toEqual((await everyTrial())[0].targets);
});

test("layout chosen-arm comes with the arms of every decision, and takes tasks with arms alone", async () => {
  const bandit = readDatasetManifest(dir).tasks.filter(({ id }) => id === "linear");
  const config = tokenConfigOf(bandit, "chosen-arm", { mean: 0, std: 1 });
  const chosen: Chosen = { tokens: config, context: 14, task: "linear" };
  const [{ arms, tokens: own, targets, sequences }] = await validation(chosen);
  const { maxActions: actions, dim } = config;
  const size = tokenSize(config);
  if (arms === undefined) throw new RangeError("there are no arms");
  expect(arms.length).toBe(sequences * 14 * actions * dim);
  for (let i = 0; i < sequences; i += 1) {
    for (let t = 0; t < 12; t += 1) {
      const at = (i * 14 + t) * actions;
      expect(arms.slice(at * dim, (at + actions) * dim)).toEqual(
        arms.slice(i * 14 * actions * dim, (i * 14 * actions + actions) * dim),
      );
      if (t === 11) continue;
      // The arm that was taken is that of the target, and the next token shows it.
      const taken = targets.subarray(at, at + actions).indexOf(1);
      const next = (i * 14 + t + 1) * size;
      expect(own.slice(next + 2, next + 2 + dim)).toEqual(arms.slice((at + taken) * dim, (at + taken + 1) * dim));
    }
    expect(arms.slice((i * 14 + 12) * actions * dim, (i + 1) * 14 * actions * dim).every((x) => x === 0)).toBe(true);
  }
  await expect(take(1, { ...chosen, tokens: { ...config, maxActions: 3 } })).rejects.toThrow(
    "4 actions in batches of 3",
  );
  const all = readDatasetManifest(dir).tasks;
  expect(() => tokenConfigOf(all, "chosen-arm", { mean: 0, std: 1 })).toThrow("have no features");
});

test("batches share no memory", async () => {
  const batches = await take(3);
  expect(
    new Set(batches.flatMap((batch) => [batch.tokens.buffer, batch.targets.buffer, batch.weights.buffer])).size,
  ).toBe(9);
});

test("what cannot be trained on is refused with the way out", async () => {
  const refused = (chosen: Chosen, reason: string, text: string) =>
    expect(take(1, chosen)).rejects.toMatchObject({ reason, message: expect.stringContaining(text) });
  await refused(
    { objective: "expert:lin-ucb" },
    "LABEL_UNKNOWN",
    `"lin-ucb", it has self, optimal, made-up, partial: \`icrl dataset label ${dir} --expert lin-ucb\` adds it`,
  );
  await refused({ batch: 41 }, "OPTION_INVALID", "41 sequences is more than the 40 trials");
  await refused({ task: "nothing" }, "SELECTION_EMPTY", "nothing");
  await refused({ tokens: { ...tokens, maxActions: 3 } }, "TASK_UNSUPPORTED", "4 actions");
  expect((await take(1, { tokens: { ...tokens, maxActions: 3, dim: 0 }, task: "mdp" }))[0].sequences).toBe(6);
});
