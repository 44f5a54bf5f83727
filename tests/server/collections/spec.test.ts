import { expect, test } from "vitest";
import { checkCollection } from "#icrl/server/collections/spec.js";
import { collected, limitsOf, specOf } from "./collected.js";

const [swim, arms] = specOf().tasks;
const [random, guided] = specOf().behaviours;

test("a checked spec has its tasks built, and the server's own behaviour every option", () => {
  const { name, seed, tasks, behaviours } = collected();
  expect({ name, seed }).toEqual({ name: "test", seed: 7n });
  expect(tasks.map(({ id, task, options, trials }) => [id, task.name, task.horizon, options, trials])).toEqual([
    ["swim", "river-swim", 5, { states: 4, horizon: 5, episodes: 3 }, 6],
    ["arms", "bernoulli-bandit", 4, { arms: 3, horizon: 4 }, 2],
  ]);
  expect(behaviours).toEqual([
    { name: "random", agent: "uniform", options: {}, weight: 1 },
    { name: "guided", agent: "oracle-noise", options: { start: 1, end: 0.5 }, weight: 3 },
  ]);
});

test("the id follows from everything but the numbers of trials, and from options as they are meant", () => {
  const { id } = collected();
  expect(id).toBe("6126f665a594c0a06d1e50d2383c7f2b");
  const same = [
    { tasks: [{ ...swim, trials: 600 }, arms] },
    { behaviours: [random, { ...guided, options: { end: 0.5, start: 1 } }] },
    { tasks: [{ ...swim, options: { episodes: 3, horizon: 5, states: 4 } }, arms] },
  ];
  for (const members of same) expect(collected(members).id, JSON.stringify(members)).toBe(id);
  const others = [
    { name: "other" },
    { seed: 8n },
    { tasks: [swim] },
    { tasks: [arms, swim] },
    { tasks: [{ ...swim, id: "river" }, arms] },
    { tasks: [{ ...swim, options: { ...swim.options, horizon: 6 } }, arms] },
    { behaviours: [{ ...random, weight: 2 }, guided] },
    { behaviours: [{ ...random, name: "r" }, guided] },
    { behaviours: [{ ...random, agent: "emp" }, guided] },
    { behaviours: [random, { ...guided, options: { end: 0.25 } }] },
    { behaviours: [guided, random] },
  ].map((members) => collected(members).id);
  expect(new Set([id, ...others]).size).toBe(others.length + 1);
});

test.each([
  ["no spec", undefined, /^no spec: send name, seed, tasks and behaviours$/],
  ["no name", specOf({ name: "" }), /^name is ""/],
  ["no tasks", specOf({ tasks: [] }), /^tasks has 0 entries: give 1 to 1000$/],
  ["a task twice", specOf({ tasks: [swim, { ...arms, id: "swim" }] }), /"swim"/],
  ["no behaviours", specOf({ behaviours: [] }), /^behaviours has 0 entries/],
  ["a behaviour twice", specOf({ behaviours: [random, { ...guided, name: "random" }] }), /"random"/],
  ["no trials", specOf({ tasks: [{ ...swim, trials: 0 }] }), /^trials of task "swim" is 0: give at least 1$/],
  ["a weight of 0", specOf({ behaviours: [{ ...random, weight: 0 }] }), /^weight of behaviour "random" is 0: give/],
  ["a weight below 0", specOf({ behaviours: [{ ...random, weight: -1 }] }), /is -1: give a positive number$/],
  ["a weight without end", specOf({ behaviours: [{ ...random, weight: Infinity }] }), /is Infinity: give/],
  ["a weight that is none", specOf({ behaviours: [{ ...random, weight: NaN }] }), /is NaN: give/],
  ["no agent", specOf({ behaviours: [{ ...random, agent: "" }] }), /^the agent of behaviour "random" is ""/],
])("%s is refused as SPEC_INVALID", (_, spec, text) => {
  expect(() => checkCollection(spec, limitsOf())).toThrow(
    expect.objectContaining({ reason: "SPEC_INVALID", message: expect.stringMatching(text) }),
  );
});

test("options of tasks and of the server's own behaviour are checked; those of agents are for agents to judge", () => {
  const reasonOf = (members: Parameters<typeof specOf>[0]) => {
    try {
      collected(members);
      return undefined;
    } catch (error) {
      return (error as { reason?: string }).reason;
    }
  };
  expect(reasonOf({ tasks: [{ ...swim, task: "river" }] })).toBe("TASK_UNKNOWN");
  expect(reasonOf({ tasks: [{ ...swim, options: { depth: 1 } }] })).toBe("OPTION_UNKNOWN");
  expect(reasonOf({ tasks: [{ ...swim, options: { states: 1 } }] })).toBe("OPTION_INVALID");
  expect(reasonOf({ behaviours: [{ ...guided, options: { end: 2 } }] })).toBe("OPTION_INVALID");
  expect(reasonOf({ behaviours: [{ ...guided, options: { middle: 1 } }] })).toBe("OPTION_UNKNOWN");
  expect(reasonOf({ behaviours: [{ ...random, options: { middle: 1 } }] })).toBeUndefined();
});

test("a task of which no trial fits in a session is refused", () => {
  const tight = limitsOf({ max_steps_in_flight: 20 });
  expect(() => checkCollection(specOf(), tight)).toThrow(/^not one whole trial of task "swim" fits/); // 4 x 5 steps, and the curve of 3 episodes
  expect(checkCollection(specOf(), limitsOf({ max_steps_in_flight: 21 })).tasks).toHaveLength(2);
});

test("a collection of more parts or trials than there may be, or of more memory, is refused before it is built", () => {
  const tasks = (count: number, trials: number, options = {}) =>
    Array.from({ length: count }, (_, i) => ({ id: `t${i}`, task: "bernoulli-bandit", options, trials }));
  const refusal = (message: RegExp) =>
    expect.objectContaining({ reason: "REQUEST_TOO_COSTLY", message: expect.stringMatching(message) });
  expect(() => collected({ tasks: tasks(6, 2e6) })).toThrow(
    refusal(/^12000000 trials, all parts together: at most 10000000/),
  );
  const few = limitsOf({ max_matches: 3 });
  expect(() => checkCollection(specOf(), few)).toThrow(refusal(/^4 parts: at most 3/));
  // Nothing of it is built: an unknown option would be told.
  expect(() => collected({ tasks: tasks(1000, 1e6, { nothing: 1 }) })).toThrow(refusal(/^1000000000 trials/));
  const narrow = limitsOf({ max_session_bytes: 1 << 20 });
  expect(() => checkCollection(specOf({ tasks: tasks(1, 200_000) }), narrow)).toThrow(
    refusal(/would take 1\d{6} bytes of memory/),
  );
});
