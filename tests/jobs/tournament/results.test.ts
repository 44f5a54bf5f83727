import { describe, expect, it } from "vitest";
import { printJson } from "#icrl/cli/print/json.js";
import { jsonText } from "#icrl/common/json-text.js";
import { resultsJson } from "#icrl/jobs/tournament/results.js";
import { TournamentResults, TournamentState } from "#icrl/proto/gen/icrl/v1/tournament.js";

const message: TournamentResults = {
  tasks: [
    {
      id: "e1",
      task: "linear-bandit",
      options: { dim: 5, theta: "uniform01" },
      agents: [
        {
          name: "ucb",
          agent: "lin-ucb",
          options: { alpha: 2 },
          trials: 10,
          forfeits: 0,
          forfeitReason: "",
          forfeitMessage: "",
          regret: { mean: 33.5, se: 1.25, ci95Low: 31, ci95High: 36 },
          trialReturn: { mean: 400, se: 12 },
          curve: { step: [1, 2], mean: [1, 2.5], se: [0.25, 0.5] },
        },
        {
          name: "gone",
          agent: "uniform",
          options: undefined,
          trials: 10,
          forfeits: 10,
          forfeitReason: "AGENT_ABSENT",
          forfeitMessage: "no session under this name for 60000 ms",
          regret: { mean: 222, se: 4.5 },
          trialReturn: undefined,
          curve: { step: [1, 2], mean: [111, 222], se: [2.25, 4.5] },
        },
      ],
      uniformRegret: 222,
    },
  ],
  leaderboard: [
    { task: "e1", name: "ucb", rank: 1, regret: 33.5 },
    { task: "e1", name: "gone", rank: 2, regret: 222 },
  ],
  seed: 18446744073709551615n, // the largest uint64: no float64 holds it
  serverVersion: "0.1.0",
  seedKey: Buffer.from("00ff", "hex"),
};

const tournament = {
  id: "ab12",
  spec: {
    name: "demo",
    seed: 18446744073709551615n,
    trials: 10,
    tasks: [{ id: "e1", task: "linear-bandit", options: { dim: 5 } }],
    agents: [
      { name: "ucb", agent: "lin-ucb", options: { alpha: 2 }, tasks: [] },
      { name: "gone", agent: "uniform", tasks: [] },
    ],
  },
  state: TournamentState.FINISHED,
  matches: [],
};

describe("results.json", () => {
  it("is exactly the documented object", () => {
    const json = resultsJson(message, tournament, "icrl tournament run demo.yaml", { icrl: "0.2.0" });
    // The shape is docs/results.md, field by field; the values are those of the message above.
    expect(JSON.parse(jsonText(json))).toEqual({
      schema_version: 2,
      command: "icrl tournament run demo.yaml",
      versions: { icrl: "0.2.0", server: "0.1.0" },
      tournament: {
        id: "ab12",
        name: "demo",
        seed: "18446744073709551615",
        seed_key: "00ff",
        trials: 10,
        tasks: [{ id: "e1", task: "linear-bandit", options: { dim: 5 } }],
        agents: [
          { name: "ucb", agent: "lin-ucb", options: { alpha: 2 }, tasks: [] },
          { name: "gone", agent: "uniform", options: {}, tasks: [] },
        ],
      },
      tasks: [
        {
          id: "e1",
          task: "linear-bandit",
          options: { dim: 5, theta: "uniform01" },
          uniform_regret: 222,
          agents: [
            {
              name: "ucb",
              agent: "lin-ucb",
              options: { alpha: 2 },
              trials: 10,
              forfeits: 0,
              regret: { mean: 33.5, se: 1.25, ci95: [31, 36] },
              return: { mean: 400, se: 12 },
              curve: { step: [1, 2], mean: [1, 2.5], se: [0.25, 0.5] },
            },
            {
              name: "gone",
              agent: "uniform",
              options: {},
              trials: 10,
              forfeits: 10,
              forfeit_reason: "AGENT_ABSENT",
              forfeit_message: "no session under this name for 60000 ms",
              regret: { mean: 222, se: 4.5, ci95: null },
              return: null,
              curve: { step: [1, 2], mean: [111, 222], se: [2.25, 4.5] },
            },
          ],
        },
      ],
      leaderboard: [
        { task: "e1", name: "ucb", rank: 1, regret: 33.5, trials: 10, forfeits: 0 },
        { task: "e1", name: "gone", rank: 2, regret: 222, trials: 10, forfeits: 10 },
      ],
    });
  });

  it("is the same of a message that went over the wire", () => {
    const decoded = TournamentResults.decode(TournamentResults.encode(message).finish());
    expect(resultsJson(decoded, tournament, "", {})).toEqual(resultsJson(message, tournament, "", {}));
  });

  it("has null, not NaN and not 0, for what one trial does not tell", () => {
    const once = structuredClone(message);
    const [agent] = once.tasks[0].agents;
    agent.regret = { mean: 33.5, se: Number.NaN };
    agent.trialReturn = { mean: 400, se: Number.NaN };
    agent.curve = { step: [1, 2], mean: [1, 2.5], se: [Number.NaN, Number.NaN] };
    const text = jsonText(
      resultsJson(TournamentResults.decode(TournamentResults.encode(once).finish()), tournament, "", {}),
    );
    expect(JSON.parse(text).tasks[0].agents[0]).toMatchObject({
      regret: { mean: 33.5, se: null, ci95: null },
      return: { mean: 400, se: null },
      curve: { step: [1, 2], mean: [1, 2.5], se: [null, null] },
    });
  });

  it("has null, not NaN, for the mean return of no trials", () => {
    const nothing = structuredClone(message);
    nothing.tasks[0].agents[0].trialReturn = { mean: Number.NaN, se: Number.NaN };
    expect(resultsJson(nothing, tournament, "", {}).tasks[0].agents[0].return).toBeNull();
  });

  it("is refused of a message without regret", () => {
    const broken = structuredClone(message);
    broken.tasks[0].agents[0].regret = undefined;
    expect(() => resultsJson(broken, tournament, "", {})).toThrow(
      expect.objectContaining({ reason: "MALFORMED_MESSAGE" }),
    );
  });
});

describe("JSON output", () => {
  it("writes a bigint as its decimal digits, wherever it is, and ends with a newline", () => {
    const writes: string[] = [];
    printJson({ write: (text) => writes.push(text) }, { seed: 2n ** 64n - 1n, list: [1n, 2] });
    const written = writes.join("");
    expect(written.endsWith("}\n")).toBe(true);
    expect(JSON.parse(written)).toEqual({ seed: "18446744073709551615", list: ["1", 2] });
  });
});
