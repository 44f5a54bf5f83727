import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { IcrlError } from "#icrl/common/errors.js";
import { readTaskFile } from "#icrl/server/own-tasks/read-task-file.js";
import { npy, zip } from "../../support/npz.js";
import { tempDir } from "../../support/temp-dir.js";

/** Two states, two actions; all is certain but the first action in state 0. */
const MDP = {
  horizon: 5,
  P: [
    [
      [0.25, 0.75],
      [1, 0],
    ],
    [
      [0, 1],
      [1, 0],
    ],
  ],
  R: [
    [0, 0.1],
    [1, 0],
  ],
};

/** A folder of a test's own. */
function folder(): string {
  const { path, remove } = tempDir();
  onTestFinished(remove);
  return path;
}

function written(content: string | Buffer): string {
  const path = join(folder(), "tasks");
  writeFileSync(path, content);
  return path;
}

const read = (content: unknown) =>
  readTaskFile("mine", written(Buffer.isBuffer(content) ? content : JSON.stringify(content)));

function refusal(content: unknown): string {
  try {
    read(content);
  } catch (error) {
    expect((error as IcrlError).reason).toBe("TASK_FILE_INVALID");
    return (error as IcrlError).message.replace(/^.*\/tasks:? /, "");
  }
  throw new Error("it was not refused");
}

test("an MDP in JSON has the candidates that have a chance, rewards as float32, state 0 as its start", () => {
  const file = read(MDP);
  expect(file).toMatchObject({ holds: "mdps", name: "mine", horizon: 5, numActions: 2, drawing: { as: "states" } });
  expect(file.sha256).toBe(createHash("sha256").update(JSON.stringify(MDP)).digest("hex"));
  expect(file.reward).toEqual({ kind: "deterministic", min: 0, max: 1 });
  expect(file.instances).toEqual([
    {
      type: "mdp",
      numStates: 2,
      successors: Int32Array.of(0, 1, 0, 0, 1, 1, 0, 0), // what fills a row up has no chance
      probabilities: Float64Array.of(0.25, 0.75, 1, 0, 1, 0, 1, 0),
      rewards: Float64Array.of(0, Math.fround(0.1), 1, 0),
      start: Float64Array.of(1, 0),
      terminal: undefined,
    },
  ]);
});

test("terminal states, a start, names and a grid are read; what is paid in a terminal state is no bound", () => {
  const three = {
    horizon: 3,
    P: [[[0, 0.5, 0.5]], [[0, 1, 0]], [[0, 0, 1]]],
    R: [[1], [2], [99]],
    terminal: [2],
    start: [0.5, 0.5, 0],
    action_names: ["go"],
    grid: [1, 3],
  };
  const file = read(three);
  expect(file.reward).toEqual({ kind: "deterministic", min: 1, max: 2 });
  expect(file).toMatchObject({ actionNames: ["go"], drawing: { as: "grid", rows: 1, columns: 3 } });
  expect(file.instances[0]).toMatchObject({ terminal: Uint8Array.of(0, 0, 1), start: Float64Array.of(0.5, 0.5, 0) });
  expect(read({ ...three, terminal: [0, 0, 1] }).instances).toEqual(file.instances); // a mask says the same
  expect(refusal({ ...three, start: 2 })).toContain("start: state 2 is terminal");
  expect(refusal({ ...three, grid: [2, 2] })).toContain("grid is [2, 2]: give [rows, columns], whose product is 3");
  expect(refusal({ ...three, action_names: ["a", "b"] })).toContain("action_names are not 1 words");
});

test("a reward for each next state is paid on the way there, and its mean is the truth's", () => {
  const file = read({
    ...MDP,
    R: [
      [
        [8, 4],
        [0, 7],
      ],
      [
        [5, 1],
        [0, 6],
      ],
    ],
  });
  // By hand: 0.25 * 8 + 0.75 * 4 = 5; (0, 1) -> 0, (1, 0) -> 1, (1, 1) -> 0. Nothing leads where 7, 5 and 6 would be paid.
  expect(file.instances[0]).toMatchObject({ rewards: Float64Array.of(5, 0, 1, 0) });
  expect(file.reward).toEqual({ kind: "deterministic", min: 0, max: 8 });
});

test("instances of a list have as many candidates, those of the one with the most", () => {
  const { horizon, P, R } = MDP;
  const certain = [P[0][1], P[0][1]].map((row) => [row, row]);
  const [one, two] = read({
    horizon,
    instances: [
      { P, R },
      { P: certain, R },
    ],
  }).instances;
  expect([one, two].map((truth) => "successors" in truth && truth.successors.length)).toEqual([8, 8]);
  expect(two).toMatchObject({ probabilities: Float64Array.of(1, 0, 1, 0, 1, 0, 1, 0) });
});

test("sums of float32 tables are made exactly 1, those of float64 stay as they are", () => {
  const third = Math.fround(1 / 3);
  const P = [[[third, third, third]], [[0.1, 0.2, 0.7]], [[0, 0, 1]]];
  const [truth] = read({ horizon: 1, P, R: [[0], [0], [0]] }).instances;
  expect(truth).toMatchObject({ probabilities: Float64Array.of(1 / 3, 1 / 3, 1 / 3, 0.1, 0.2, 0.7, 1, 0, 0) });
});

test("arrays of NumPy say the same as JSON: several types and orders, one instance or several", () => {
  const flat = MDP.P.flat(2);
  const arrays = { "P.npy": npy([2, 2, 2], flat), "R.npy": npy([2, 2], MDP.R.flat()), "horizon.npy": npy([], [5]) };
  const { instances } = read(MDP);
  expect(read(zip(arrays)).instances).toEqual(instances);
  expect(read(zip(arrays, { packed: false })).instances).toEqual(instances);
  const columnsFirst = npy([2, 2], [0, 1, 0.1, 0], "<f8", true);
  expect(read(zip({ ...arrays, "R.npy": columnsFirst })).instances).toEqual(instances);
  const small = npy([2, 2], Buffer.from(Float32Array.of(0, 0.1, 1, 0).buffer), "<f4");
  expect(read(zip({ ...arrays, "R.npy": small })).instances).toEqual(instances);
  const two = {
    ...arrays,
    "P.npy": npy([2, 2, 2, 2], [...flat, ...flat]),
    "R.npy": npy([2, 2, 2], [...MDP.R.flat(), 9, 9, 9, 9]),
  };
  const [first, second] = read(zip(two)).instances;
  expect(first).toEqual(instances[0]);
  expect(second).toMatchObject({ rewards: Float64Array.of(9, 9, 9, 9) });
  const word = npy([], Buffer.from(Uint32Array.from("bernoulli", (c) => c.charCodeAt(0)).buffer), "<U9");
  expect(read(zip({ ...arrays, "rewards.npy": word })).reward).toEqual({ kind: "bernoulli", min: 0, max: 1 });
});

test("bandits have the means of their arms, and rewards of their kind", () => {
  expect(read({ horizon: 9, means: [0.2, 0.9] })).toMatchObject({
    holds: "bandits",
    reward: { kind: "bernoulli", min: 0, max: 1 },
    instances: [Float64Array.of(0.2, 0.9)],
  });
  const file = read(
    zip({
      "means.npy": npy([2, 3], [1, 2, 3, 4, 5, 6]),
      "horizon.npy": npy([], [9]),
      "noise_std.npy": npy([], [0.5]),
      "rewards.npy": npy([], Buffer.from(Uint32Array.from("gaussian", (c) => c.charCodeAt(0)).buffer), "<U8"),
    }),
  );
  expect(file).toMatchObject({
    reward: { kind: "gaussian", noiseStd: 0.5 },
    instances: [Float64Array.of(1, 2, 3), Float64Array.of(4, 5, 6)],
  });
});

const changed = (change: (mdp: { P: unknown[][][]; R: unknown[][] } & Record<string, unknown>) => void) => {
  const mdp = structuredClone(MDP);
  change(mdp);
  return mdp;
};

test.each<[string, unknown, string]>([
  [
    "a row that sums to less",
    changed((mdp) => (mdp.P[0][1] = [0.5, 0.4])),
    "P[0][1] sums to 0.9: give probabilities that sum to 1",
  ],
  [
    "a negative chance",
    changed((mdp) => (mdp.P[1][0] = [-0.5, 1.5])),
    "P[1][0][0] is -0.5: a probability is in [0, 1]",
  ],
  ["a text", changed((mdp) => (mdp.P[1][0][1] = "1")), 'P[1][0][1] is "1", expected a number'],
  ["null, as NaN is written", changed((mdp) => (mdp.R[1][0] = null)), "R[1][0] is null, expected a number"],
  ["a short row", changed((mdp) => (mdp.P[1][0] = [1])), "P[1][0] has 1 entries, expected 2 as in the first"],
  ["P that is not square", changed((mdp) => (mdp.P = mdp.P.map((s) => s.map(() => [1])))), "P has the shape [2, 2, 1]"],
  ["R of another shape", changed((mdp) => (mdp.R = [[0], [1]])), "R has the shape [2, 1]: give [2, 2] or [2, 2, 2]"],
  ["an endless reward", changed((mdp) => (mdp.R[0][1] = 1e300)), "R[0][1] is 1e+300: give a number in"],
  [
    "a mean that is no chance",
    {
      ...MDP,
      rewards: "bernoulli",
      R: [
        [0, 2],
        [0, 0],
      ],
    },
    "R[0][1] is 2: give a number in [0, 1]",
  ],
  ["no horizon", { ...MDP, horizon: undefined }, "horizon is missing: give a whole number"],
  ["a horizon without end", { ...MDP, horizon: 1e9 }, "horizon is 1000000000: give a whole number in [1, 100000]"],
  ["a terminal state that is none", { ...MDP, terminal: [2] }, "terminal[0] is 2: give states in [0, 2)"],
  [
    "noise of nothing",
    { ...MDP, noise_std: 1 },
    'it has noise_std, and rewards are deterministic: give rewards "gaussian"',
  ],
  ["an unknown member", { ...MDP, gamma: 0.9 }, 'it has a member "gamma": it can have'],
  [
    "instances of two sizes",
    { horizon: 1, instances: [MDP, { P: [[[1]]], R: [[0]] }].map(({ P, R }) => ({ P, R })) },
    "instances[1].P has another shape",
  ],
  ["no instances", { horizon: 1, instances: [] }, "instances is empty"],
  ["nothing", { horizon: 1 }, "it has neither P nor means"],
  ["one arm", { horizon: 1, means: [1] }, "means has the shape [1]: give the means of 2 to 1024 arms"],
  ["no object", [1], "it is a list of 1, expected an object"],
])("%s is refused with its place", (_, content, text) => {
  expect(refusal(content)).toContain(text);
});

test("JSON that is too deep, too large or none is refused", () => {
  expect(refusal(Buffer.from("["))).toContain("is not JSON");
  expect(refusal(Buffer.from(`{"P":${"[".repeat(300)}`))).toContain("is nested deeper than 256 levels");
  expect(refusal({ ...MDP, P: [[[[[1]]]]] })).toContain("P is nested deeper than 4 lists");
  expect(refusal(Buffer.from(`[${"0,".repeat(1 << 22)}0]`))).toContain("has more than 4,194,304 values");
});

test("archives that lie are refused: sizes, checksums, shapes, pickles, and what unfolds to more than it says", () => {
  const P = npy([2, 2, 2], MDP.P.flat(2));
  const spoiled = (change: (entry: Buffer) => void) => refusal(zip({ "P.npy": P }, { change }));
  expect(spoiled((entry) => entry.writeUInt32LE(1, 16))).toContain('member "P.npy" is damaged');
  expect(spoiled((entry) => entry.writeUInt32LE(10, 24))).toContain('member "P.npy" is damaged'); // unfolds to more
  expect(spoiled((entry) => entry.writeUInt32LE(0xfffffff0, 24))).toContain('member "P.npy" is too large');
  expect(spoiled((entry) => entry.writeUInt32LE(1 << 30, 20))).toContain("ends after the file");
  expect(spoiled((entry) => entry.writeUInt16LE(1, 8))).toContain("is encrypted");
  expect(spoiled((entry) => entry.writeUInt16LE(99, 10))).toContain("is packed by method 99");
  const archive = zip({ "P.npy": P });
  expect(refusal(archive.subarray(0, archive.length - 30))).toContain("has no directory");
  expect(refusal(zip({ "P.npy": npy([9, 9, 9], [1]) }))).toContain(
    "P has 8 bytes of numbers, its shape and type say 5832",
  );
  expect(refusal(zip({ "P.npy": npy([1 << 30, 1 << 30], [1]) }))).toContain("numbers, at most");
  expect(refusal(zip({ "P.npy": npy([1], Buffer.from("x"), "|O") }))).toContain('P has elements of type "O"');
  const empty = npy([1 << 25], Buffer.alloc(0), "<U0");
  expect(refusal(zip({ "P.npy": empty }))).toContain('P has elements of type "U0"');
  expect(refusal(zip({ "P.npy": Buffer.from("nothing") }))).toContain("P is no NumPy array");
  expect(refusal(zip({ "../x.npy": P }))).toContain('it has an array "../x"');
  const nan = npy([2, 2], [Number.NaN, 0, 0, 0]);
  const arrays = { "P.npy": P, "R.npy": nan, "horizon.npy": npy([], [5]) };
  expect(refusal(zip(arrays))).toContain("R[0][0] is NaN: give a number in");
});

test("what is no file is refused before it is read: a folder, a device, a FIFO, a terabyte", () => {
  const dir = folder();
  const path = (name: string) => join(dir, name);
  mkdirSync(path("folder"));
  symlinkSync("/dev/zero", path("device"));
  execFileSync("mkfifo", [path("fifo")]);
  writeFileSync(path("terabyte"), "");
  truncateSync(path("terabyte"), 2 ** 40);
  for (const [name, text] of Object.entries({
    folder: "is a folder",
    device: "is a device",
    fifo: "is a FIFO",
    terabyte: "at most 128 MiB",
    none: "cannot be read",
  })) {
    expect(() => readTaskFile("mine", path(name)), name).toThrow(text);
  }
});
