/** Softmax exploration: plays an arm with probability proportional to exp(its mean reward so far / temperature). */
import { defineAgent, isMain, number, runAgent } from "icrl";

const softmax = defineAgent({
  name: "softmax",
  version: "1",
  summary: "Plays an arm with probability proportional to exp(its mean reward so far / temperature).",
  source: "Sutton & Barto (1998), section 2.3",
  tasks: ["bandit"],
  options: { temperature: number({ default: 0.5, min: 1e-6, help: "the lower, the greedier; in reward units" }) },
  create({ numActions }, { temperature }, rng) {
    const plays = new Float64Array(numActions);
    const means = new Float64Array(numActions);
    let chance = 1;
    return {
      act() {
        const best = Math.max(...means);
        const weights = means.map((mean) => Math.exp((mean - best) / temperature));
        const total = weights.reduce((sum, weight) => sum + weight);
        let left = rng.uniform() * total;
        let action = 0;
        for (; action < numActions - 1 && left >= weights[action]; action++) left -= weights[action];
        chance = weights[action] / total;
        return action;
      },
      observe({ action, reward }) {
        plays[action] += 1;
        means[action] += (reward - means[action]) / plays[action];
      },
      get propensity() {
        return chance; // of the last action, for the log
      },
    };
  },
});

export default softmax; // for `module` in a tournament's or a dataset's file
if (isMain(import.meta.url)) process.exitCode = await runAgent(softmax, process.argv.slice(2));
