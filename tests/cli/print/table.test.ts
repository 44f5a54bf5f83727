import { describe, expect, it } from "vitest";
import { leaderboardText } from "#icrl/cli/print/leaderboard.js";
import { paintFor, plain } from "#icrl/cli/print/paint.js";
import { textTable } from "#icrl/cli/print/table.js";
import { digitsForError } from "#icrl/common/digits.js";
import { fixedNumber, shortNumber } from "#icrl/jobs/report/numbers.js";
import { e1, madeUpResults, riverSwim } from "../../support/made-up-results.js";

describe("a text table", () => {
  it("puts text to the left, numbers to the right, and leaves no blanks at line ends", () => {
    const columns = [{ title: "name" }, { title: "regret", align: "right" as const }, { title: "note" }];
    expect(
      textTable(columns, [
        ["a", "1.0", ""],
        ["longer", "10,000.0", "x"],
      ]),
    ).toBe(["name      regret  note", "a            1.0", "longer  10,000.0  x", ""].join("\n"));
  });

  it("does not count what paints a cell as width", () => {
    const paint = paintFor({ isTTY: true }, {});
    const painted = textTable(
      [{ title: "n", align: "right" }, { title: "m" }],
      [
        [paint.bold("1"), "2"],
        ["10", "3"],
      ],
      paint,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: paint is made of them
    expect(painted.replace(/\x1b\[\d+m/g, "")).toBe(" n  m\n 1  2\n10  3\n");
  });

  it("is its titles when there are no rows, and refuses a row of another length", () => {
    expect(textTable([{ title: "a" }, { title: "b" }], [])).toBe("a  b\n");
    expect(() => textTable([{ title: "a" }], [["1", "2"]])).toThrow("a row of 2 cells in 1 columns");
  });
});

describe("paint", () => {
  it("is for terminals only, and NO_COLOR turns it off", () => {
    expect(paintFor({ isTTY: true }, {}).bold("x")).toBe("\x1b[1mx\x1b[22m");
    expect(paintFor({ isTTY: true }, { NO_COLOR: "1" })).toBe(plain);
    expect(paintFor({ isTTY: false }, {})).toBe(plain);
    expect(paintFor({}, {})).toBe(plain);
  });
});

describe("the leaderboard", () => {
  it("lists each task's entrants best first, with points below points and forfeits explained", () => {
    const [ucb, thompson, emp, uniform] = e1.agents;
    const forfeited = { ...emp, forfeits: 20, forfeit_reason: "ACT_TIMEOUT" };
    const text = leaderboardText(madeUpResults([{ ...e1, agents: [uniform, thompson, forfeited, ucb] }, riverSwim]));
    // Values are those of made-up-results.ts; intervals by hand: 33.1 +- 1.96 * 1.2 and so on.
    expect(text.split("\n").slice(0, 7)).toEqual([
      "linear-bandit",
      "rank  name          agent          regret     95 % interval  return ± se  trials  forfeits",
      "   1  lin-ucb       lin-ucb        33.10     [30.75, 35.45]  466.9 ± 2.4     500  0",
      "   2  lin-thompson  lin-thompson   51.10     [49.24, 52.96]  448.9 ± 1.9     500  0",
      "   3  emp           emp            56.90†    [51.80, 62.00]  443.1 ± 5.2     500  20 of 500 (ACT_TIMEOUT)",
      "   4  uniform       uniform       221.70   [212.88, 230.52]  278.3 ± 9.0     500  0",
      "",
    ]);
    expect(text.split("\n")[7]).toBe("river-swim");
    expect(text.split("\n").slice(-3)).toEqual([
      "regret: mean of a trial, interval by percentile bootstrap; return: mean ± standard error",
      "† forfeited trials are in it as uniform play's exact regret; they have no return",
      "",
    ]);
    expect(leaderboardText(madeUpResults([riverSwim]))).not.toContain("†");
  });

  it("has no interval and no error of one trial", () => {
    const [agent] = e1.agents;
    const once = {
      ...agent,
      trials: 1,
      regret: { mean: 33.1, se: null, ci95: null },
      return: { mean: -466.9, se: null },
    };
    const lines = leaderboardText(madeUpResults([{ ...e1, agents: [once] }])).split("\n");
    expect(lines[2]).toBe("   1  lin-ucb  lin-ucb   33.10              –  −466.90 ± –       1  0");
  });

  it("says what was not computed, and names the family where the id differs", () => {
    const [agent] = e1.agents;
    const bare = { ...agent, regret: { ...agent.regret, ci95: null }, return: null };
    const lines = leaderboardText(madeUpResults([{ ...e1, id: "mine", agents: [bare] }])).split("\n");
    expect(lines[0]).toBe("mine (linear-bandit)");
    expect(lines[2]).toBe("   1  lin-ucb  lin-ucb   33.10              –            –     500  0");
  });
});

describe("numbers", () => {
  it("keep three significant digits and set thousands apart", () => {
    const shown = [0, 0.01234, 4.5678, 33.1049, 221.7, 1234.5, 1e6, -2.5, 500].map(shortNumber);
    expect(shown).toEqual(["0", "0.0123", "4.57", "33.1", "222", "1,235", "1,000,000", "-2.50", "500"]);
  });

  it("show an error's first two digits", () => {
    expect([0.19, 1.2, 12, 123, 0.0456, 1e-9, 0, Number.NaN].map(digitsForError)).toEqual([2, 1, 0, 0, 3, 4, 2, 2]);
    expect(fixedNumber(1234567.891, 2)).toBe("1,234,567.89");
    expect(fixedNumber(0.5, 4)).toBe("0.5000");
  });
});
