/** Explore, then commit: plays each arm a few times in turn, and from then on the one that paid best. */
import { defineAgent, integer, runAgent } from "icrl";

const agent = defineAgent({
  name: "explore-then-commit",
  version: "1",
  summary: "Plays each arm a few times in turn, and from then on the one that paid best.",
  source: "Lattimore & Szepesvári (2020), Bandit Algorithms, chapter 6",
  tasks: ["bandit"],
  options: { rounds: integer({ default: 2, min: 1, help: "plays of each arm before it commits" }) },
  create({ numActions }, { rounds }) {
    const paid = new Float64Array(numActions); // by each arm, in this trial
    let plays = 0;
    return {
      act: () => (plays < rounds * numActions ? plays % numActions : paid.indexOf(Math.max(...paid))),
      observe({ action, reward }) {
        paid[action] += reward;
        plays += 1;
      },
      propensity: 1, // no action is drawn
    };
  },
});

process.exitCode = await runAgent(agent, process.argv.slice(2));
