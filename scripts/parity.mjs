/**
 * `npm run parity`: plays the tournaments of experiments/parity/ and holds their results against published figures, row by row. Writes
 * docs/parity.md; the exit status is 1 if a row is apart. Minutes.
 *
 *   node scripts/parity.mjs [--out DIR] [--share S] [--reuse] [--no-page] [NAME ...]
 *
 * --out     where the results are kept (default parity-output)
 * --share   plays this share of each tournament's trials; our standard errors grow accordingly, and so do what rows may differ by
 * --reuse   plays no tournament whose results are there already
 * --no-page leaves docs/parity.md as it is
 * NAME      these tournaments alone
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { notice, table } from "./docs/markdown.mjs";

/**
 * A published figure; see experiments/parity/figures.yaml.
 * @typedef {{ tournament: string, task: string, entrant: string, measure: "regret" | "return", step?: number, figure: number,
 *   se?: number, instances?: number, within?: number, source: string, cause?: string }} Row
 * @typedef {{ mean: number, se: number, trials: number }} Ours
 * @typedef {{ row: Row, ours: Ours, allowed: number, holds: boolean }} Comparison
 * @typedef {{ name: string, agent: string, options: object, trials: number, forfeits: number, regret: { mean: number, se: number },
 *   return: { mean: number, se: number } | null, curve: { step: number[], mean: number[], se: number[] } }} AgentResult
 * @typedef {{ tasks: { id: string, task: string, options: object, agents: AgentResult[] }[] }} Results
 */

process.chdir(join(import.meta.dirname, ".."));
const { values: flags, positionals } = parseArgs({
  options: {
    out: { type: "string" },
    share: { type: "string" },
    reuse: { type: "boolean" },
    "no-page": { type: "boolean" },
  },
  allowPositionals: true,
});
const out = flags.out ?? "parity-output";
const share = Number(flags.share ?? 1);

/** @type {{ sources: Record<string, string>, rows: Row[] }} */
const figures = parse(readFileSync("experiments/parity/figures.yaml", "utf8"));
const names = [...new Set(figures.rows.map(({ tournament }) => tournament))].filter(
  (name) => positionals.length === 0 || positionals.includes(name),
);

/** Plays a tournament. */
function play(/** @type {string} */ name) {
  const file = `experiments/parity/${name}.yaml`;
  const { trials } = parse(readFileSync(file, "utf8"));
  const folder = join(out, name);
  const results = join(folder, "results.json");
  if (flags.reuse === true && existsSync(results))
    return /** @type {Results} */ (JSON.parse(readFileSync(results, "utf8")));
  const args = ["tournament", "run", file, "--out", folder, "--overwrite"];
  if (share < 1) args.push("--trials", String(Math.max(2, Math.ceil(trials * share))));
  const { status } = spawnSync(process.execPath, ["dist/cli/main.js", ...args], { stdio: "inherit" });
  if (status !== 0) {
    console.error(`icrl ${args.join(" ")} ended with ${status}`);
    process.exit(1);
  }
  return /** @type {Results} */ (JSON.parse(readFileSync(results, "utf8")));
}

/** What we got for a row. */
function measured(/** @type {Results} */ results, /** @type {Row} */ { task, entrant, measure, step }) {
  const result = results.tasks.find(({ id }) => id === task)?.agents.find(({ name }) => name === entrant);
  if (result === undefined) throw new Error(`no result of ${entrant} on ${task}`);
  const { trials, curve } = result;
  if (trials < 2) throw new Error(`one trial of ${task} does not tell how sure it is: give a larger --share`);
  if (measure === "return" || step === undefined) {
    const estimate = measure === "return" ? result.return : result.regret;
    if (estimate === null) throw new Error(`${entrant} on ${task} forfeited everything`);
    return { ...estimate, trials };
  }
  const at = curve.step.indexOf(step);
  if (at < 0) throw new Error(`the curve of ${entrant} on ${task} has no step ${step}`);
  return { mean: curve.mean[at], se: curve.se[at], trials };
}

/** @returns {Comparison} */
function compare(/** @type {Results} */ results, /** @type {Row} */ row) {
  const ours = measured(results, row);
  const theirs =
    row.se ?? (row.instances === undefined ? 0 : (ours.se * Math.sqrt(ours.trials)) / Math.sqrt(row.instances));
  const noise = 3 * Math.hypot(ours.se, theirs);
  // A relative tolerance is for the full number of trials: of a share, the noise comes on top.
  const allowed = row.within === undefined ? noise : row.within * row.figure + (share < 1 ? noise : 0);
  return { row, ours, allowed, holds: Math.abs(ours.mean - row.figure) <= allowed };
}

const number = (/** @type {number} */ value) =>
  value >= 1000 ? value.toFixed(0) : value >= 100 ? value.toFixed(1) : value.toFixed(2);

/** A comparison as the cells of a table. */
function cells(/** @type {Comparison} */ { row, ours, allowed, holds }) {
  const where = row.task === row.tournament ? row.tournament : `${row.tournament} ${row.task}`;
  const what = row.measure === "return" ? "return" : row.step === undefined ? "regret" : `regret, step ${row.step}`;
  const theirs = row.se === undefined ? String(row.figure) : `${row.figure} ± ${row.se}`;
  const apart = `${ours.mean >= row.figure ? "+" : "-"}${number(Math.abs(ours.mean - row.figure))}`;
  const verdict = holds ? "yes" : row.cause === undefined ? "NO" : "no, see below";
  return [
    where,
    row.entrant,
    what,
    theirs,
    row.source,
    `${number(ours.mean)} ± ${number(ours.se)}`,
    String(ours.trials),
    apart,
    number(allowed),
    verdict,
  ];
}

const HEAD = [
  "tournament",
  "entrant",
  "measure",
  "published",
  "source",
  "ours",
  "trials",
  "difference",
  "allowed",
  "holds",
];

/** docs/parity.md */
function page(/** @type {Comparison[]} */ comparisons) {
  const apart = comparisons.filter(({ holds }) => !holds);
  const causes = apart.map(
    ({ row }) => `- \`${row.entrant}\` on ${row.tournament}, ${row.task}: ${row.cause ?? "not explained yet."}\n`,
  );
  const sources = Object.entries(figures.sources).map(([name, text]) => `- ${name}: ${text}.\n`);
  return `${notice("experiments/parity/")}
# Parity with the literature

\`npm run parity\` plays the tournaments of \`experiments/parity/\` on a real server, one process for each agent, every trajectory logged, and
compares what comes out with published figures. A figure holds when ours lies within what is allowed: three standard errors of the
difference, \`3 sqrt(se1^2 + se2^2)\`, or the relative tolerance that the row in \`figures.yaml\` states (2 % for the tables of RL^2, whose errors
are not published; 10 % where the figure is a mean of 100 replicas). Where a source gives no standard error but a number of
instances, theirs is taken from our spread over that many. After ± stands a standard error.

Sources:

${sources.join("")}
${table(HEAD, comparisons.map(cells))}
${apart.length === 0 ? "Every row holds." : `${comparisons.length - apart.length} of ${comparisons.length} rows hold. What stays apart:\n\n${causes.join("")}`}
`.replace(/\n+$/, "\n");
}

/** @type {Comparison[]} */
const comparisons = [];
for (const name of names) {
  const results = play(name);
  for (const row of figures.rows.filter(({ tournament }) => tournament === name))
    comparisons.push(compare(results, row));
}
for (const comparison of comparisons) console.log(cells(comparison).join("  "));
const apart = comparisons.filter(({ row, holds }) => !holds && row.cause === undefined);
console.log(`${comparisons.length - apart.length} of ${comparisons.length} figures hold or are explained`);
if (flags["no-page"] !== true && names.length > 0 && positionals.length === 0 && share === 1) {
  writeFileSync("docs/parity.md", page(comparisons));
  console.log("wrote docs/parity.md");
}
if (apart.length > 0) process.exitCode = 1;
