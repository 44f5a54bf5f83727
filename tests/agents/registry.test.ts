import { expect, it } from "vitest";
import { agents, findAgent } from "#icrl/agents/registry.js";
import { IcrlError } from "#icrl/common/errors.js";

it("every agent is found by its name, which is in kebab-case and its own", () => {
  for (const agent of agents) {
    expect(findAgent(agent.name)).toBe(agent);
    expect(agent.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  }
});

it("every option has a name in snake_case and help", () => {
  for (const agent of agents) {
    for (const [name, row] of Object.entries(agent.options)) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(row.help).not.toBe("");
    }
  }
});

it("an unknown name is refused with the nearest one", () => {
  const failure = (name: string) => {
    try {
      findAgent(name);
    } catch (error) {
      return error as IcrlError;
    }
    throw new Error(`${name} was found`);
  };
  expect(failure("linucb").reason).toBe("AGENT_UNKNOWN");
  expect(failure("linucb").message).toContain('did you mean "lin-ucb"?');
  expect(failure("a-very-different-thing").message).toContain("ucbvi");
});
