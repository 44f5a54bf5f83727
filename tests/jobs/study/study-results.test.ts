import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeCurves } from "#icrl/jobs/study/study-curves.js";
import type { Study, StudyRun } from "#icrl/jobs/study/study-file.js";
import { type FinishedRun, studyResults } from "#icrl/jobs/study/study-results.js";
import { tempDir } from "../../support/temp-dir.js";

/** A finished training of made-up figures: as many metrics as are looked at. */
function finished(out: string, values: StudyRun["values"], loss: number, regret: number): FinishedRun {
  const name = Object.values(values)
    .join("_")
    .replaceAll(/[^\w-]/g, "-");
  const run = { name, values } as StudyRun;
  const tasks = { bandit: { regret: { mean: regret, se: 0.5 }, return: { mean: 10 - regret, se: null } } };
  const update = { type: "update", loss: 1, learning_rate: 0.1, gradient_norm: 1, decisions: 8 };
  const validation = { type: "validation", loss, target_entropy: 0, marginal_entropy: 1, agreement: 0.5, decisions: 4 };
  const lines = [
    { ...update, step: 1, tokens: 10, seconds: 2 },
    { ...update, step: 2, tokens: 20, seconds: 5 },
    { ...validation, step: 2, loss: loss + 1 },
    { ...update, step: 3, tokens: 30, seconds: 1 }, // of another run of the study
    { ...update, step: 4, tokens: 40, seconds: 3 },
    { ...validation, step: 4 },
    { type: "evaluation", step: 4, trials: 7, tasks },
  ];
  mkdirSync(join(out, "runs", name), { recursive: true });
  writeFileSync(join(out, "runs", name, "metrics.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const outcome = {
    ...{ checkpoint: "", step: 4, tokens: 40, parameters: 5, flopsPerToken: 6, backend: "engine", continued: [] },
    ...{ early: false, best: null, seconds: 3, tokensPerSecond: null },
    validation: {
      type: "validation",
      step: 4,
      loss,
      targetEntropy: 0,
      marginalEntropy: 1,
      agreement: 0.5,
      decisions: 4,
    },
    evaluation: { type: "evaluation", step: 4, trials: 7, tasks },
  } as const;
  return { run, outcome };
}

function study(out: string) {
  const varied = [
    { name: "seed", values: [1, 2] },
    { name: "model.positions", values: ["learned", "al,ibi"] },
  ];
  const runs = [
    finished(out, { seed: 1, "model.positions": "learned" }, 0.5, 2),
    finished(out, { seed: 1, "model.positions": "al,ibi" }, 0.25, 3),
    finished(out, { seed: 2, "model.positions": "learned" }, 0.75, 6),
    {
      run: { name: "failed", values: { seed: 2, "model.positions": "al,ibi" } } as unknown as StudyRun,
      outcome: { reason: "DISK", message: "full" },
    },
  ];
  return studyResults(out, { name: "made up", varied, runs: [] } satisfies Study, runs);
}

function folder(): string {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  return temporary.path;
}

test("means are over trainings that differ in their seed alone and came to their end", () => {
  const { runs, settings } = study(folder());
  // (2 + 6) / 2 = 4; deviations of 2 each: sqrt((4 + 4) / 1 / 2) = 2.
  expect(settings).toEqual([
    {
      values: { "model.positions": "learned" },
      trainings: 2,
      tokens: 40,
      validation_loss: { mean: 0.625, se: 0.125 },
      agreement: { mean: 0.5, se: 0 },
      tasks: { bandit: { regret: { mean: 4, se: 2 }, return: { mean: 6, se: 2 } } },
    },
    {
      values: { "model.positions": "al,ibi" },
      trainings: 1,
      tokens: 40,
      validation_loss: { mean: 0.25, se: null },
      agreement: { mean: 0.5, se: null },
      tasks: { bandit: { regret: { mean: 3, se: null }, return: { mean: 7, se: null } } },
    },
  ]);
  expect(runs.at(-1)).toMatchObject({ error: { reason: "DISK", message: "full" }, step: null, evaluation: null });
  expect(runs[0].seconds).toBe(5 + 3); // each run of a training counts its own
});

test("curves have a row for each look at each training, with the tokens learned from until then", async () => {
  const out = folder();
  await writeCurves(out, study(out));
  const lines = readFileSync(join(out, "curves.csv"), "utf8").split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "run,seed,model.positions,step,tokens,task,validation_loss,agreement,regret,regret_se,return,return_se",
    "1_learned,1,learned,2,20,,1.5,0.5,,,,",
    "1_learned,1,learned,4,40,,0.5,0.5,,,,",
    "1_learned,1,learned,4,40,bandit,,,2,0.5,8,",
    '1_al-ibi,1,"al,ibi",2,20,,1.25,0.5,,,,',
  ]);
  expect(lines).toHaveLength(1 + 3 * 3 + 1);
  const picture = readFileSync(join(out, "study.svg"), "utf8");
  expect(picture.match(/mark-symbol/g)).toHaveLength(2); // one evaluation alone is a point, of each of two settings
  for (const text of [
    "positions learned",
    "positions al,ibi",
    "bandit: regret in fresh trials",
    "tokens learned from",
  ]) {
    expect(picture).toContain(text);
  }
});
