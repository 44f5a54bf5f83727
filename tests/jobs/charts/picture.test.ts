import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textWidth } from "#icrl/jobs/charts/font.js";
import { looksOf } from "#icrl/jobs/charts/looks.js";
import { chartSvg, pngFromSvg, writePicture } from "#icrl/jobs/charts/picture.js";
import { regretChart } from "#icrl/jobs/charts/regret-chart.js";
import { layOutPanel } from "#icrl/jobs/charts/regret-panel.js";
import type { ResultsJson } from "#icrl/jobs/tournament/results.js";
import { e1, madeUpAgent, madeUpResults, riverSwim } from "../../support/made-up-results.js";

const pictureSvg = (results: ResultsJson) => chartSvg(regretChart(results));

const steps = Array.from({ length: 500 }, (_, i) => i + 1);

/**
 * Nine agents, five of them within one line of text at their ends, three far above, with names that XML must escape.
 */
const crowded = {
  id: "a <crowded> & odd task",
  uniform_regret: 50,
  task: "bernoulli-bandit",
  options: {
    arms: 5,
    horizon: 500,
    alpha: 1,
    beta: 1,
    a_long_option_name: 1,
    another_long_option_name: 2,
    and_yet_another: 3,
  },
  agents: [
    ...[10.6, 10.7, 10.9, 11.2, 11.3].map((final, i) => madeUpAgent(`thompson-${i}`, steps, final, 30, 0.3)),
    madeUpAgent("ucb", steps, 25, 200, 1),
    madeUpAgent("epsilon-greedy", steps, 60, 3000, 1),
    madeUpAgent("uniform", steps, 166, Infinity, 1),
    madeUpAgent("worst", steps, 300, Infinity, 1),
  ],
};

interface DrawnText {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The texts of an SVG that stand upright, with boxes in the picture's pixels: nested translations, measured ink. */
function drawnTexts(svg: string): DrawnText[] {
  const texts: DrawnText[] = [];
  const offsets: { x: number; y: number }[] = [{ x: 0, y: 0 }];
  for (const tag of svg.matchAll(/<(\/?)(\w+)([^>]*?)(\/?)>([^<]*)/g)) {
    const [, closes, name, attributes, empty, content] = tag;
    if (closes) {
      offsets.pop();
      continue;
    }
    const above = offsets[offsets.length - 1];
    const [, x = "0", y = "0"] = /transform="translate\(([-\d.]+),([-\d.]+)\)/.exec(attributes) ?? [];
    const at = { x: above.x + Number(x), y: above.y + Number(y) };
    if (!empty) offsets.push(at);
    if (name !== "text" || attributes.includes("rotate(") || attributes.includes('opacity="0"')) continue;
    const text = content.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    const size = Number(/font-size="([\d.]+)px"/.exec(attributes)?.[1]);
    const width = textWidth(text, { size, bold: /font-weight="(700|bold)"/.test(attributes) });
    const anchor = /text-anchor="(\w+)"/.exec(attributes)?.[1] ?? "start";
    const left = at.x - (anchor === "end" ? width : anchor === "middle" ? width / 2 : 0);
    texts.push({ text, x: left, y: at.y - 0.75 * size, width, height: 0.95 * size }); // above and below the base line
  }
  return texts;
}

function overlaps(a: DrawnText, b: DrawnText): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function expectReadable(svg: string, results: ResultsJson): void {
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  const [, width, height] = /<svg[^>]* width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  const texts = drawnTexts(svg);
  for (const task of results.tasks) {
    expect(texts.map(({ text }) => text)).toContain(task.id);
    for (const agent of task.agents) expect(texts.map(({ text }) => text)).toContain(agent.name);
  }
  for (const [i, a] of texts.entries()) {
    expect(a.x, `left of "${a.text}"`).toBeGreaterThanOrEqual(0);
    expect(a.x + a.width, `right of "${a.text}"`).toBeLessThanOrEqual(Number(width));
    expect(a.y + a.height, `bottom of "${a.text}"`).toBeLessThanOrEqual(Number(height));
    for (const b of texts.slice(i + 1)) expect(overlaps(a, b), `"${a.text}" on "${b.text}"`).toBe(false);
  }
}

describe("the picture of regret curves", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "icrl-picture-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is an SVG and a PNG of twice its size", async () => {
    const paths = await writePicture(madeUpResults([e1, riverSwim]), join(folder, "regret"));
    expect(paths).toEqual({ svg: join(folder, "regret.svg"), png: join(folder, "regret.png") });
    const svg = await readFile(paths.svg, "utf8");
    const png = await readFile(paths.png);
    const [, width, height] = /<svg[^>]* width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
    // PNG specification, sections 5.2 and 11.2.1: signature, then IHDR with width and height as big-endian uint32.
    expect(png.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
    expect(png.subarray(12, 16).toString("latin1")).toBe("IHDR");
    expect(png.readUInt32BE(16)).toBe(2 * Number(width));
    expect(png.readUInt32BE(20)).toBe(2 * Number(height));
  });

  it("is the same bytes every time", async () => {
    const results = madeUpResults([e1, riverSwim]);
    const svg = await pictureSvg(results);
    expect(await pictureSvg(structuredClone(results))).toBe(svg);
    expect(pngFromSvg(svg).equals(pngFromSvg(svg))).toBe(true);
  });

  it("names every task and agent, with no text on another or outside", async () => {
    const cases = [
      madeUpResults([e1, riverSwim]),
      madeUpResults([crowded]),
      madeUpResults([e1, riverSwim, crowded, { ...e1, id: "again" }, { ...riverSwim, id: "once more" }]),
    ];
    for (const results of cases) expectReadable(await pictureSvg(results), results);
  });

  it("names the shipped font first, and draws its text", async () => {
    const svg = await pictureSvg(madeUpResults([e1]));
    expect(svg).toContain('font-family="Lato, ');
    const without = svg.replace(/<text[^>]*>[^<]*<\/text>/g, "");
    expect(pngFromSvg(svg).length).toBeGreaterThan(1.3 * pngFromSvg(without).length);
  });

  it("gives an agent one colour in all panels, and different agents different looks", async () => {
    const look = async (results: ResultsJson) => {
      const lines = (await pictureSvg(results)).matchAll(/<path [^>]*stroke="(#\w+)"[^>]*stroke-width="2"[^>]*>/g);
      return [...lines].map(([line, colour]) => `${colour} ${/stroke-dasharray="([^"]*)"/.exec(line)?.[1] ?? ""}`);
    };
    const both = await look(madeUpResults([e1, riverSwim]));
    expect(both.length).toBe(8);
    expect(both[3]).toBe(both[7]); // uniform, last in both tasks
    expect(new Set(both).size).toBe(7);
    expect(new Set(await look(madeUpResults([crowded]))).size).toBe(9);
  });

  it("cuts the axis above the agents that learn, and says what the others reach", async () => {
    const cut = drawnTexts(await pictureSvg(madeUpResults([e1]))).map(({ text }) => text);
    expect(cut).toContain("reaches 222"); // 221.7 of made-up-results.ts
    expect(cut).toContain("33.1");
    expect(cut).not.toContain("200.0");
    const [ucb, thompson, emp] = e1.agents;
    const uncut = await pictureSvg(madeUpResults([{ ...e1, agents: [ucb, thompson, emp] }]));
    expect(uncut).not.toContain("reaches");
    // By hand: cutting above q-learning's 204 would give the others 335 / 240 of their room, not double.
    expect(await pictureSvg(madeUpResults([riverSwim]))).not.toContain("reaches");
  });

  it("has a line without a band of one trial, and says that it is one", async () => {
    const [agent] = e1.agents;
    const once = { ...agent, trials: 1, curve: { ...agent.curve, se: agent.curve.se.map(() => null) } };
    const results = madeUpResults([{ ...e1, agents: [once] }]);
    const svg = await pictureSvg({ ...results, tournament: { ...results.tournament, trials: 1 } });
    expect(svg).not.toMatch(/fill-opacity="0\.2"|NaN|null/);
    expect(svg).toContain("One trial, seed 7");
    expect(await pictureSvg(madeUpResults([e1]))).toMatch(/fill-opacity="0\.2"/);
  });

  it("marks lines with forfeited trials by crosses, and says how many, also where a line leaves", async () => {
    const [ucb, thompson, emp, uniform] = e1.agents;
    const agents = [ucb, { ...thompson, forfeits: 120 }, emp, { ...uniform, forfeits: 500 }];
    const results = madeUpResults([{ ...e1, agents }]);
    const svg = await pictureSvg(results);
    expectReadable(svg, results);
    const texts = drawnTexts(svg).map(({ text }) => text);
    expect(texts).toContain("51.1 (120 of 500 forfeited)");
    expect(texts).toContain("reaches 222 (all 500 forfeited)");
    expect(texts).toContain("33.1");
    expect(texts).toContain("Crosses: forfeited trials are in the line, each as uniform play's exact regret");
    const { lines } = layOutPanel(results.tasks[0], looksOf(agents.map(({ name }) => name)), 230);
    expect(lines.map(({ crosses }) => crosses.length)).toEqual([0, 6, 0, 6]);
    for (const { crosses, end } of lines) {
      for (const { x, y } of crosses) {
        expect(x).toBeLessThan(end.x);
        expect(y).toBeGreaterThanOrEqual(0); // within the plot, of the line that leaves it, too
      }
    }
    const without = await pictureSvg(madeUpResults([e1]));
    expect(svg.match(/<line /g)?.length).toBe((without.match(/<line /g)?.length ?? 0) + 2 * 12);
    expect(without).not.toContain("forfeited");
  });

  it("survives what is not much of a curve", async () => {
    const [agent] = e1.agents;
    const point = { ...agent, curve: { step: [1], mean: [0.5], se: [0] } };
    const none = { ...agent, name: "none", curve: { step: [], mean: [], se: [] } };
    const zero = madeUpAgent("zero", steps, 0, Infinity, 0);
    const results = madeUpResults([
      { ...e1, agents: [point, none] },
      { ...riverSwim, agents: [zero] },
      { ...e1, id: "nobody", agents: [] },
    ]);
    const svg = await pictureSvg(results);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(await pictureSvg(madeUpResults([]))).toContain("</svg>");
  });

  it("shortens a name that would need more room than the plot", async () => {
    const long = { ...e1.agents[0], name: "x".repeat(100) };
    const svg = await pictureSvg(madeUpResults([{ ...e1, agents: [long] }]));
    const label = drawnTexts(svg).find(({ text }) => text.startsWith("xxx"));
    expect(label?.text.endsWith("…")).toBe(true);
    expect(label?.width).toBeLessThanOrEqual(200);
  });
});
