import { choice, integer, number } from "../../../common/options.js";
import { rngFromSeed } from "../../../common/rng.js";
import { OPERATIONS_PER_SLICE, runAtOnce, type Slices, workMeter } from "../../../common/slices.js";
import { planBytes } from "../backward-induction.js";
import { sampleDirichlet } from "../sample-dirichlet.js";
import { defineTask, type Env, type RewardSpec } from "../task.js";
import { onlyState, tabularCost, tabularEnv } from "./tabular-env.js";

const REWARDS = ["gaussian", "bernoulli"] as const;

/**
 * Random MDP: P(. | s, a) ~ Dirichlet(concentration, ..., concentration), independent; start state 0.
 *
 * Rewards of (s, a): gaussian are N(m, 1) with m ~ N(1, 1); bernoulli are 1 with probability m ~ Unif[0, 1], else 0.
 *
 * From the task seed, pair by pair, (0, 0), (0, 1), ...: stream "transitions" gives the rows P(. | s, a), each S
 * gammas over their sum (-log of a uniform where the concentration is 1, else by Marsaglia & Tsang (2000) as in
 * server/tasks/sample-gamma.ts), stream "rewards" the m: one plus a normal, or a uniform. From the noise at (episode,
 * step): the next state is the categorical transform of channel transition over the states in order, z of N(m, 1) and
 * the uniform that must be below m are channel reward's. Gaussian rewards are rounded to float32.
 *
 * Shapes: S states, A actions. An instance takes 8 S^2 A bytes.
 * Source: Duan et al. (2016), "RL^2", arXiv 1611.02779, table 2 (S = 10, A = 5, H = 10, gaussian: the defaults, and
 * n = 10 episodes); Osband, Russo & Van Roy (2013), arXiv 1306.0940, have random MDPs of the same kind.
 * Differs: Bernoulli rewards, and concentrations other than 1, are additions.
 */
export const randomMdp = defineTask({
  name: "random-mdp",
  version: 1,
  summary: "An MDP drawn at random: transitions from a Dirichlet law, rewards with hidden means of their own.",
  source: "Duan et al. (2016), arXiv 1611.02779, table 2 (its setting with 10 episodes is the default)",
  options: {
    states: integer({ default: 10, min: 2, max: 64, help: "number of states, S" }),
    actions: integer({ default: 5, min: 2, max: 32, help: "number of actions, A" }),
    horizon: integer({ default: 10, min: 1, max: 1000, help: "steps of an episode, H" }),
    episodes: integer({ default: 10, min: 1, max: 100_000, help: "episodes of a trial, K" }),
    rewards: choice(REWARDS, {
      default: "gaussian",
      help: "gaussian: means normal around 1, noise of standard deviation 1; bernoulli: 0 or 1, means uniform on [0, 1]",
    }),
    concentration: number({
      default: 1,
      min: 0.01,
      max: 1000,
      help: "of the Dirichlet law of each row of transitions: below 1 few successors are likely, above 1 all are alike",
    }),
  },
  build({ states, actions, horizon, episodes, rewards: rewardLaw, concentration }) {
    // What all instances have in common: every state is a candidate of every pair, and the first one is 0.
    const successors = Int32Array.from({ length: states * actions * states }, (_, i) => i % states); // [S, A, S]
    const start = onlyState(0, states);
    const reward: RewardSpec =
      rewardLaw === "gaussian" ? { kind: "gaussian", noiseStd: 1 } : { kind: "bernoulli", min: 0, max: 1 };
    // A gamma takes a logarithm of a uniform where the concentration is 1, else logarithms, a normal and an exponential.
    const rowWork = states * (concentration === 1 ? 60 : 240);

    function* draw(taskSeed: bigint, noiseSeed: bigint): Slices<Env> {
      const rng = rngFromSeed(taskSeed);
      const transitionRng = rng.split("transitions");
      const probabilities = new Float64Array(successors.length); // [S, A, S]
      const enough = workMeter(OPERATIONS_PER_SLICE);
      for (let row = 0; row < successors.length; row += states) {
        sampleDirichlet(transitionRng, concentration, probabilities, row, states);
        if (enough(rowWork)) yield;
      }
      const rewardRng = rng.split("rewards");
      const rewards = new Float64Array(states * actions); // [S, A]
      for (let pair = 0; pair < rewards.length; pair++) {
        rewards[pair] = rewardLaw === "gaussian" ? 1 + rewardRng.normal() : rewardRng.uniform();
      }
      const truth = { type: "mdp", numStates: states, successors, probabilities, rewards, start } as const;
      return tabularEnv({ truth, horizon, reward, noiseSeed });
    }

    return {
      kinds: ["tabular-mdp"],
      numActions: actions,
      observationSpace: { type: "discrete", n: states },
      trialFeaturesShape: [],
      horizon,
      episodes,
      reward,
      drawing: { as: "states" },
      cost: tabularCost({
        draws: rowWork * states * actions,
        pairs: states * actions,
        candidates: successors.length,
        horizon,
        rows: horizon,
        bytes: 8 * (successors.length + states * actions) + planBytes(states, horizon),
      }),
      instantiate: (taskSeed, noiseSeed) => runAtOnce(draw(taskSeed, noiseSeed)),
      draw,
    };
  },
});
