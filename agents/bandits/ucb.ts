import { defineAgent, type Policy } from "../../clients/typescript/define-agent.js";
import { choice, number } from "../../common/options.js";
import { countMaxima, randomArgmax, writeArgmaxLaw } from "../kit/argmax.js";

/**
 * Upper confidence bounds: the arm of the largest mean plus bonus is played, ties at random.
 *
 *   ucb1:    S_a / N_a + c sqrt(2 ln t / N_a)
 *   lin2023: S_a / (1 + N_a) + c / sqrt(1 + N_a)
 *
 * N_a is the number of arm a's rewards and S_a their sum, both with prior_count made-up pulls of average prior_mean
 * added; t is the number of real pulls so far. An arm with N_a = 0 comes first under ucb1. Probabilities are exact:
 * 1 / ties.
 *
 * c is in units of the reward: 1 is Auer et al.'s for rewards in [0, 1]; with normal rewards c stands for the standard
 * deviation of one reward, so try the noise's. lin2023 tries no arm first and counts an unknown one as 0 + c: it is for
 * rewards in [0, 1].
 *
 * The theorem's c explores much: RL^2's UCB1 is {prior_count: 2} with c tuned, to about 0.2. Total reward on 10
 * Bernoulli arms in 500 pulls: 439.5 +- 0.3 with c = 0.2 (Duan et al.: 437.1 on 1,000 instances, +- 1.5), 370.3 with
 * c = 1. lin2023 costs a regret of 6.60 +- 0.05 on 5 arms in 200 pulls (Lin, Bai & Mei: 6.51 +- 0.34).
 *
 * Shapes: A arms. Memory O(A); time O(A) an action.
 * Source: Auer, Cesa-Bianchi & Fischer (2002), figure 1 (ucb1); Lin, Bai & Mei (2023), the code of the Bernoulli bandit
 * experiments (lin2023; the paper prints mean + 1 / sqrt(N)); Duan et al. (2016), table 1 for prior_count 2.
 * Differs: c and the made-up pulls.
 */
export const ucb = defineAgent({
  name: "ucb",
  version: "1",
  summary: "Upper confidence bounds: the best mean plus bonus, UCB1 or the one of Lin, Bai & Mei.",
  source: "Auer, Cesa-Bianchi & Fischer (2002), figure 1; Lin, Bai & Mei (2023), Bernoulli bandit experiments",
  tasks: ["bandit"],
  options: {
    bonus: choice(["ucb1", "lin2023"], { default: "ucb1", help: "the formula" }),
    c: number({ default: 1, min: 0, help: "factor of the bonus, in reward units" }),
    prior_count: number({ default: 0, min: 0, help: "made-up pulls that each arm begins with" }),
    prior_mean: number({ default: 0.5, help: "their average reward" }),
  },
  create({ numActions }, { bonus, c, prior_count, prior_mean }, rng) {
    const counts = new Float64Array(numActions).fill(prior_count); // N, [A]
    const sums = new Float64Array(numActions).fill(prior_count * prior_mean); // S, [A]
    const extra = bonus === "lin2023" ? 1 : 0;
    const values = new Float64Array(numActions); // mean + bonus, [A]
    let pulls = 0;

    const evaluate = (): void => {
      const width = bonus === "lin2023" ? c : c * Math.sqrt(2 * Math.log(Math.max(pulls, 1)));
      for (let a = 0; a < numActions; a++) {
        const n = extra + counts[a];
        values[a] = n === 0 ? Infinity : sums[a] / n + width / Math.sqrt(n);
      }
    };
    const policy: Policy & { propensity: number } = {
      propensity: 1,
      act() {
        evaluate();
        const ties = countMaxima(values);
        policy.propensity = 1 / ties;
        return randomArgmax(values, 0, numActions, ties, rng);
      },
      probabilities(_turn, target) {
        evaluate();
        writeArgmaxLaw(target, values);
      },
      observe({ action, reward }) {
        counts[action] += 1;
        sums[action] += reward;
        pulls += 1;
      },
    };
    return policy;
  },
});
