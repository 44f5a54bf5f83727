import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { looksOf } from "#icrl/clients/cli/print/looks.js";
import { pngFromSvg } from "#icrl/clients/cli/print/picture.js";
import type { Picture } from "#icrl/clients/cli/report/document.js";
import { htmlPage } from "#icrl/clients/cli/report/html-page.js";
import { markdownPage } from "#icrl/clients/cli/report/markdown.js";
import { drawPictures } from "#icrl/clients/cli/report/pictures.js";
import { reportDocument } from "#icrl/clients/cli/report/report-document.js";
import { reportView } from "#icrl/clients/cli/report/report-view.js";
import { writeReport } from "#icrl/clients/cli/report/write-report.js";
import type { ResultsJson, TaskJson } from "#icrl/clients/cli/results.js";
import { e1, madeUpAgent, madeUpResults, riverSwim } from "../made-up-results.js";
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
    expect(made.html).toContain(`<th scope="row">${shown}</th>`);
    const outside = made.markdown.replaceAll(/^```\n[\s\S]*?^```$/gm, ""); // between fences everything is text
    expect(outside).not.toMatch(/<(?!\/?(details|summary)>)/);
    expect(made.markdown).toContain('| &lt;script&gt;alert("1")&lt;/script&gt; &amp; \\| \\*x\\* \\`y\\` id="clip0 |');
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
    expect(pictures.length).toBe(8); // scores, profiles, ratings, pairs, and two of each task
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
    const { drawn } = reportView(small, madeUpStatistics(small));
    expect(strokes("profiles")).toEqual(colours(drawn));
    expect(markers("scores").slice(0, drawn.length)).toEqual(colours(drawn));
    expect(markers("ratings")).toEqual(colours(drawn)); // made up: in the order of the scores
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
    const names = (svg: string) => [...svg.matchAll(/>(?:\d+ +)?(agent-\d+)</g)].map(([, name]) => name).sort();
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
