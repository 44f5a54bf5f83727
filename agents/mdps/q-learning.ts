import { defineAgent, type Policy } from "../../clients/typescript/define-agent.js";
import { number } from "../../common/options.js";
import { argmax, countMaxima, randomArgmax } from "../kit/argmax.js";

/**
 * Q-learning over a finite horizon, one table per step of the episode, exploring epsilon-greedily.
 *
 *   Q_h(s, a) += rate (reward + max_a' Q_{h+1}(s', a') - Q_h(s, a)),   rate = (H + 1) / (H + n)
 *
 * at the n-th visit of (h, s, a), with 0 after the last step. With probability epsilon any action, uniformly; else a largest Q,
 * ties at random. Q starts at 0.
 *
 * Shapes: S states, A actions, H steps an episode. Memory O(H S A); time O(A) a step.
 * Source: Watkins (1989); Jin, Allen-Zhu, Bubeck & Jordan (2018), algorithm 1, for the rate.
 * Differs: explores at random where Jin et al. add a bonus, and so starts at 0 and not at H: it needs no bounds on rewards, and no
 * theorem covers it.
 */
export const qLearning = defineAgent({
  name: "q-learning",
  version: "1",
  summary: "Finite-horizon tabular Q-learning, epsilon-greedy.",
  source: "Watkins (1989); Jin, Allen-Zhu, Bubeck & Jordan (2018), algorithm 1, for the learning rate",
  tasks: ["tabular-mdp"],
  options: {
    epsilon: number({ default: 0.1, min: 0, max: 1, help: "probability of an action at random" }),
  },
  create({ numStates, numActions, horizon }, { epsilon }, rng) {
    const q = new Float64Array((horizon + 1) * numStates * numActions); // [H + 1, S, A], the last stage stays 0
    const visits = new Float64Array(horizon * numStates * numActions); // [H, S, A]
    const policy: Policy & { propensity: number } = {
      propensity: Number.NaN,
      act({ state, step }) {
        const offset = (step * numStates + state) * numActions;
        const ties = countMaxima(q, offset, numActions);
        const explores = rng.uniform() < epsilon;
        const action = explores ? rng.integer(numActions) : randomArgmax(q, offset, numActions, ties, rng);
        const isGreedy = q[offset + action] === q[offset + argmax(q, offset, numActions)];
        policy.propensity = epsilon / numActions + (isGreedy ? (1 - epsilon) / ties : 0);
        return action;
      },
      observe({ state, step, action, reward, nextState, terminated }) {
        const index = (step * numStates + state) * numActions + action;
        const next = ((step + 1) * numStates + nextState) * numActions;
        const value = terminated ? 0 : q[next + argmax(q, next, numActions)];
        visits[index] += 1;
        const rate = (horizon + 1) / (horizon + visits[index]);
        q[index] += rate * (reward + value - q[index]);
      },
    };
    return policy;
  },
});
