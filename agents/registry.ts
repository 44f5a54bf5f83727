import type { Agent } from "../clients/typescript/define-agent.js";
import { IcrlError } from "../common/errors.js";
import { didYouMean } from "../common/nearest.js";
import { emp } from "./bandits/emp.js";
import { epsilonGreedy } from "./bandits/epsilon-greedy.js";
import { gittins } from "./bandits/gittins.js";
import { linThompson } from "./bandits/lin-thompson.js";
import { linUcb } from "./bandits/lin-ucb.js";
import { thompson } from "./bandits/thompson.js";
import { ucb } from "./bandits/ucb.js";
import { greedyModel } from "./mdps/greedy-model.js";
import { psrl } from "./mdps/psrl.js";
import { qLearning } from "./mdps/q-learning.js";
import { rlsvi } from "./mdps/rlsvi.js";
import { ucbvi } from "./mdps/ucbvi.js";
import { transformer } from "./transformer/transformer.js";
import { uniform } from "./uniform.js";

/** All built-in agents. A new one is its file, a line here, and its golden trace. */
export const agents: readonly Agent[] = [
  uniform,
  emp,
  epsilonGreedy,
  ucb,
  thompson,
  gittins,
  linUcb,
  linThompson,
  ucbvi,
  psrl,
  rlsvi,
  greedyModel,
  qLearning,
  transformer,
];

/**
 * The built-in agent of a name.
 * @throws AGENT_UNKNOWN if there is none
 */
export function findAgent(name: string): Agent {
  const agent = agents.find((candidate) => candidate.name === name);
  if (agent === undefined) {
    const names = agents.map((candidate) => candidate.name);
    const hint = didYouMean(name, names) || `: there are ${names.join(", ")}`;
    throw new IcrlError("AGENT_UNKNOWN", `there is no agent "${name}"${hint}`, { agent: name });
  }
  return agent;
}
