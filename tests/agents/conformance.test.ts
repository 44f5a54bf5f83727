import { describe, expect, it } from "vitest";
import { type Agent, defineAgent, type Policy, type Trial } from "#icrl/clients/typescript/define-agent.js";
import type { Rng } from "#icrl/common/rng.js";
import { AGENT_RULES, rulesFor, UNTRAINED, violations } from "../conformance/agent.js";
import { testedAgents } from "../support/tested-agents.js";

for (const agent of testedAgents) {
  describe(agent.name, () => {
    // The slow ones are in conformance.full.test.ts.
    for (const rule of rulesFor(agent).filter(({ slow }) => slow !== true))
      it(rule.title, () => expect(rule.violation(agent)).toBeUndefined());
  });
}

it("what the transformer is not held to are rules", () => {
  expect(AGENT_RULES.map(({ title }) => title)).toEqual(expect.arrayContaining([...UNTRAINED]));
});

const agentOf = (name: string, create: (trial: Trial, rng: Rng) => Policy, tasks = ["bandit"]): Agent =>
  defineAgent({
    name,
    version: "1",
    summary: "Broken.",
    source: "none",
    tasks,
    options: {},
    create: (trial, _options, rng) => create(trial, rng),
  });

/** Follow-the-leader that credits rewards to whichever arm `credited` says. */
const leader = (credited: (own: number, executed: number) => number) =>
  agentOf("leader", ({ numActions }) => {
    const sums = new Float64Array(numActions);
    const pulls = new Float64Array(numActions);
    let own = 0;
    return {
      propensity: 1,
      act() {
        const means = sums.map((sum, a) => (pulls[a] === 0 ? Infinity : sum / pulls[a]));
        own = means.indexOf(Math.max(...means));
        return own;
      },
      observe({ action, reward }) {
        const arm = credited(own, action);
        sums[arm] += reward;
        pulls[arm] += 1;
      },
    };
  });

/** The rules that an agent breaks, by title. */
const broken = (agent: Agent) => violations(agent).map((violation) => violation.split(":")[0]);

describe("the rules", () => {
  it("accept an agent that follows them", () => {
    expect(violations(leader((_own, executed) => executed))).toEqual([]);
  });

  it("find an agent that learns from its own choice", () => {
    expect(broken(leader((own) => own))).toContain("learns from the executed action, not from its own choice");
  });

  it("find an action one past the last", () => {
    const agent = agentOf("off-by-one", ({ numActions }, rng) => ({ act: () => 1 + rng.integer(numActions) }));
    expect(broken(agent)).toContain("chooses actions in range");
  });

  it("find randomness that is not the seed's", () => {
    const agent = agentOf("unseeded", ({ numActions }) => ({ act: () => Math.floor(Math.random() * numActions) }));
    expect(broken(agent)).toContain("plays the same from the same seeds");
  });

  it("find a propensity of 0", () => {
    expect(broken(agentOf("impossible", () => ({ propensity: 0, act: () => 0 })))).toContain(
      "gives propensities in (0, 1] or none",
    );
  });

  it("find a propensity that is not the frequency", () => {
    const agent = agentOf("boastful", ({ numActions }, rng) => ({ propensity: 1, act: () => rng.integer(numActions) }));
    expect(broken(agent)).toEqual(["chooses as often as its propensities and probabilities say"]);
  });

  it("find probabilities that do not sum to 1, and asking that changes the choice", () => {
    const careless = agentOf("careless", ({ numActions }, rng) => ({
      propensity: 1 / numActions,
      act: () => rng.integer(numActions),
      probabilities: (_turn, target) => target.fill(1),
    }));
    expect(broken(careless)).toContain("gives probabilities that sum to 1 and change nothing, or none");
    const spent = agentOf("spent", ({ numActions }, rng) => ({
      act: () => rng.integer(numActions),
      probabilities: (_turn, target) => target.fill(rng.uniform() * 0 + 1 / numActions),
    }));
    expect(broken(spent)).toEqual(["gives probabilities that sum to 1 and change nothing, or none"]);
  });

  it("find an agent that prefers an index", () => {
    const agent = agentOf("first", () => ({ propensity: 1, act: () => 0 }));
    expect(broken(agent)).toContain("treats actions alike, whatever their index");
  });

  it("find a memory that policies share", () => {
    let steps = 0;
    const agent = agentOf("shared", ({ numActions }) => {
      steps = 0;
      return { propensity: 1, act: () => steps++ % numActions };
    });
    expect(broken(agent)).toContain("keeps the memories of its policies apart");
  });

  it("find a kind that does not exist", () => {
    expect(broken(agentOf("lost", () => ({ act: () => 0 }), ["tabluar-mdp"]))).toEqual([
      "declares tasks or kinds that exist",
    ]);
  });
});
