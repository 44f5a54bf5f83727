/** The package's `icrl/tasks`: what tasks of one's own are made of. docs/tasks-of-your-own.md has an example. */
export { IcrlError } from "../../common/errors.js";
export { boolean, choice, integer, number, type Option, type OptionTable, text } from "../../common/options.js";
export { type Rng, rngFromSeed } from "../../common/rng.js";
export { planBytes } from "./backward-induction.js";
export { type BanditSetup, banditCost, banditEnv } from "./bandits/bandit-env.js";
export { type MdpTruth, onlyState, type TabularSetup, tabularCost, tabularEnv } from "./mdps/tabular-env.js";
export { type TabularTask, tabularParts } from "./mdps/tabular-parts.js";
export { sampleBeta } from "./sample-beta.js";
export { sampleDirichlet } from "./sample-dirichlet.js";
export {
  defineTask,
  type Env,
  type RewardSpec,
  type StepDrawing,
  type Task,
  type TaskCost,
  type TaskFamily,
  type TaskParts,
  type Truth,
} from "./task.js";
