import { defineAgent, type Policy } from "../../clients/typescript/define-agent.js";
import { choice, number } from "../../common/options.js";
import { argmax, countMaxima, randomArgmax, writeArgmaxLaw } from "../kit/argmax.js";
import { unitRewards } from "../kit/unit-rewards.js";

/**
 * Q-learning over a finite horizon, one table per step of the episode, exploring by optimism (UCB-H) or by chance.
 *
 *   Q_h(s, a) += rate (reward + bonus + V_{h+1}(s') - Q_h(s, a)),   rate = (H + 1) / (H + t)
 *
 * at the t-th visit of (h, s, a), with V = 0 after the last step.
 *
 *   ucb-h:          Q starts at H, V_h(s) = min(H, max_a Q_h(s, a)), bonus = c sqrt(H^3 L / t),
 *                   L = ln(S A T / delta), T = K H; the largest Q is played, ties at random
 *   epsilon-greedy: Q starts at 0, V_h(s) = max_a Q_h(s, a), no bonus; with probability epsilon any action, uniformly,
 *                   else a largest Q, ties at random
 *
 * ucb-h rescales rewards with known bounds to [0, 1], and refuses tasks without; epsilon-greedy plays any.
 *
 * On c: the theorem's is some constant, for which sqrt(2) is enough: Azuma's inequality then keeps Q above the true Q*
 * everywhere and always, with probability 1 - delta. But so large a bonus plays like random for thousands of episodes.
 * Regret on RiverSwim (S = 6, H = 20) after 2,000 episodes, 6,711 at random: 6,747 for sqrt(2), 6,739 for 0.1, 3,069 for
 * 0.01, 1,494 for 0.003, 1,101 for 0.001, 6,617 for epsilon-greedy; on random MDPs (S = 5, A = 3, H = 5, Bernoulli) after
 * 400 episodes, 538 at random: 561, 436, 165, 165, 171 and 212.
 *
 * Shapes: S states, A actions, H steps an episode, K episodes. Memory O(H S A); time O(A) a step, none an episode.
 * Source: Jin, Allen-Zhu, Bubeck & Jordan (2018), algorithm 1; Watkins (1989).
 * Differs: rewards may be random, and have other bounds; c's default. No theorem covers epsilon-greedy.
 */
export const qLearning = defineAgent({
  name: "q-learning",
  version: "2",
  summary: "Finite-horizon tabular Q-learning, optimistic (UCB-H) or epsilon-greedy.",
  source: "Jin, Allen-Zhu, Bubeck & Jordan (2018), algorithm 1; Watkins (1989)",
  tasks: ["tabular-mdp"],
  options: {
    explore: choice(["ucb-h", "epsilon-greedy"], { default: "ucb-h", help: "where exploration comes from" }),
    c: number({ default: 0.003, min: 0, help: "factor of ucb-h's bonus; the theorem's is sqrt(2)" }),
    delta: number({ default: 0.1, min: 1e-12, max: 1, help: "probability of failure in ucb-h's logarithm" }),
    epsilon: number({ default: 0.1, min: 0, max: 1, help: "probability of an action at random, for epsilon-greedy" }),
  },
  create(trial, { explore, c, delta, epsilon }, rng) {
    const { numStates, numActions, horizon, episodes } = trial;
    const isOptimistic = explore === "ucb-h";
    const toUnit = isOptimistic ? unitRewards("q-learning with ucb-h", trial).toUnit : (reward: number) => reward;
    const nothing = toUnit(0);
    const mostValue = isOptimistic ? horizon : Infinity;
    const logTerm = Math.log((numStates * numActions * episodes * horizon) / delta);
    const width = isOptimistic ? c * Math.sqrt(horizon ** 3 * logTerm) : 0;
    const chance = isOptimistic ? 0 : epsilon;
    const q = new Float64Array(horizon * numStates * numActions).fill(isOptimistic ? horizon : 0); // [H, S, A]
    const visits = new Float64Array(horizon * numStates * numActions); // [H, S, A]
    const policy: Policy & { propensity: number } = {
      propensity: Number.NaN,
      act({ state, step }) {
        const offset = (step * numStates + state) * numActions;
        const ties = countMaxima(q, offset, numActions);
        const explores = !isOptimistic && rng.uniform() < epsilon;
        const action = explores ? rng.integer(numActions) : randomArgmax(q, offset, numActions, ties, rng);
        const isGreedy = q[offset + action] === q[offset + argmax(q, offset, numActions)];
        policy.propensity = chance / numActions + (isGreedy ? (1 - chance) / ties : 0);
        return action;
      },
      probabilities({ state, step }, target) {
        writeArgmaxLaw(target, q, (step * numStates + state) * numActions, numActions);
        for (let a = 0; a < numActions; a++) target[a] = chance / numActions + (1 - chance) * target[a];
      },
      observe({ state, step, action, reward, nextState, terminated }) {
        const index = (step * numStates + state) * numActions + action;
        const next = ((step + 1) * numStates + nextState) * numActions;
        const toGo = horizon - step - 1;
        const value = terminated ? toGo * nothing : Math.min(mostValue, q[next + argmax(q, next, numActions)]);
        visits[index] += 1;
        const t = visits[index];
        const rate = (horizon + 1) / (horizon + t);
        q[index] += rate * (toUnit(reward) + width / Math.sqrt(t) + value - q[index]);
      },
    };
    return policy;
  },
});
