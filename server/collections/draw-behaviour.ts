import { categoricalFromUniform, rngFromSeed } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import { OPERATIONS_PER_SLICE, type Slices, workMeter } from "../../common/slices.js";
import type { CheckedCollection } from "./spec.js";

/** Who plays a trial of a task: an index into the behaviours. */
export type BehaviourDraw = (taskId: string, trial: number) => number;

/**
 * Which behaviour plays a trial: drawn by the weights, with the seed hash("behaviour", "collect", seed, task id, trial index), so that
 * it depends on nothing else, and a collection that is made longer keeps what it has.
 */
export function behaviourDraw({ seed, behaviours }: Pick<CheckedCollection, "seed" | "behaviours">): BehaviourDraw {
  if (behaviours.length === 1) return () => 0;
  const total = behaviours.reduce((sum, { weight }) => sum + weight, 0);
  const shares = Float64Array.from(behaviours, ({ weight }) => weight / total);
  return (taskId, trial) => {
    const drawn = rngFromSeed(hash64(["icrl.v1", "behaviour", "collect", String(seed), taskId, String(trial)]));
    return categoricalFromUniform(drawn.uniform(), shares, 0, shares.length);
  };
}

/** Operations of a draw: two SHA-256. */
const DRAW_WORK = 8000;

/** What a behaviour plays of a task. */
export interface Share {
  /** How many trials. */
  readonly trials: number;
  /** Those that are not played yet, by index, ascending. */
  readonly waiting: Int32Array;
}

/** Trials of a collection that a log holds, by task id. */
export type PlayedTrials = ReadonlyMap<string, Pick<ReadonlySet<number>, "has">>;

/**
 * The shares of each behaviour in each task, [tasks][behaviours]: the whole schedule, shared out in slices.
 *
 * Memory: 4 bytes a trial, and 2 more of the task that is being shared out.
 */
export function* sharedOut(spec: CheckedCollection, played: PlayedTrials): Slices<readonly (readonly Share[])[]> {
  const draw = behaviourDraw(spec);
  const units = spec.behaviours.length === 1 ? 10 : DRAW_WORK + spec.behaviours.length;
  const isPause = workMeter(OPERATIONS_PER_SLICE);
  const schedule: Share[][] = [];
  for (const { id, trials } of spec.tasks) {
    const known = played.get(id);
    const players = new Uint16Array(trials);
    const counts = new Int32Array(spec.behaviours.length);
    const left = new Int32Array(spec.behaviours.length);
    for (let trial = 0; trial < trials; trial++) {
      const player = draw(id, trial);
      players[trial] = player;
      counts[player] += 1;
      if (!known?.has(trial)) left[player] += 1;
      if (isPause(units)) yield;
    }
    const waiting = Array.from(left, (count) => new Int32Array(count));
    left.fill(0);
    for (let trial = 0; trial < trials; trial++) {
      const player = players[trial];
      if (!known?.has(trial)) waiting[player][left[player]++] = trial;
      if (isPause(10)) yield;
    }
    schedule.push(waiting.map((own, k) => ({ trials: counts[k], waiting: own })));
  }
  return schedule;
}
