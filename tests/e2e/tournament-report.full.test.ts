/** `icrl tournament report` on what `icrl tournament run` left. Its files' fields are in docs/results.md. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { icrlHere, refusalHere } from "../support/icrl-here.js";
import { shape } from "../support/shape.js";
import { tournamentFile } from "../support/tournament-file.js";
import { type Ended, icrl, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const played = path("played");
let reported: Ended;
beforeAll(async () => {
  const file = tournamentFile(folder.path, { trials: 8 });
  expect((await icrl("tournament", "run", file, "--out", played)).code).toBe(0);
  reported = await icrl("tournament", "report", played, "--resamples", "100");
});

test("leaves a page, a text, statistics and pictures beside the results, and says where", () => {
  expect(reported.code).toBe(0);
  expect(reported.stdout).toContain(join(played, "report.html"));
  expect(reported.stderr).toContain("resampling the trials 100 times");
  expect(readdirSync(played)).toEqual(
    expect.arrayContaining(["results.json", "report.html", "report.md", "statistics.json", "pictures"]),
  );
  const pictures = ["pairs", "profiles", "ratings", "regret-1-e1", "regret-1-e1-log", "scores"];
  expect(readdirSync(join(played, "pictures")).sort()).toEqual(
    pictures.flatMap((name) => [`${name}.png`, `${name}.svg`]).sort(),
  );
  const page = readFileSync(join(played, "report.html"), "utf8");
  expect(page).toContain("2 entrants · 1 task · 8 trials of each match · seed 1");
  expect(page).toContain(`node dist/cli/main.js tournament run ${folder.path}`);
  expect(page).toContain("icrl tournament report DIR --resamples 100");
});

test("--json is what statistics.json holds, and --out another folder", async () => {
  const out = path("elsewhere");
  const { code, stdout } = await icrlHere("tournament", "report", played, "--resamples", "100", "--out", out, "--json");
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(document).toEqual(JSON.parse(readFileSync(join(out, "statistics.json"), "utf8")));
  expect(readFileSync(join(out, "report.html"), "utf8")).toBe(readFileSync(join(played, "report.html"), "utf8"));
  const estimated = { value: "number", ci95: ["number"] };
  const location = { mean: estimated, median: estimated, iqm: estimated };
  const score = { ...location, optimality_gap: estimated };
  expect(shape(document)).toMatchObject({
    schema_version: "number",
    resamples: "number",
    seed: "string",
    paired: "boolean",
    compared: ["string"],
    tasks: [
      {
        id: "string",
        trials: "number",
        uniform_regret: "number",
        agents: [{ name: "string", rank: "number", forfeits: "number", regret: location, score }],
        pairs: [{ a: "string", b: "string", probability_of_improvement: "number", regret_difference: estimated }],
      },
    ],
    overall: {
      groups: [{ tasks: ["string"], agents: ["string"] }],
      agents: [
        {
          name: "string",
          tasks: "number",
          trials: "number",
          forfeits: "number",
          rank: "number",
          score,
          rating: { value: "number", ci95: null }, // the first won or lost every trial: no resample differs
          profile: { fraction: ["number"], low: ["number"], high: ["number"] },
        },
      ],
      tau: ["number"],
      pairs: [{ a: "string", b: "string", probability_of_improvement: estimated, score_difference: estimated }],
    },
  });
  expect(document).toMatchObject({ resamples: 100, seed: "1", paired: true });
});

test("a folder without a tournament is refused in one line, and nothing is written", async () => {
  expect(await refusalHere("tournament", "report", path("nothing"))).toMatch(
    /^TOURNAMENT_UNKNOWN: there is no tournament in /,
  );
  expect(existsSync(path("nothing"))).toBe(false);
});
