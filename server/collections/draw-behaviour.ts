import { categoricalFromUniform, rngFromSeed } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import { OPERATIONS_PER_SLICE, type Slices, workMeter } from "../../common/slices.js";
import type { CheckedCollection } from "./spec.js";

/**
 * Which behaviour plays a trial: drawn by the weights, with the seed hash("behaviour", "collect", seed, task id, trial index), so that
 * it depends on nothing else, and a collection that is made longer keeps what it has.
 *
 * @returns an index into the behaviours
 */
export function drawBehaviour({ seed, behaviours }: CheckedCollection, taskId: string, trial: number): number {
  if (behaviours.length === 1) return 0;
  const total = behaviours.reduce((sum, { weight }) => sum + weight, 0);
  const shares = Float64Array.from(behaviours, ({ weight }) => weight / total);
  const drawn = rngFromSeed(hash64(["icrl.v1", "behaviour", "collect", String(seed), taskId, String(trial)]));
  return categoricalFromUniform(drawn.uniform(), shares, 0, shares.length);
}

/** Operations of drawing a trial's behaviour. */
const DRAW_WORK = 8_000;

/** The trials of each behaviour, ascending, [tasks, behaviours]. */
export function* drawBehaviours(spec: CheckedCollection): Slices<readonly (readonly (readonly number[])[])[]> {
  const enough = workMeter(OPERATIONS_PER_SLICE);
  const drawn: number[][][] = [];
  for (const { id, trials } of spec.tasks) {
    const ofTask: number[][] = spec.behaviours.map(() => []);
    for (let trial = 0; trial < trials; trial++) {
      ofTask[drawBehaviour(spec, id, trial)].push(trial);
      if (enough(DRAW_WORK)) yield;
    }
    drawn.push(ofTask);
  }
  return drawn;
}
