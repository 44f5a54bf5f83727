/** What a study came to, for people. */
import { join } from "node:path";
import { commonDigits } from "../../common/digits.js";
import type { MeanAndStandardError } from "../../common/mean-and-standard-error.js";
import { meanText, NONE } from "../../jobs/report/estimates.js";
import { fixedNumber, shortNumber } from "../../jobs/report/numbers.js";
import type { StudyJson } from "../../jobs/study/study-results.js";
import { textTable } from "./table.js";

/** A table of settings, the trainings that failed, and where everything is. */
export function studyText(study: StudyJson, out: string): string {
  const failed = study.runs.flatMap(({ name, error }) =>
    error === null ? [] : [`${name} failed: ${error.reason}: ${error.message}\n`],
  );
  return [
    `${study.name}: ${study.runs.length} ${study.runs.length === 1 ? "training" : "trainings"}\n`,
    settingsTable(study),
    "mean ± standard error over trainings that differ in their seed alone\n",
    ...failed,
    "\n",
    `trainings  ${join(out, "runs")}/*/\n`,
    `results    ${join(out, "results.json")}, ${join(out, "curves.csv")}\n`,
    `picture    ${join(out, "study.svg")}, ${join(out, "study.png")}\n`,
  ].join("");
}

function settingsTable({ varied, settings }: StudyJson): string {
  const names = varied.map(({ name }) => name).filter((name) => name !== "seed");
  const tasks = [...new Set(settings.flatMap((setting) => Object.keys(setting.tasks)))];
  const measures = [
    { title: "validation loss", of: settings.map((setting) => setting.validation_loss) },
    ...tasks.map((id) => ({ title: `regret on ${id}`, of: settings.map(({ tasks }) => tasks[id]?.regret ?? null) })),
  ].filter(({ of }) => of.some((mean) => mean?.mean != null));
  const texts = measures.map(({ of }) => meanTexts(of));
  return textTable(
    [
      ...names.map((title) => ({ title })),
      { title: "trainings", align: "right" },
      { title: "tokens", align: "right" },
      ...measures.map(({ title }) => ({ title, align: "right" as const })),
    ],
    settings.map((setting, row) => [
      ...names.map((name) => String(setting.values[name])),
      fixedNumber(setting.trainings, 0),
      setting.tokens === null ? NONE : shortNumber(setting.tokens),
      ...texts.map((column) => column[row]),
    ]),
  );
}

/** All with as many digits as their errors warrant; three where none is known, of one training each. */
function meanTexts(means: readonly (MeanAndStandardError | null)[]): string[] {
  const known = means.some((mean) => mean?.se != null);
  const digits = known ? commonDigits(means.map((mean) => mean?.se)) : 3;
  return means.map((mean) =>
    known ? meanText(mean, digits) : mean?.mean == null ? NONE : fixedNumber(mean.mean, digits),
  );
}
