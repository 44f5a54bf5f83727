import { type Arms, defineAgent } from "../../clients/typescript/define-agent.js";
import { addRankOneToCholesky, solveLower, solveLowerTransposed } from "../../common/cholesky.js";
import { number } from "../../common/options.js";

/**
 * Thompson sampling for linear bandits with normal noise: theta is drawn from its posterior, the best arm under it is
 * played.
 *
 *   theta ~ N(V^-1 b, noise_std^2 V^-1),   V = (noise_std / prior_std)^2 I + sum x x',   b = sum r x
 *
 * With V = L L', the draw is L'^-1 (L^-1 b + noise_std z) for a standard normal z; L is kept up to date in O(d^2). The
 * probability of a choice is that of a d-dimensional normal being in a cone, for which there is no exact formula:
 * propensities and probabilities are unknown.
 *
 * Shapes: A arms, d features. Memory O(d^2); time O(d^2 + A d) a step.
 * Source: Agrawal & Goyal (2013), algorithm 1; Lin, Bai & Mei (2023), linear bandit experiment (the defaults).
 * Differs: the exact posterior's variance, not the wider one of Agrawal & Goyal's theorem.
 */
export const linThompson = defineAgent({
  name: "lin-thompson",
  version: "1",
  summary: "Thompson sampling for linear bandits, normal prior and noise.",
  source: "Agrawal & Goyal (2013), algorithm 1; Lin, Bai & Mei (2023), linear bandit experiment",
  tasks: ["linear"],
  options: {
    prior_std: number({ default: 1, min: 1e-6, help: "prior standard deviation of each weight; its mean is 0" }),
    noise_std: number({ default: 1.5, min: 1e-6, help: "standard deviation of the reward noise that is assumed" }),
  },
  create({ dim, arms: fixedArms }, { prior_std, noise_std }, rng) {
    const lower = new Float64Array(dim * dim); // [d, d], L
    for (let i = 0; i < dim; i++) lower[i * dim + i] = noise_std / prior_std;
    const b = new Float64Array(dim);
    const theta = new Float64Array(dim);
    const x = new Float64Array(dim);
    return {
      act({ arms }) {
        const { data, rows } = (fixedArms ?? arms) as Arms;
        theta.set(b);
        solveLower(lower, theta);
        for (let i = 0; i < dim; i++) theta[i] += noise_std * rng.normal();
        solveLowerTransposed(lower, theta);
        let best = -Infinity;
        let choice = 0;
        for (let a = 0, row = 0; a < rows; a++, row += dim) {
          let value = 0;
          for (let i = 0; i < dim; i++) value += data[row + i] * theta[i];
          if (value > best) {
            best = value;
            choice = a;
          }
        }
        return choice;
      },
      observe({ arms, action, reward }) {
        const { data } = (fixedArms ?? arms) as Arms;
        for (let i = 0; i < dim; i++) {
          x[i] = data[action * dim + i];
          b[i] += reward * x[i];
        }
        addRankOneToCholesky(lower, x);
      },
    };
  },
});
