import { expect, test } from "vitest";
import { CollectionState, Collection as WireCollection } from "#icrl/proto/gen/icrl/v1/collection.js";
import type { Collection } from "#icrl/server/collections/collection.js";
import { describeCollection } from "#icrl/server/collections/describe-collection.js";
import { createPart } from "#icrl/server/collections/part.js";
import { checkCollection } from "#icrl/server/collections/spec.js";
import { manualClock } from "../../support/manual-clock.js";
import { collected, limitsOf } from "./collected.js";

const spec = collected();
const [swim, arms] = spec.tasks;
const [random, guided] = spec.behaviours;

/** A collection in a state, with a part under way and one that failed. */
function collection(state: Collection["state"]): Collection {
  const failed = createPart(spec, arms, guided, { trials: 1, waiting: Int32Array.of(0) }, manualClock(), () => {});
  failed.fail("AGENT_ABSENT");
  const parts = [
    createPart(spec, swim, random, { trials: 3, waiting: Int32Array.of(0, 3) }, manualClock(), () => {}),
    failed,
  ];
  return { spec, parts, state } as unknown as Collection;
}

test("the wire has the spec, resolved, and how far every part is", () => {
  const wire = describeCollection(collection("running"));
  expect(wire).toMatchObject({ id: spec.id, state: CollectionState.RUNNING, spec: { name: "test", seed: 7n } });
  expect(wire.parts).toEqual([
    // 3 trials of 3 episodes of 5 steps
    { taskId: "swim", behaviour: "random", completeTrials: 1, trials: 3, steps: 0n, failureReason: "", maxSteps: 45n },
    {
      taskId: "arms",
      behaviour: "guided",
      completeTrials: 0,
      trials: 1,
      steps: 0n,
      failureReason: "AGENT_ABSENT",
      maxSteps: 4n,
    },
  ]);
});

test("what it describes is the same collection: its spec, sent again, has the same id", () => {
  const sent = WireCollection.decode(WireCollection.encode(describeCollection(collection("running"))).finish());
  expect(checkCollection(sent.spec, limitsOf()).id).toBe(spec.id);
});

test.each([
  ["running", CollectionState.RUNNING],
  ["finished", CollectionState.FINISHED],
  ["failed", CollectionState.FAILED],
] as const)("%s", (state, wire) => {
  expect(describeCollection(collection(state)).state).toBe(wire);
});
