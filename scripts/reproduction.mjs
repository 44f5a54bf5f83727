/**
 * `npm run reproduction`: plays experiments/lin2023/{e1,e3}/tournament.yaml with the checkpoints that are there, and sets the regret beside
 * the paper's. Writes the tables of docs/reproduction.md and docs/images/lin2023-{e1,e3}.png, our curves drawn over the
 * published ones. Minutes.
 *
 *   node scripts/reproduction.mjs [--out DIR] [--reuse]
 *
 * --out    where the results are kept (default reproduction-output)
 * --reuse  plays no tournament whose results are there already
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writePicture } from "../dist/jobs/charts/picture.js";
import { table } from "./docs/markdown.mjs";

/**
 * @typedef {import("../dist/jobs/tournament/results.js").ResultsJson} Results
 * @typedef {{ readonly step: readonly number[], readonly mean: readonly number[], readonly se: readonly (number | null)[] }} Curve
 */

process.chdir(join(import.meta.dirname, ".."));
const { values: flags } = parseArgs({ options: { out: { type: "string" }, reuse: { type: "boolean" } } });
const out = flags.out ?? "reproduction-output";
const PAGE = "docs/reproduction.md";
const STEPS = [10, 50, 100, 200];

/** Entrants and the column of the published curves that each is beside. */
const EXPERIMENTS = {
  e1: { transformer: "tf", "transformer-argmax": "tf", "lin-ucb": "ucb", "lin-thompson": "ts", emp: "emp" },
  e3: { transformer: "tf", "transformer-argmax": "tf", ucb: "ucb", thompson: "ts", emp: "emp" },
};

/** @returns {Results} */
function play(/** @type {string} */ experiment) {
  const folder = join(out, experiment);
  const results = join(folder, "results.json");
  if (flags.reuse !== true || !existsSync(results)) {
    const args = [
      "tournament",
      "run",
      `experiments/lin2023/${experiment}/tournament.yaml`,
      "--out",
      folder,
      "--overwrite",
    ];
    const { status } = spawnSync(process.execPath, ["dist/cli/main.js", ...args], { stdio: "inherit" });
    if (status !== 0) {
      console.error(`icrl ${args.join(" ")} ended with ${status}`);
      process.exit(1);
    }
  }
  return JSON.parse(readFileSync(results, "utf8"));
}

/**
 * The paper's curves by column.
 *
 * @returns {Map<string, Curve>}
 */
function published(/** @type {string} */ experiment) {
  const lines = readFileSync(`experiments/lin2023/${experiment}/published.csv`, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [head, ...rows] = lines.map((line) => line.split(","));
  const column = (/** @type {string} */ name) => rows.map((row) => Number(row[head.indexOf(name)]));
  const names = head.filter((name) => name.endsWith("_mean")).map((name) => name.replace("_mean", ""));
  return new Map(
    names.map((name) => [name, { step: column("t"), mean: column(`${name}_mean`), se: column(`${name}_se`) }]),
  );
}

const at = (/** @type {Curve} */ { step, mean, se }, /** @type {number} */ t) => {
  const i = step.indexOf(t);
  return `${mean[i].toFixed(2)} ± ${se[i]?.toFixed(2) ?? "–"}`;
};

/** Both results' regret at some steps. */
function comparison(
  /** @type {Results} */ results,
  /** @type {Map<string, Curve>} */ paper,
  /** @type {Record<string, string>} */ columns,
) {
  const rows = results.tasks[0].agents.flatMap(({ name, curve }) => {
    const theirs = /** @type {Curve} */ (paper.get(columns[name]));
    return [
      [`\`${name}\``, "ours", ...STEPS.map((t) => at(curve, t))],
      ...(name === "transformer-argmax" ? [] : [["", "paper", ...STEPS.map((t) => at(theirs, t))]]),
    ];
  });
  return table(["regret, ± standard error", "", ...STEPS.map((t) => `t = ${t}`)], rows);
}

/** Colours of a tournament's picture come round after so many agents, dashed: the paper's curves take those of ours. */
const COLOURS = 7;

/** Our results with the paper's curves as further agents, for the picture. */
function withPaper(
  /** @type {Results} */ results,
  /** @type {Map<string, Curve>} */ paper,
  /** @type {Record<string, string>} */ columns,
) {
  const [task] = results.tasks;
  const ours = task.agents.filter(({ name }) => name !== "transformer-argmax");
  const theirs = ours.map((agent) => ({
    ...agent,
    name: `${agent.name}, paper`,
    curve: /** @type {Curve} */ (paper.get(columns[agent.name])),
  }));
  const entry = (/** @type {string} */ name) => ({ name, agent: name, options: {}, tasks: [] });
  const filler = Array.from({ length: COLOURS - ours.length }, (_, i) => entry(`${i}`));
  const names = [...ours.map(({ name }) => entry(name)), ...filler, ...theirs.map(({ name }) => entry(name))];
  return {
    ...results,
    tournament: { ...results.tournament, agents: names },
    tasks: [{ ...task, agents: [...ours, ...theirs] }],
  };
}

let page = readFileSync(PAGE, "utf8");
for (const [experiment, columns] of Object.entries(EXPERIMENTS)) {
  if (!existsSync(`experiments/lin2023/${experiment}/checkpoint/config.json`)) continue;
  const results = play(experiment);
  const paper = published(experiment);
  const begin = `<!-- ${experiment}: written by npm run reproduction -->`;
  const [before, after] = [page.indexOf(begin) + begin.length, page.indexOf("<!-- end -->", page.indexOf(begin))];
  const text = comparison(results, paper, columns);
  page = `${page.slice(0, before)}\n\n${text}${page.slice(after)}`;
  const { png } = await writePicture(withPaper(results, paper, columns), join(out, experiment, "beside-the-paper"));
  copyFileSync(png, `docs/images/lin2023-${experiment}.png`);
  console.log(text);
}
writeFileSync(PAGE, page);
