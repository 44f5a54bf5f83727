import { type Rng, rngFromSeed } from "../../../common/rng.js";
import { planBytes } from "../backward-induction.js";
import type { RewardSpec, StepDrawing, TaskParts } from "../task.js";
import { type MdpTruth, tabularCost, tabularEnv } from "./tabular-env.js";

/** A tabular MDP that shows its state, as far as families differ. */
export interface TabularTask {
  readonly numStates: number;
  readonly numActions: number;
  /** Candidates of each pair, B; 1 where nothing is left to chance. */
  readonly branches: number;
  /** Most steps of an episode. */
  readonly horizon: number;
  /** Episodes of a trial. */
  readonly episodes: number;
  readonly reward: RewardSpec;
  /** By default the states. */
  readonly drawing?: StepDrawing;
  readonly actionNames?: readonly string[];
  /** Operations of drawing an instance, if more than a few for each candidate. */
  readonly draws?: number;
  /** What tells instances apart, where there are only so many: see `Task`. */
  readonly instanceOf?: (taskSeed: bigint) => string;
  /** The tables of the instance that `rng` draws; the same object each time where all instances are one. */
  draw(rng: Rng): Omit<MdpTruth, "type" | "numStates">;
}

/** The parts of its task: its env, and what it costs, for families that draw their tables at once. */
export function tabularParts(task: TabularTask): TaskParts {
  const { numStates, numActions, branches, horizon, episodes, reward, drawing, actionNames } = task;
  const pairs = numStates * numActions;
  const candidates = pairs * branches;
  const known = new WeakMap<object, MdpTruth>();
  return {
    kinds: ["tabular-mdp"],
    numActions,
    observationSpace: { type: "discrete", n: numStates },
    trialFeaturesShape: [],
    horizon,
    episodes,
    reward,
    drawing: drawing ?? { as: "states" },
    actionNames,
    cost: tabularCost({
      draws: task.draws ?? 10 * candidates,
      pairs,
      candidates,
      horizon,
      rows: horizon,
      bytes: 20 * candidates + 8 * pairs + 9 * numStates + planBytes(numStates, horizon),
    }),
    ...(task.instanceOf && { instanceOf: task.instanceOf }),
    instantiate(taskSeed, noiseSeed) {
      const tables = task.draw(rngFromSeed(taskSeed));
      const truth = known.get(tables) ?? ({ type: "mdp", numStates, ...tables } as const);
      known.set(tables, truth); // trials whose tables are one object share their plan
      return tabularEnv({ truth, horizon, reward, noiseSeed });
    },
  };
}
