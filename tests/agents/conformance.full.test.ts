/** The rules that take seconds of some agents. */
import { describe, expect, it } from "vitest";
import { rulesFor } from "../conformance/agent.js";
import { testedAgents } from "../support/tested-agents.js";

for (const agent of testedAgents) {
  describe(agent.name, () => {
    for (const rule of rulesFor(agent).filter(({ slow }) => slow === true))
      it(rule.title, () => expect(rule.violation(agent)).toBeUndefined());
  });
}
