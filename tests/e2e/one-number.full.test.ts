/** One number has one interval, and equal results have equal ones: results.json, terminal, live page and report, of one tournament. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ResultsJson } from "#icrl/jobs/tournament/results.js";
import type { TournamentView } from "#icrl/server/http/api.js";
import type { TournamentStatistics } from "#icrl/statistics/tournament-statistics.js";
import { api } from "../support/http.js";
import { startTestServer } from "../support/server.js";
import { icrl, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Twins play alike: nothing that they do is random. `alone` plays the other task. */
const spec = (trials: number) => ({
  name: "twins",
  seed: 3,
  trials,
  tasks: [
    { id: "line", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 20 } },
    { id: "river", task: "river-swim", options: { episodes: 3 } },
  ],
  agents: [
    { name: "a twin", agent: "lin-ucb", options: { first_action: "greedy" }, tasks: ["line"] },
    { name: "its twin", agent: "lin-ucb", options: { first_action: "greedy" }, tasks: ["line"] },
    { name: "alone", agent: "ucbvi", tasks: ["river"] },
    { name: "uniform", agent: "uniform" },
  ],
});

interface Played {
  readonly out: string;
  readonly stdout: string;
  readonly results: ResultsJson;
  readonly statistics: TournamentStatistics;
  readonly report: string;
}

async function play(name: string, trials: number): Promise<Played> {
  const file = join(folder.path, `${name}.json`);
  const out = join(folder.path, name);
  writeFileSync(file, JSON.stringify(spec(trials)));
  const { code, stdout, stderr } = await icrl("tournament", "run", file, "--out", out);
  expect(code, stderr).toBe(0);
  expect((await icrl("tournament", "report", out)).code).toBe(0);
  const read = (name: string) => readFileSync(join(out, name), "utf8");
  return {
    out,
    stdout,
    results: JSON.parse(read("results.json")),
    statistics: JSON.parse(read("statistics.json")),
    report: read("report.md").replaceAll("\\", ""),
  };
}

let several: Played;
let one: Played;
beforeAll(async () => {
  [several, one] = await Promise.all([play("several", 12), play("one", 1)]);
}, 120_000);

/** A server with a live page on a folder that was played in. */
async function pageOf({ out }: Played) {
  const folder = { path: out, remove() {} };
  const server = await startTestServer({}, undefined, { listen: "127.0.0.1:0" }, folder);
  onTestFinished(() => server.dispose());
  return { pageUrl: server.pageUrl as string };
}

const regretsOf = ({ tasks }: ResultsJson) =>
  tasks.flatMap(({ id, agents }) => agents.map(({ name, regret }) => ({ id, name, regret })));

test("the report's mean regrets and their intervals are those of results.json, to the last bit", () => {
  const { results, statistics } = several;
  const reported = statistics.tasks.flatMap(({ id, agents }) =>
    agents.map(({ name, regret: { mean } }) => ({ id, name, mean: mean.value, ci95: mean.ci95 })),
  );
  expect(reported.length).toBe(5);
  expect(regretsOf(results).map(({ id, name, regret: { mean, ci95 } }) => ({ id, name, mean, ci95 }))).toEqual(
    reported,
  );
});

test("terminal and report show them with the same digits", () => {
  const { stdout, report } = several;
  const shown = [...stdout.matchAll(/^ +\d+ {2}(.+?) {2}.* (\d+\.\d+) +(\[[\d., ]+\])/gm)];
  expect(shown.length).toBe(5);
  for (const [, name, mean, interval] of shown) {
    expect(report, name).toMatch(
      new RegExp(`^\\| \\d \\| ${name} \\| ${mean} \\${interval.replace(/\]$/, "\\]")} \\|`, "m"),
    );
  }
});

test("the live page has them, its ranks and as many digits", async () => {
  const { pageUrl } = await pageOf(several);
  const { tournaments } = await api<{ tournaments: { id: string }[] }>(pageUrl, "/api/overview");
  const view = await api<TournamentView>(pageUrl, `/api/tournaments/${tournaments[0].id}?task=line`);
  const standings = view.task.standings.map(({ agent, regret, ci95, rank }) => [
    view.agents[agent].name,
    regret,
    ci95,
    rank,
  ]);
  const places = several.results.leaderboard.filter(({ task }) => task === "line");
  const line = several.results.tasks.find(({ id }) => id === "line");
  expect(standings).toEqual(
    places.map(({ name, regret, rank }) => [
      name,
      regret,
      line?.agents.find((agent) => agent.name === name)?.regret.ci95,
      rank,
    ]),
  );
  const [, digits = ""] = /^ +1 {2}a twin .* \d+\.(\d+) +\[/m.exec(several.stdout) ?? [];
  expect(view.task.digits).toBe(digits.length);
});

test("twins have one rank, one interval, and differ by nothing for certain", () => {
  const { results, statistics, stdout, report } = several;
  const line = statistics.tasks.find(({ id }) => id === "line");
  const [first, second] = line?.agents ?? [];
  expect({ ...second, name: first?.name }).toEqual(first);
  const [played] = results.tasks;
  expect({ ...played.agents[1], name: "a twin" }).toEqual(played.agents[0]);
  expect(results.leaderboard.filter(({ task }) => task === "line").map(({ rank }) => rank)).toEqual([1, 1, 3]);
  expect(stdout).toMatch(/^ +1 {2}a twin .*\n +1 {2}its twin .*\n +3 {2}uniform /m);
  expect(report).toMatch(/^\| 1 \| a twin .*\n\| 1 \| its twin .*\n\| 3 \| uniform /m);
  const pair = line?.pairs.find(({ a, b }) => a === "a twin" && b === "its twin");
  expect(pair?.regret_difference).toEqual({ value: 0, ci95: [0, 0] });
  const [one, other] = statistics.overall.agents;
  expect({ ...other, name: "a twin" }).toEqual(one);
  expect([one.rank, statistics.overall.agents[2].rank, statistics.overall.agents[3].rank]).toEqual([1, null, null]);
});

test("of one trial nothing says how far off it is, in any file, on the terminal and on the page", async () => {
  const { results, statistics, stdout, report } = one;
  for (const { regret } of regretsOf(results))
    expect(regret).toEqual({ mean: expect.any(Number), se: null, ci95: null });
  for (const { agents } of results.tasks)
    for (const { curve } of agents) expect(new Set(curve.se)).toEqual(new Set([null]));
  expect(new Set(JSON.stringify(statistics).match(/"ci95":[^,}]*/g))).toEqual(new Set(['"ci95":null']));
  expect(statistics.overall.agents.every(({ profile: { low, high } }) => low === null && high === null)).toBe(true);
  expect(stdout).toMatch(/^ +\d {2}a twin +lin-ucb +\d+\.\d\d +– +−?\d+\.\d\d ± – +1 {2}0$/m);
  expect(report.split("## How to read this")[0]).not.toMatch(/\[\d|± \d(?!\.96)/);
  const { pageUrl } = await pageOf(one);
  const { tournaments } = await api<{ tournaments: { id: string }[] }>(pageUrl, "/api/overview");
  const { task } = await api<TournamentView>(pageUrl, `/api/tournaments/${tournaments[0].id}?task=line`);
  for (const { regret, se, ci95 } of task.standings) expect([typeof regret, se, ci95]).toEqual(["number", null, null]);
  for (const { se } of task.curves) expect(new Set(se)).toEqual(new Set([null]));
});
