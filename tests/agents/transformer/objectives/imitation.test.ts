import { expect, test } from "vitest";
import type { TrialPiece } from "#icrl/agents/transformer/objective.js";
import { writeLabel } from "#icrl/agents/transformer/objectives/imitation.js";
import type { LabelColumns } from "#icrl/datasets/read/read-dataset.js";
import { SMALL_TOKENS } from "../../../support/transformer.js";

const NAN = Number.NaN;
/** Episodes of 2, 1 and 2 steps with 2 actions, the rows 1 to 3 of a batch whose row 0 is another trial's. */
const LENGTHS = Int32Array.of(0, 1, 3, 4, 6);
const TRIAL: TrialPiece["trial"] = {
  columns: {
    actions: { offsets: LENGTHS, values: new Int32Array(6), nulls: undefined },
  } as TrialPiece["trial"]["columns"],
  from: 1,
  to: 4,
  shape: { task: "by-hand", numActions: 2, numStates: 1, dim: 0, freshArms: false },
};
/** Row 1 has a law in its first step alone, row 2 has none, row 3 has them all. */
const LABEL: LabelColumns = {
  actions: { offsets: LENGTHS, values: Int32Array.of(0, 1, 0, 1, 0, -1), nulls: undefined },
  probabilities: {
    offsets: Int32Array.of(0, 2, 6, 6, 10),
    values: Float32Array.of(1, 0, 0.25, 0.75, NAN, NAN, 0.5, 0.5, 0.75, 0.25),
    nulls: Uint8Array.of(0, 0, 1, 0),
  },
};

function written(first: number, count: number, soft: boolean, label = LABEL) {
  const out = { targets: new Float32Array(7 * 3), weights: new Float32Array(7) };
  const piece = {
    trial: TRIAL,
    labels: { said: label },
    tokens: { ...SMALL_TOKENS, maxActions: 3 },
    first,
    count,
    at: 1,
  };
  const labelled = writeLabel(out, piece, "said", { soft, smoothing: 0 });
  const targets = Array.from({ length: 7 }, (_, i) => [...out.targets.subarray(3 * i, 3 * i + 3)]);
  return { labelled, targets, weights: [...out.weights] };
}
const NONE = [0, 0, 0];

test("a law is the target where it is known, the action elsewhere; without an action a step does not count", () => {
  expect(written(0, 5, true)).toEqual({
    labelled: 4,
    targets: [NONE, [0.25, 0.75, 0], [1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], NONE, NONE],
    weights: [0, 1, 1, 1, 1, 0, 0],
  });
  expect(written(0, 5, false).targets).toEqual([NONE, [0, 1, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], NONE, NONE]);
});

test("a piece of a trial gets the targets of that piece", () => {
  expect(written(1, 3, true)).toEqual({
    labelled: 3,
    targets: [NONE, [1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], NONE, NONE, NONE],
    weights: [0, 1, 1, 1, 0, 0, 0],
  });
});

test("an episode whose label is null does not count, and the others keep their places", () => {
  // row 2 has no actions
  const actions = {
    offsets: Int32Array.of(0, 1, 3, 3, 5),
    values: Int32Array.of(0, 1, 0, 1, 1),
    nulls: Uint8Array.of(0, 0, 1, 0),
  };
  expect(written(0, 5, true, { actions, probabilities: undefined })).toEqual({
    labelled: 4,
    targets: [NONE, [0, 1, 0], [1, 0, 0], NONE, [0, 1, 0], [0, 1, 0], NONE],
    weights: [0, 1, 1, 0, 1, 1, 0],
  });
});
