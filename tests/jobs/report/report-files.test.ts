import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { looksOf } from "#icrl/jobs/charts/looks.js";
import { pngFromSvg } from "#icrl/jobs/charts/picture.js";
import type { Picture } from "#icrl/jobs/report/document.js";
import { htmlPage } from "#icrl/jobs/report/html-page.js";
import { markdownPage } from "#icrl/jobs/report/markdown.js";
import { drawPictures } from "#icrl/jobs/report/pictures.js";
import { reportDocument } from "#icrl/jobs/report/report-document.js";
import { reportView } from "#icrl/jobs/report/report-view.js";
import { writeReport } from "#icrl/jobs/report/write-report.js";
import type { ResultsJson, TaskJson } from "#icrl/jobs/tournament/results.js";
import { e1, madeUpAgent, madeUpResults, riverSwim } from "../../support/made-up-results.js";
import { madeUpStatistics } from "./made-up-statistics.js";

const EVIL = `<script>alert("1")</script> & | *x* \`y\` id="clip0`;
const folder = mkdtempSync(join(tmpdir(), "icrl-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A report's texts and pictures, as they are in its files. */
interface Report {
  readonly html: string;
  readonly markdown: string;
  /** SVG by name. */
  readonly pictures: ReadonlyMap<string, string>;
}

/** The report without its files: a picture's PNG takes longer than all else. */
async function report(results: ResultsJson): Promise<Report> {
  const view = reportView(results, madeUpStatistics(results));
  const pictures: Picture[] = [];
  for await (const picture of drawPictures(view)) pictures.push(picture);
  const document = reportDocument(view, pictures);
  return {
    html: htmlPage(document),
    markdown: markdownPage(document),
    pictures: new Map(pictures.map(({ name, svg }) => [name, svg])),
  };
}

const withUniform = (task: TaskJson): TaskJson => ({ ...task, uniform_regret: 335 });

/** Two tasks, an entrant and a task with names that are markup, and a forfeit. */
const [first, ...others] = e1.agents;
const small = madeUpResults([
  withUniform({
    ...e1,
    id: `a <task> & ${"x".repeat(90)}`,
    agents: [
      { ...first, name: EVIL, forfeits: 3, forfeit_reason: "ACT_TIMEOUT", forfeit_message: "no <answer> within 5 s" },
      ...others,
    ],
  }),
  withUniform(riverSwim),
]);

describe("a report", () => {
  let made: Report;
  beforeAll(async () => {
    made = await report(small);
  });

  it("is a page without script, and without a request: no address but those within the page", () => {
    expect(made.html).not.toMatch(/<script/i);
    expect(made.html).not.toMatch(/<(link|iframe|img|object|embed|base)\b|@import/i);
    const addresses = [...made.html.matchAll(/(?:\b(?:src|href|xlink:href)="|url\()([^")]*)/g)].map(
      ([, address]) => address,
    );
    expect(addresses.length).toBeGreaterThan(10);
    for (const address of addresses) expect(address).toMatch(/^(#|data:font\/ttf;base64,)/);
  });

  it("shows a name that is markup as the text it is, on the page, in Markdown and in pictures", () => {
    const shown = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; | *x* `y` id=&quot;clip0";
    expect(made.html).toContain(`<th scope="row">${shown} †</th>`);
    const outside = made.markdown.replaceAll(/^```\n[\s\S]*?^```$/gm, ""); // between fences everything is text
    expect(outside).not.toMatch(/<(?!\/?(details|summary)>)/);
    expect(made.markdown).toContain(
      '| &lt;script&gt;alert("1")&lt;/script&gt; &amp; \\| \\*x\\* \\`y\\` id="clip0 † |',
    );
    for (const svg of made.pictures.values()) expect(svg).not.toMatch(/<script/i);
  });

  it("closes every element that it opens, in order", () => {
    const open: string[] = [];
    for (const [, closes, name, empty] of made.html.matchAll(/<(\/?)([a-zA-Z][\w-]*)(?:\s[^<>]*?)?(\/?)>/g)) {
      if (name === "meta" || empty === "/") continue;
      if (closes === "/") expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it("has headings one below another, tables with captions, and pictures with a text for who cannot see them", () => {
    expect(made.html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(made.html.match(/<h1/g)?.length).toBe(1);
    expect(made.html.match(/<caption>/g)?.length).toBe(made.html.match(/<table>/g)?.length);
    const pictures = [...made.html.matchAll(/<svg\b[^>]*>/g)].map(([tag]) => tag);
    // Scores, profiles and ratings of those that play the one task and of those that play the other; pairs, and two of each task.
    expect(pictures.length).toBe(11);
    for (const tag of pictures) expect(tag).toMatch(/^<svg role="img" aria-label="[^"]{20,}"/);
  });

  it("gives the parts of its pictures names that differ: all of them stand in one page", () => {
    const ids = [...made.html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, used] of made.html.matchAll(/url\(#([^)]*)\)/g)) expect(ids).toContain(used);
    for (const [, target] of made.html.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
  });

  it("is the same bytes every time, and replaces the one before but no file of somebody else", async () => {
    const out = join(folder, "small");
    const pictures = join(out, "pictures");
    mkdirSync(pictures, { recursive: true });
    writeFileSync(join(pictures, "regret-7-gone.svg"), "of an earlier report");
    writeFileSync(join(pictures, "holiday.png"), "mine");
    const again = structuredClone(small);
    await writeReport(again, madeUpStatistics(again), out);
    const read = (file: string) => readFileSync(join(out, file), "utf8");
    expect(read("report.html")).toBe(made.html);
    expect(read("report.md")).toBe(made.markdown);
    expect(JSON.parse(read("statistics.json"))).toEqual(madeUpStatistics(small));
    const files = [...made.pictures.keys()].flatMap((name) => [`${name}.svg`, `${name}.png`]);
    expect(readdirSync(pictures).sort()).toEqual([...files, "holiday.png"].sort());
    for (const [name, svg] of made.pictures) expect(read(`pictures/${name}.svg`)).toBe(svg);
    const scores = made.pictures.get("scores") as string;
    expect(readFileSync(join(pictures, "scores.png")).equals(pngFromSvg(scores))).toBe(true);
  });

  it("has a link in Markdown for every picture that is there", () => {
    const linked = [...made.markdown.matchAll(/!\[[^\]]*\]\(pictures\/([\w-]+)\.svg\)/g)].map(([, name]) => name);
    expect(linked.sort()).toEqual([...made.pictures.keys()].sort());
  });

  it("tells of forfeits with their reason and message, and of none where there were none", async () => {
    expect(made.html).toContain("<td>ACT_TIMEOUT</td>");
    expect(made.html).toContain("no &lt;answer&gt; within 5 s");
    expect(made.html).toContain('<td class="number">3 of 500</td>');
    const none = await report(madeUpResults([withUniform(riverSwim)]));
    expect(none.html).toContain("None: every trial was played to its end.");
    expect(none.markdown).toContain("None: every trial was played to its end.");
  });

  it("ranks only those together that play the same tasks, and says so", () => {
    // Uniform play alone plays both tasks.
    expect(made.markdown).toContain("there is no ranking of them all");
    const tables = made.markdown.split("## Who beats whom")[0].split("### Who plays ").slice(1);
    const ranks = tables.map((table) =>
      [...table.matchAll(/^\| (\d+|–) \| ([\w-]+)/gm)].map(([, rank, name]) => [rank, name]),
    );
    const long = `a &lt;task&gt; &amp; ${"x".repeat(90)}`;
    expect(tables.map((table) => table.split("\n")[0])).toEqual([long, "river-swim", `${long}, river-swim`]);
    expect(ranks.slice(1)).toEqual([
      [
        ["1", "ucbvi-bernstein"],
        ["2", "ucbvi-hoeffding"],
        ["3", "q-learning"],
      ],
      [["–", "uniform"]],
    ]);
    expect(tables[2]).toMatch(/^\| – \| uniform .* \| – \|$/m); // and no rating
    // Each task's own table ranks all that play it.
    expect(made.markdown.split("### river-swim")[1].split("## Failures")[0]).toMatch(/^\| 4 \| uniform /m);
  });

  it("gives equal means one rank, over all tasks and on each", async () => {
    const [ucb, ...others] = e1.agents;
    const twice = { ...e1, agents: [ucb, { ...ucb, name: "twin" }, ...others] };
    const { markdown, html } = await report(madeUpResults([withUniform(twice)]));
    const ranks = [...markdown.matchAll(/^\| (\d+) \| ([\w-]+) \|/gm)].map(([, rank, name]) => `${rank} ${name}`);
    const expected = ["1 lin-ucb", "1 twin", "3 lin-thompson", "4 emp", "5 uniform"];
    expect(ranks).toEqual([...expected, ...expected]); // the leaderboard and the task's table
    expect(html).not.toContain("there is no ranking of them all");
  });

  it("marks figures with forfeited trials in every table and every picture that has them", () => {
    const shown = '&lt;script&gt;alert("1")&lt;/script&gt;';
    for (const name of ["scores", "profiles", "ratings", "pairs"]) {
      expect(made.pictures.get(name), name).toContain(">3 of 500 forfeited<");
    }
    const [curves] = [...made.pictures].find(([name]) => name.startsWith("regret-1-")) ?? [""];
    expect(made.pictures.get(curves)).toMatch(/>33\.1 \(3 of 500 forfeited\)</);
    for (const name of ["scores-2", "profiles-2", "regret-2-river-swim"]) {
      expect(made.pictures.get(name), name).not.toContain("forfeited");
    }
    const rows = made.markdown.split("\n").filter((line) => line.startsWith("|") && line.includes(shown));
    const marked = rows.filter((line) => line.includes("clip0 † |"));
    expect(marked.length).toBe(rows.length - 2); // all but the list of failures, which is about it, and that of entrants
    expect(made.markdown).toContain("†: forfeited trials are in the figures, each as uniform play's exact regret.");
    expect(made.markdown).toContain("(3 of 500 forfeited) 0.90"); // in the text for who cannot see the picture: 1 - 33.1 / 335
  });

  it("has dashes for what one trial does not tell, and pictures without intervals", async () => {
    const once = e1.agents.map((agent) => ({
      ...agent,
      trials: 1,
      regret: { ...agent.regret, se: null, ci95: null },
      return: agent.return && { ...agent.return, se: null },
      curve: { ...agent.curve, se: agent.curve.se.map(() => null) },
    }));
    const one = madeUpResults([withUniform({ ...e1, agents: once })]);
    const { html, markdown, pictures } = await report({ ...one, tournament: { ...one.tournament, trials: 1 } });
    expect(html + markdown).not.toMatch(/NaN|undefined|null|Infinity/);
    expect(markdown).toContain("| 1 | lin-ucb | 33.10 \\[–\\] | – | ");
    expect(markdown).toContain("466.90 ± –");
    expect(markdown).toContain("Mean cumulative regret, of one trial.");
    for (const [name, svg] of pictures) expect(svg, name).not.toMatch(/fill-opacity="0\.(2|13)"|NaN|null/);
  });

  it("says what other intervals there are: of other resamples, and of an earlier version's results", async () => {
    const results = madeUpResults([withUniform(riverSwim)]);
    const said = async (of: ResultsJson, resamples: number) => {
      const view = reportView(of, { ...madeUpStatistics(of), resamples });
      return markdownPage(reportDocument(view, []));
    };
    expect(await said(results, 2000)).toContain("results.json has the same ones of the mean regrets.");
    expect(await said(results, 100)).toContain("those of results.json and of the terminal come from 2,000.");
    expect(await said({ ...results, schema_version: 1 }, 2000)).toContain(
      "results.json, of an earlier version, has others",
    );
  });

  it("says how to make it again", () => {
    expect(made.html).toContain("<code>icrl tournament run demo.yaml --out demo</code>");
    expect(made.html).toContain("<code>npx icrl tournament report DIR</code>");
    expect(made.markdown).toContain("2,000 resamples");
    expect(made.markdown).toContain("drawn with seed 7");
  });

  it("draws an entrant in one colour in every picture: that of its place in the tournament", () => {
    const looks = looksOf(small.tournament.agents.map(({ name }) => name));
    const colours = (names: readonly string[]) => names.map((name) => looks.get(name)?.colour);
    const strokes = (picture: string) =>
      [...(made.pictures.get(picture) ?? "").matchAll(/<path [^>]*stroke="(#\w+)"[^>]*stroke-width="2"/g)].map(
        ([, stroke]) => stroke,
      );
    const markers = (picture: string) =>
      [...(made.pictures.get(picture) ?? "").matchAll(/<path transform="[^>]*fill="(#\w+)"/g)].map(([, fill]) => fill);
    const river = colours(riverSwim.agents.map(({ name }) => name));
    expect(river).not.toContain(looks.get("lin-thompson")?.colour);
    for (const picture of ["regret-2-river-swim", "regret-2-river-swim-log"]) expect(strokes(picture)).toEqual(river);
    const [, { drawn }] = reportView(small, madeUpStatistics(small)).groups; // of whom nobody forfeited: no open markers
    const own = colours(drawn.map(({ name }) => name));
    expect(strokes("profiles-2")).toEqual(own);
    expect(markers("scores-2").slice(0, drawn.length)).toEqual(own);
    expect(markers("ratings-2")).toEqual(own); // made up: in the order of the scores
  });
});

describe("a large report", () => {
  const steps = Array.from({ length: 200 }, (_, i) => i + 1);
  /** 60 entrants, the first the worst. */
  const results = madeUpResults([
    {
      ...e1,
      uniform_regret: 220,
      agents: Array.from({ length: 60 }, (_, i) => madeUpAgent(`agent-${i}`, steps, 200 - 3 * i, 30 + i, 1)),
    },
  ]);
  let made: Report;
  beforeAll(async () => {
    made = await report(results);
  });

  it("draws the entrants that are compared, says so, and has all in its tables", () => {
    const names = (svg: string) => [...svg.matchAll(/>(?:[A-Z] +)?(agent-\d+)</g)].map(([, name]) => name).sort();
    const best = Array.from({ length: 20 }, (_, i) => `agent-${40 + i}`).sort();
    for (const svg of made.pictures.values()) expect(names(svg)).toEqual(best);
    expect(made.html).toContain("The best 20 of 60 entrants by mean score.");
    expect(made.html).toContain('<th scope="row">agent-0</th>');
    expect(made.html).toContain("<summary>All 60 rows</summary>");
  });

  it("gives the 20 that are drawn looks that differ", () => {
    const lines = [
      ...(made.pictures.get("profiles") ?? "").matchAll(/<path [^>]*stroke="(#\w+)"[^>]*stroke-width="2"[^>]*>/g),
    ];
    const looks = lines.map(([line, colour]) => `${colour} ${/stroke-dasharray="([^"]*)"/.exec(line)?.[1] ?? ""}`);
    expect(new Set(looks).size).toBe(20);
  });

  it("does not grow with who is not drawn, but for the tables' rows", async () => {
    const fewer = {
      ...results,
      tasks: results.tasks.map((task) => ({ ...task, agents: task.agents.slice(30) })),
      tournament: { ...results.tournament, agents: results.tournament.agents.slice(30) },
    };
    const half = await report(fewer);
    expect([...half.pictures.keys()]).toEqual([...made.pictures.keys()]);
    // Leaderboard, task and list of entrants have 30 rows less, of at most 600 bytes.
    expect(made.html.length - half.html.length).toBeLessThan(3 * 30 * 600);
    expect(made.html.length).toBeGreaterThan(half.html.length);
  });
});

it("is there for a tournament of one entrant, of one trial, and of no task that anybody plays", async () => {
  const one = madeUpResults([{ ...withUniform(e1), agents: [madeUpAgent("alone", [1], 0.5, 1, 0)] }]);
  const alone = await report(one);
  expect(alone.pictures.has("pairs")).toBe(false);
  const nobody = await report(madeUpResults([{ ...withUniform(e1), agents: [] }]));
  for (const { html, markdown } of [alone, nobody]) expect(html + markdown).not.toMatch(/NaN|undefined|Infinity/);
});
