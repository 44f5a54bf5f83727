/**
 * `npm run reproduction`: plays the tournaments of experiments whose checkpoints are there, and sets the regret beside what is published, where
 * anything is. Writes the tables of docs/reproduction.md and its pictures in docs/images, our curves drawn over the published ones. Minutes.
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

/**
 * @typedef {object} Experiment
 * @property {string} folder with tournament.yaml, checkpoint/, and published.csv where anything is published
 * @property {string} picture in docs/images
 * @property {readonly number[]} steps of the trial that the table shows
 * @property {Readonly<Record<string, string>>} published entrants and the columns of published.csv that each is beside
 */

/** @type {Record<string, Experiment>} */
const EXPERIMENTS = {
  e1: {
    folder: "experiments/lin2023/e1",
    picture: "lin2023-e1.png",
    steps: [10, 50, 100, 200],
    published: { transformer: "tf", "transformer-argmax": "tf", "lin-ucb": "ucb", "lin-thompson": "ts", emp: "emp" },
  },
  e3: {
    folder: "experiments/lin2023/e3",
    picture: "lin2023-e3.png",
    steps: [10, 50, 100, 200],
    published: { transformer: "tf", "transformer-argmax": "tf", ucb: "ucb", thompson: "ts", emp: "emp" },
  },
  e4: {
    folder: "experiments/lin2023/e4",
    picture: "lin2023-e4.png",
    steps: [10, 50, 100, 200],
    published: { transformer: "alpha0.1", thompson: "ts" },
  },
  ucbvi: { folder: "experiments/ucbvi", picture: "ucbvi.png", steps: [25, 50, 125, 250], published: {} },
};

/** @returns {Results} */
function play(/** @type {string} */ name) {
  const folder = join(out, name);
  const results = join(folder, "results.json");
  if (flags.reuse !== true || !existsSync(results)) {
    const args = [
      "tournament",
      "run",
      join(EXPERIMENTS[name].folder, "tournament.yaml"),
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
function published(/** @type {string} */ folder) {
  const lines = readFileSync(join(folder, "published.csv"), "utf8")
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
  /** @type {Experiment} */ { published: columns, steps },
) {
  const head = ["regret, ± standard error", ...(paper.size === 0 ? [] : [""]), ...steps.map((t) => `t = ${t}`)];
  const rows = results.tasks[0].agents.flatMap(({ name, curve }) => {
    const ours = steps.map((t) => at(curve, t));
    const theirs = paper.get(columns[name]);
    if (theirs === undefined) return [[`\`${name}\``, ...ours]];
    return [
      [`\`${name}\``, "ours", ...ours],
      ...(name === "transformer-argmax" ? [] : [["", "paper", ...steps.map((t) => at(theirs, t))]]),
    ];
  });
  return table(head, rows);
}

/** Colours of a tournament's picture come round after so many agents, dashed: the paper's curves take those of ours. */
const COLOURS = 7;

/** Our results with the paper's curves as further agents, for the picture. */
function withPaper(
  /** @type {Results} */ results,
  /** @type {Map<string, Curve>} */ paper,
  /** @type {Experiment} */ { published: columns },
) {
  if (paper.size === 0) return results;
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
for (const [name, experiment] of Object.entries(EXPERIMENTS)) {
  const { folder, picture } = experiment;
  if (!existsSync(join(folder, "checkpoint/config.json"))) continue;
  const results = play(name);
  const paper = existsSync(join(folder, "published.csv")) ? published(folder) : new Map();
  const begin = `<!-- ${name}: written by npm run reproduction -->`;
  const [before, after] = [page.indexOf(begin) + begin.length, page.indexOf("<!-- end -->", page.indexOf(begin))];
  const text = comparison(results, paper, experiment);
  page = `${page.slice(0, before)}\n\n${text}${page.slice(after)}`;
  const { png } = await writePicture(withPaper(results, paper, experiment), join(out, name, "beside-the-paper"));
  copyFileSync(png, join("docs/images", picture));
  console.log(text);
}
writeFileSync(PAGE, page);
