/** A training as its users run it: experiments/smoke, in well under a minute. What it takes to break one off is in train.full.test.ts. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrainingJson } from "#icrl/cli/commands/train.js";
import { shape } from "../support/shape.js";
import { type Ended, icrl, icrlJson, ROOT, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const out = join(folder.path, "smoke");
const SMOKE = join(ROOT, "experiments/smoke/train.yaml");
let ended: Ended;
let result: TrainingJson;

beforeAll(async () => {
  ended = await icrl("train", SMOKE, "--out", out, "--json");
  if (ended.code !== 0) throw new Error(ended.stderr);
  result = JSON.parse(ended.stdout) as TrainingJson;
}, 240_000);
afterAll(() => folder.remove());

interface Played {
  readonly regret: { readonly mean: number; readonly se: number };
}

test("the model of experiments/smoke beats uniform play on the same fresh trials", async () => {
  // The trials of its evaluations, which no dataset has: purpose "validate", the training's seed.
  const trials = ["--task", "bernoulli-bandit", "--set", "arms=3", "--set", "horizon=20", "--purpose", "validate"];
  const again = ["--seed", "1", "--trials", "200", "--no-record", "--data", join(folder.path, "log")];
  const uniform = (await icrlJson("play", "uniform", ...trials, ...again)) as Played;
  const { regret } = result.evaluation?.tasks.bandit ?? { regret: uniform.regret };
  // Seen: 3.34 ± 0.17 against 5.04 ± 0.20.
  expect(regret.mean).toBeLessThan(uniform.regret.mean - 3 * Math.hypot(regret.se as number, uniform.regret.se));
  // Its agent plays so whoever starts it.
  const model = (await icrlJson("play", "transformer", "--option", `checkpoint=${out}`, ...trials, ...again)) as Played;
  expect(model.regret).toEqual(regret);
});

test("its cross-entropy on held-out instances is well below the entropy of the labels' marginal", () => {
  const { loss = 9, marginal_entropy = 0 } = result.validation ?? {};
  expect(marginal_entropy).toBeLessThanOrEqual(Math.log(3) + 1e-6); // three arms
  expect(loss).toBeLessThan(marginal_entropy - 0.1); // seen: 0.86 and 1.10
});

test("--json has the fields of docs/cli.md, and standard error the progress", () => {
  const tasks = { bandit: { regret: { mean: "number", se: "number" }, return: { mean: "number", se: "number" } } };
  expect(shape(result)).toEqual({
    checkpoint: "string",
    step: "number",
    tokens: "number",
    parameters: "number",
    flops_per_token: "number",
    backend: "string",
    continued: [],
    early: "boolean",
    best: { step: "number", loss: "number", checkpoint: null },
    validation: {
      type: "string",
      step: "number",
      loss: "number",
      target_entropy: "number",
      marginal_entropy: "number",
      agreement: "number",
      decisions: "number",
    },
    evaluation: { type: "string", step: "number", trials: "number", tasks },
    seconds: "number",
    tokens_per_second: "number",
  });
  // 200 updates of 32 sequences of 20 tokens
  expect(result).toMatchObject({ checkpoint: join(out, "checkpoints/step-00000200"), step: 200, tokens: 128_000 });
  expect(ended.stderr).toMatch(/^back end \w+: .*$/m);
  expect(ended.stderr).toMatch(/^100 % {2}200 of 200 updates .*: loss \d\.\d{4}, validation \d\.\d{4}$/m);
});

test("the folder is as docs/training.md describes it", () => {
  const page = readFileSync(join(ROOT, "docs/training.md"), "utf8");
  for (const name of ["spec.json", "metrics.jsonl", "dataset", "checkpoints"]) {
    expect(page).toContain(`DIR/${name}`);
    expect(existsSync(join(out, name))).toBe(true);
  }
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const fields = (type: string) => Object.keys(lines.find((line) => line.type === type)).slice(2); // type, step
  for (const type of ["update", "validation", "evaluation"]) {
    const row = new RegExp(`^\\| \`${type}\` \\| (.*) \\|$`, "m").exec(page)?.[1] ?? "";
    for (const field of fields(type)) expect(row).toContain(`\`${field}\``);
  }
  expect(lines.filter(({ type }) => type === "update").map(({ step }) => step)).toEqual(
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
});

test("the same command again finds nothing left to do, and tells the same", async () => {
  const again = (await icrlJson("train", SMOKE, "--out", out)) as TrainingJson;
  const { seconds: _, tokens_per_second: __, ...same } = result;
  expect(again).toMatchObject(same);
  expect(again.tokens_per_second).toBeNull();
});

test("fewer updates are refused; more go on after the last one, with a line in metrics.jsonl as docs/training.md describes it", async () => {
  const { code, stderr } = await icrl("train", SMOKE, "--out", out, "--steps", "150");
  expect(code).toBe(2);
  // A back end that is asked whether it can be used may say something before.
  expect(stderr.trimEnd().split("\n").at(-1)).toBe(
    `error: OUTPUT_EXISTS: ${out} holds a training of 200 updates, and 150 are asked for: it can be made longer, not shorter: choose another --out, or begin anew with --overwrite`,
  );
  const longer = (await icrlJson("train", SMOKE, "--out", out, "--steps", "210")) as TrainingJson;
  expect(longer).toMatchObject({ step: 210, tokens: 134_400, continued: [{ steps: 200, after: 200 }] });
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  const continued = JSON.parse(lines.find((line) => line.includes('"continuation"')) ?? "{}");
  expect(continued).toEqual({ type: "continuation", step: 200, steps: 210, earlier_steps: 200 });
  const page = readFileSync(join(ROOT, "docs/training.md"), "utf8");
  expect(page).toMatch(/^\| `continuation` \| `steps` .* `earlier_steps` /m);
});
