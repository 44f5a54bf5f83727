/** How the trainings of a study learned: curves.csv, a row for each look at a training, and the picture of their means. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Metrics, readMetrics } from "../../agents/transformer/metrics.js";
import { groups } from "../../common/groups.js";
import { meanOf } from "../../common/mean-and-standard-error.js";
import type { BandPoint } from "../charts/chart-marks.js";
import { type BandLine, type LinePanel, linePanels } from "../charts/line-panels.js";
import { chartSvg, pngFromSvg } from "../charts/picture.js";
import { METRICS_FILE, type StudyJson, type StudyRunJson, settingOf } from "./study-results.js";

/** A look at a training: a validation, or what it played on one task. */
interface Look {
  readonly run: StudyRunJson;
  readonly step: number;
  readonly tokens: number;
  /** Empty of a validation. */
  readonly task: string;
  readonly loss?: number;
  readonly agreement?: number;
  readonly regret?: { readonly mean: number; readonly se: number | null };
  readonly return?: { readonly mean: number; readonly se: number | null };
}

/** Writes curves.csv, and study.svg and study.png where there is anything to draw. */
export async function writeCurves(out: string, study: StudyJson): Promise<void> {
  const looks = study.runs.flatMap((run) => (run.error === null ? looksAt(out, run) : []));
  await writeFile(join(out, "curves.csv"), csvOf(study, looks));
  const panels = panelsOf(study, looks);
  if (panels.length === 0) return;
  const rows = panels.map((panel) => [panel]);
  const svg = await chartSvg(linePanels(rows, { ...WORDS, description: `${study.name}: ${WORDS.description}` }));
  await writeFile(join(out, "study.svg"), svg);
  await writeFile(join(out, "study.png"), pngFromSvg(svg));
}

const WORDS = {
  description: "how the trainings learned",
  along: "tokens learned from",
  foot: "Means over trainings that differ in their seed alone; bands: from the smallest of them to the largest",
};

function looksAt(out: string, run: StudyRunJson): Look[] {
  const looks: Look[] = [];
  let tokens = 0;
  for (const line of readMetrics(join(out, run.folder, METRICS_FILE))) {
    if (line.type === "update")
      tokens = line.tokens; // a look comes after its update
    else looks.push(...looksOf(line).map((look) => ({ run, step: line.step, tokens, ...look })));
  }
  return looks;
}

function looksOf(line: Metrics): Omit<Look, "run" | "step" | "tokens">[] {
  if (line.type === "validation") return [{ task: "", loss: line.loss, agreement: line.agreement }];
  if (line.type !== "evaluation") return [];
  return Object.entries(line.tasks).map(([task, { regret, return: gained }]) => ({ task, regret, return: gained }));
}

/** Columns: the run, what is varied, and what was seen; cells are empty where there is nothing. */
function csvOf({ varied }: StudyJson, looks: readonly Look[]): string {
  const names = varied.map(({ name }) => name);
  const figures = ["validation_loss", "agreement", "regret", "regret_se", "return", "return_se"];
  const lines = looks.map(({ run, step, tokens, task, loss, agreement, regret, return: gained }) => [
    ...[run.name, ...names.map((name) => run.values[name]), step, tokens, task],
    ...[loss, agreement, regret?.mean, regret?.se, gained?.mean, gained?.se],
  ]);
  return [["run", ...names, "step", "tokens", "task", ...figures], ...lines].map(csvLine).join("");
}

const csvLine = (cells: readonly unknown[]): string =>
  `${cells.map((cell) => (/[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : (cell ?? ""))).join(",")}\n`;

/** Regret on each task, and the validation loss; a line for each setting. */
function panelsOf({ varied }: StudyJson, looks: readonly Look[]): LinePanel[] {
  const told = varied.filter(({ values }) => values.length > 1).map(({ name }) => name);
  const tasks = [...new Set(looks.flatMap(({ task }) => (task === "" ? [] : [task])))];
  const panel = (title: string, measure: string, task: string, of: (look: Look) => number | undefined): LinePanel => ({
    title,
    measure,
    lines: linesOf(
      looks.filter((look) => look.task === task),
      of,
      told,
    ),
  });
  return [
    ...tasks.map((task) => panel(`${task}: regret in fresh trials`, "regret", task, ({ regret }) => regret?.mean)),
    panel("validation", "loss, nats a decision", "", ({ loss }) => loss),
  ].filter(({ lines }) => lines.length > 0);
}

/**
 * Means over the trainings of each setting, after as many tokens; of looks that all of them had.
 *
 * @param told places that settings are called by
 */
function linesOf(looks: readonly Look[], of: (look: Look) => number | undefined, told: readonly string[]): BandLine[] {
  return groups(looks, ({ run }) => JSON.stringify(settingOf(run.values)))
    .map(([setting, own]) => {
      const trainings = new Set(own.map(({ run }) => run)).size;
      const points = groups(own, ({ tokens }) => tokens).flatMap(([x, at]): BandPoint[] => {
        const values = at.map(of).filter((value) => value !== undefined);
        if (values.length < trainings) return [];
        return [{ x, y: meanOf(values), low: Math.min(...values), high: Math.max(...values) }];
      });
      return { name: settingName(JSON.parse(setting), told), points };
    })
    .filter(({ points }) => points.length > 0);
}

/** `positions alibi, window 200`: what a setting is called where the study has others; by the last parts of its places. */
function settingName(values: StudyRunJson["values"], told: readonly string[]): string {
  const parts = Object.entries(values)
    .filter(([name]) => told.includes(name))
    .map(([name, value]) => `${name.slice(name.lastIndexOf(".") + 1)} ${value}`);
  return parts.length === 0 ? "all" : parts.join(", ");
}
