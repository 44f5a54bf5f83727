import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { intervalChart } from "#icrl/jobs/charts/interval-chart.js";
import { looksOf } from "#icrl/jobs/charts/looks.js";
import { pairChart } from "#icrl/jobs/charts/pair-chart.js";
import { chartSvg } from "#icrl/jobs/charts/picture.js";
import { profileChart } from "#icrl/jobs/charts/profile-chart.js";
import { layOutPanel, panelHeight } from "#icrl/jobs/charts/regret-panel.js";
import { tournamentFile } from "#icrl/jobs/report/played-section.js";
import { readTournamentFile } from "#icrl/jobs/tournament/tournament-file.js";
import type { Estimated } from "#icrl/statistics/tournament-statistics.js";
import { e1, madeUpAgent } from "../../support/made-up-results.js";

const look = (name: string) => looksOf([name]).get(name) ?? { colour: "", dash: [], marker: "" };

test("28 entrants have looks that differ", () => {
  const names = Array.from({ length: 28 }, (_, i) => String(i));
  const looks = [...looksOf(names).values()].map(({ colour, dash }) => `${colour} ${dash}`);
  expect(new Set(looks).size).toBe(28);
});

test("at log-spaced steps a curve has its first and its last step, and few of those that lie close together", () => {
  const steps = Array.from({ length: 2000 }, (_, i) => i + 1);
  const task = { ...e1, agents: [madeUpAgent("a", steps, 40, 20, 1)] };
  const looks = looksOf(["a"]);
  const { lines, steps: axis } = layOutPanel(task, looks, panelHeight([task], looks), "log");
  const points = lines[0].points.map(({ x }) => x);
  expect([axis.first, axis.last, points[0], points.at(-1)]).toEqual([1, 2000, 1, 2000]);
  expect(points.length).toBeLessThanOrEqual(60);
  expect(points.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
  // By hand: 60 points over log10(2000) = 3.30 decades are a factor of 1.137 apart, once that is more than a step.
  const late = points.filter((x) => x > 20);
  for (let i = 1; i < late.length; i++) expect(late[i] / late[i - 1]).toBeLessThan(1.137 * 1.05);
  expect(axis.ticks).toEqual([1, 10, 100, 1000]);
});

test("a panel grows with its lines, so that every label finds room", () => {
  const steps = [1, 2];
  const agents = Array.from({ length: 28 }, (_, i) => madeUpAgent(String(i), steps, 1 + i / 100, 1, 0));
  const looks = looksOf(agents.map(({ name }) => name));
  const task = { ...e1, agents };
  const height = panelHeight([task], looks);
  const labels = layOutPanel(task, looks, height).lines.map(({ labelY }) => labelY);
  expect(Math.max(...labels)).toBeLessThanOrEqual(height);
  expect(panelHeight([e1], looksOf(e1.agents.map(({ name }) => name)))).toBe(230);
});

test("intervals outside the bounds are marked at the edge, and what there is none of is said", async () => {
  const svg = await chartSvg(
    intervalChart({
      title: "Scores",
      rows: ["in", "below", "none"].map((name) => ({ name, look: look(name) })),
      panels: [
        {
          title: "Mean",
          values: [{ value: 0.5, ci95: [0.4, 0.6] }, { value: -9, ci95: [-10, -8] }, null],
          bounds: [-0.5, Infinity],
        },
      ],
      panelWidth: 200,
    }),
  );
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  expect(svg).toContain(">none<");
  const labels = [...svg.matchAll(/>([−\d.]+)<\/text>/g)].map(([, text]) => Number(text.replace("−", "-")));
  expect(Math.min(...labels)).toBe(-0.4); // the axis ends at -0.5, not at -10
  const all = {
    title: "x",
    values: [{ value: -9, ci95: [-10, -8] as [number, number] }],
    bounds: [-1, 1] as [number, number],
  };
  expect(
    await chartSvg(
      intervalChart({ title: "x", rows: [{ name: "a", look: look("a") }], panels: [all], panelWidth: 100 }),
    ),
  ).not.toMatch(/NaN/);
});

test("an axis far from 0 has the numbers of its own stretch, each where it is drawn", async () => {
  const rows = ["low", "high"].map((name) => ({ name, look: look(name) }));
  const values = [
    { value: 0.75, ci95: [0.72, 0.78] as const },
    { value: 0.85, ci95: [0.82, 0.88] as const },
  ];
  const svg = await chartSvg(intervalChart({ title: "x", rows, panels: [{ title: "Mean", values }], panelWidth: 200 }));
  const labels = [...svg.matchAll(/translate\(([\d.]+),[\d.]+\)[^>]*>(0\.\d+)<\/text>/g)].map(([, x, text]) => [
    Number(x),
    Number(text),
  ]);
  // By hand: 0.72 to 0.88 and 4 % of room on either side, 0.7136 to 0.8864, on 200 pixels; ticks stand half a pixel in.
  expect(labels.length).toBeGreaterThan(2);
  for (const [x, number] of labels) expect(Math.abs(x - ((number - 0.7136) / 0.1728) * 200)).toBeLessThan(1.01);
});

test("a pair is in the matrix from both sides, coloured and bold where its interval excludes one half", async () => {
  const pair = (a: string, b: string, value: number, error: number) => ({
    a,
    b,
    probability_of_improvement: { value, ci95: [value - error, value + error] as [number, number] },
    score_difference: { value: 0, ci95: [0, 0] as [number, number] },
  });
  const entrants = ["a", "b", "c"].map((name) => ({ name, trials: 9, forfeits: name === "b" ? 3 : 0 }));
  const svg = await chartSvg(pairChart(entrants, [pair("a", "b", 0.7, 0.1), pair("c", "a", 0.45, 0.1)]));
  const weights = new Map(
    [...svg.matchAll(/<text [^>]*?(font-weight="700")?[^>]*?>(0\.\d\d)<\/text>/g)].map(([tag, , text]) => [
      text,
      tag.includes('font-weight="700"'),
    ]),
  );
  expect([...weights].sort()).toEqual([
    ["0.30", true],
    ["0.45", false],
    ["0.55", false],
    ["0.70", true],
  ]);
  expect(svg.match(/fill="#eeeeee"/g)?.length).toBe(5); // the diagonal, and b against c from both sides
  expect(svg).toContain(">3 of 9 forfeited<");
  expect(svg).toContain(">B  b<"); // letters: a number would look like a rank
  const unknown = { ...pair("a", "b", 1, 0), probability_of_improvement: { value: 1, ci95: null } };
  expect(await chartSvg(pairChart(entrants, [unknown]))).not.toMatch(/font-weight="700"[^>]*>[01]\.\d\d</);
});

test("a value without an interval is a marker alone, and an open one has forfeited trials in it", async () => {
  const chart = (value: Estimated, note?: string) =>
    chartSvg(
      intervalChart({
        title: "x",
        rows: [{ name: "a", look: look("a"), ...(note === undefined ? {} : { note }) }],
        panels: [{ title: "Mean", values: [value] }],
        panelWidth: 100,
      }),
    );
  const rules = (svg: string) => [...svg.matchAll(/<line [^>]*stroke="#0072B2"/g)].length;
  const known = await chart({ value: 1, ci95: [0, 2] });
  const unknown = await chart({ value: 1, ci95: null });
  expect([rules(known), rules(unknown)]).toEqual([3, 0]); // the interval and its two ends
  expect(known).toContain(">95 % bootstrap intervals<");
  expect(unknown).toContain(">No intervals: one trial gives none<");
  expect(unknown).toMatch(/<path [^>]*fill="#0072B2"/);
  const forfeited = await chart({ value: 1, ci95: [0, 2] }, "2 of 9 forfeited");
  expect(forfeited).toContain(">2 of 9 forfeited<");
  expect(forfeited).toMatch(/<path [^>]*fill="white"[^>]*stroke="#0072B2"/);
});

test("profiles of few trials have wide bands, those of one have none, and forfeits stand in the legend", async () => {
  const tau = [0, 0.5, 1];
  const profile = { fraction: [1, 0.5, 0], low: [0.6, 0.3, 0], high: [1, 0.7, 0.4] };
  const svg = (forfeits: number, low: number[] | null) =>
    chartSvg(
      profileChart(tau, [[{ name: "a", trials: 9, forfeits, profile: { ...profile, low, high: low } }, look("a")]]),
    );
  const several = await svg(0, profile.low);
  expect(several).toMatch(/fill-opacity="0\.13"/);
  expect(several).toContain(">Bands: pointwise 95 % Wilson intervals<");
  const alone = await svg(2, null);
  expect(alone).not.toMatch(/fill-opacity="0\.13"/);
  expect(alone).toContain(">2 of 9 forfeited<");
  expect(alone).toContain(">No bands: one trial gives none; open: forfeited trials count as uniform play<");
});

test("the tournament's file in a report is one that can be played", () => {
  const folder = mkdtempSync(join(tmpdir(), "icrl-tournament-file-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "tournament.yaml");
  const spec = {
    id: "0",
    name: "no: `yaml` # here",
    seed: "18446744073709551615", // 2^64 - 1
    seed_key: "12e4", // no number
    trials: 5,
    tasks: [
      { id: "a", task: "linear-bandit", options: { dim: 3 } },
      { id: "1e3", task: "river-swim", options: {} },
    ],
    agents: [
      { name: "null", agent: "uniform", options: {}, tasks: ["a"] },
      { name: "emp", agent: "emp", options: {}, tasks: [] },
    ],
  };
  writeFileSync(file, tournamentFile(spec));
  const { id: _, seed_key: seedKey, ...expected } = spec;
  const launches = new Map();
  const taskSources = { files: [], modules: [] };
  expect(readTournamentFile(file)).toEqual({
    spec: { ...expected, seed: 2n ** 64n - 1n },
    seedKey,
    launches,
    taskSources,
  });
  expect(parseYaml(tournamentFile(spec)).agents[1]).toEqual({ name: "emp", agent: "emp" });
});
