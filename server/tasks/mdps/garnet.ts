import { integer, number } from "../../../common/options.js";
import { sampleDirichlet } from "../sample-dirichlet.js";
import { defineTask, type RewardSpec } from "../task.js";
import { onlyState } from "./tabular-env.js";
import { tabularParts } from "./tabular-parts.js";

/**
 * Garnet: a random MDP in which each pair leads to few states.
 *
 * Of every pair (s, a): b different successors, all choices alike; their chances are the lengths of the pieces into
 * which b - 1 uniform points cut [0, 1]; its reward is N(m, noise_std) with m ~ N(0, 1). Start state 0.
 *
 * From the task seed, pair by pair, (0, 0), (0, 1), ...: stream "successors" gives the states, the k-th of them by the
 * integer floor(u (S - k)) of its next uniform u as the place among those not chosen yet, in whose place the last of
 * them is put then; stream "transitions" the chances, as -log of b uniforms over their sum, which is the same law;
 * stream "rewards" the m. Noise is as of the random MDP.
 *
 * Source: Archibald, McKinnon & Thomas (1995), "On the Generation of Markov Decision Processes"; Bhatnagar, Sutton,
 * Ghavamzadeh & Lee (2009), "Natural actor-critic algorithms", Garnet(30, 4, 2, 0.1, 0) (the defaults).
 * Differs: episodes of a horizon, from state 0, where the source's task goes on; it never changes (tau = 0).
 */
export const garnet = defineTask({
  name: "garnet",
  version: 1,
  summary: "A random MDP in which each state and action lead to only a few states.",
  source: "Archibald, McKinnon & Thomas (1995); Bhatnagar et al. (2009), Garnet(30, 4, 2, 0.1, 0) (the default)",
  options: {
    states: integer({ default: 30, min: 2, max: 200, help: "number of states, S" }),
    actions: integer({ default: 4, min: 2, max: 32, help: "number of actions, A" }),
    branching: integer({ default: 2, min: 1, max: 16, help: "successors of each pair, b; at most as many as states" }),
    noise_std: number({
      default: 0.1,
      min: 0,
      max: 1000,
      help: "standard deviation of the reward noise, in reward units",
    }),
    horizon: integer({ default: 30, min: 1, max: 1000, help: "steps of an episode, H" }),
    episodes: integer({ default: 50, min: 1, max: 100_000, help: "episodes of a trial, K" }),
  },
  build({ states, actions, branching, noise_std, horizon, episodes }) {
    const branches = Math.min(branching, states);
    const pairs = states * actions;
    const reward: RewardSpec = { kind: "gaussian", noiseStd: noise_std };
    return tabularParts({
      numStates: states,
      numActions: actions,
      branches,
      horizon,
      episodes,
      reward,
      draws: pairs * (2 * states + 80 * branches + 100),
      draw(rng) {
        const [successorRng, transitionRng, rewardRng] = ["successors", "transitions", "rewards"].map((name) =>
          rng.split(name),
        );
        const successors = new Int32Array(pairs * branches);
        const probabilities = new Float64Array(pairs * branches);
        const left = new Int32Array(states); // states that are not chosen yet come first
        for (let row = 0; row < successors.length; row += branches) {
          for (let s = 0; s < states; s++) left[s] = s;
          for (let k = 0; k < branches; k++) {
            const place = successorRng.integer(states - k);
            successors[row + k] = left[place];
            left[place] = left[states - k - 1];
          }
          sampleDirichlet(transitionRng, 1, probabilities, row, branches);
        }
        const rewards = Float64Array.from({ length: pairs }, () => rewardRng.normal());
        return { successors, probabilities, rewards, start: onlyState(0, states) };
      },
    });
  },
});
