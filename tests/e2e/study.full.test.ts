/** A study of real trainings, broken off and gone on with: a minute. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StudyJson } from "#icrl/jobs/study/study-results.js";
import { eventually } from "../support/eventually.js";
import { shape } from "../support/shape.js";
import { datasetFile, trainingFile } from "../support/training-file.js";
import { icrl, icrlJson, PROGRAM, startNode, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const tasks = [{ id: "b", task: "bernoulli-bandit", options: { arms: 3, horizon: 10 } }];
const MODEL = { layers: 1, width: 8, heads: 2, positions: ["learned", "alibi"] };
const training = { steps: 60, batch: 16, validation_share: 0.1, validation_every: 20, checkpoint_every: 10 };
const STUDY = { seed: [1, 2], model: MODEL, training: { ...training, evaluation_trials: 10, evaluation_every: 30 } };

const parameters = (out: string, run: string) =>
  readFileSync(join(out, "runs", run, "checkpoints", "step-00000060", "model.safetensors"));

/** Updates that the last checkpoint of a training is after; 0 where there is none. */
function lastStep(out: string, run: string): number {
  const folder = join(out, "runs", run, "checkpoints");
  const steps = existsSync(folder) ? readdirSync(folder).filter((name) => /^step-\d+$/.test(name)) : [];
  return Math.max(0, ...steps.map((name) => Number(name.slice("step-".length))));
}

describe("icrl study run", () => {
  const out = path("whole");
  let file: string;
  let study: StudyJson;
  beforeAll(async () => {
    file = trainingFile(folder.path, { ...STUDY, dataset: datasetFile(folder.path, { trials: 400, tasks }) });
    study = (await icrlJson("study", "run", file, "--out", out, "--parallel", "2")) as StudyJson;
  });

  test("trains every combination on one dataset, and leaves the figures, the curves and a picture", () => {
    expect(readdirSync(join(out, "runs")).sort()).toEqual(study.runs.map(({ name }) => name).sort());
    expect(study.runs).toHaveLength(4);
    expect(readdirSync(join(out, "datasets"))).toEqual(["tiny"]);
    expect(JSON.parse(readFileSync(join(out, "results.json"), "utf8"))).toEqual(study);
    // 4 trainings, each with 3 validations and 2 evaluations; the titles; the end.
    expect(readFileSync(join(out, "curves.csv"), "utf8").split("\n")).toHaveLength(4 * 5 + 2);
    expect(statSync(join(out, "study.png")).size).toBeGreaterThan(10_000);
    const mean = { mean: "number", se: "number" };
    const both = { regret: mean, return: mean };
    expect(shape({ ...study, runs: study.runs.slice(0, 1), settings: study.settings.slice(0, 1) })).toEqual({
      schema_version: "number",
      name: "string",
      varied: [{ name: "string", values: ["number"] }],
      runs: [
        {
          ...{ name: "string", folder: "string", values: { seed: "number", "model.positions": "string" } },
          ...{ error: null, step: "number", tokens: "number", parameters: "number", seconds: "number" },
          validation: { loss: "number", target_entropy: "number", agreement: "number" },
          evaluation: { trials: "number", tasks: { b: both } },
        },
      ],
      settings: [
        {
          ...{ values: { "model.positions": "string" }, trainings: "number", tokens: "number" },
          ...{ validation_loss: mean, agreement: mean, tasks: { b: both } },
        },
      ],
    });
  });

  test("killed while it learns it goes on, to the same models as without", async () => {
    const again = path("killed");
    const running = startNode([PROGRAM, "study", "run", file, "--out", again]);
    await running.said("seed-1_positions-learned: 60 updates"); // the second training learns now
    running.child.kill("SIGKILL");
    await running.ended;
    expect(await icrlJson("study", "run", file, "--out", again)).toMatchObject({ runs: [{}, {}, {}, {}] });
    for (const { name } of study.runs) expect(parameters(again, name)).toEqual(parameters(out, name));
  });

  test("stopped by Ctrl-C, every training that learns saves what it has before the command ends", async () => {
    const stopped = path("stopped");
    const running = startNode([
      PROGRAM,
      "study",
      "run",
      file,
      "--out",
      stopped,
      "--parallel",
      "2",
      "--steps",
      "100000",
    ]);
    await running.said("update");
    await eventually(() => {
      for (const { name } of study.runs.slice(0, 2)) expect(lastStep(stopped, name)).toBeGreaterThan(10);
    });
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    for (const { name } of study.runs.slice(0, 2)) {
      const updates = readFileSync(join(stopped, "runs", name, "metrics.jsonl"), "utf8").match(
        /"type":"update"/g,
      )?.length;
      expect(lastStep(stopped, name)).toBe(updates);
    }
  });

  test("with one more value trains that alone", async () => {
    const more = trainingFile(folder.path, {
      ...JSON.parse(readFileSync(file, "utf8")),
      seed: [1, 2, 3],
      training: STUDY.training,
    });
    const longer = (await icrlJson("study", "run", more, "--out", out)) as StudyJson;
    expect(longer.runs).toHaveLength(6);
    expect(longer.settings.map(({ trainings }) => trainings)).toEqual([3, 3]);
    expect(longer.runs.slice(0, 4)).toEqual(study.runs);
  });

  test("tells the training that fails, trains the others, and fails", async () => {
    const broken = join(out, "runs", study.runs[1].name);
    for (const name of readdirSync(join(broken, "checkpoints"))) {
      writeFileSync(join(broken, "checkpoints", name, "config.json"), "{");
    }
    rmSync(join(out, "runs", study.runs[2].name), { recursive: true });
    const { code, stdout, stderr } = await icrl("study", "run", file, "--out", out);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${study.runs[1].name}: CHECKPOINT_CORRUPT: `)]);
    expect(stdout).toContain(`${study.runs[1].name} failed: CHECKPOINT_CORRUPT: `);
    expect(parameters(out, study.runs[2].name).length).toBeGreaterThan(0);
  });
});
