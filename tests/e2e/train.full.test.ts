/** Trainings that are broken off, and of every kind: minutes. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import type { TrainingJson } from "#icrl/cli/commands/train.js";
import { meanAndStandardError } from "#icrl/common/mean-and-standard-error.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import type { EvaluationJson } from "#icrl/jobs/evaluate/evaluation-json.js";
import { readTournament } from "#icrl/jobs/report/read-tournament.js";
import { shape } from "../support/shape.js";
import { datasetFile, trainingFile } from "../support/training-file.js";
import { icrl, icrlJson, PROGRAM, ROOT, startNode, temporaryFolder } from "./run-icrl.js";

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const SMALL = { layers: 1, width: 8, heads: 2 };

/** Trains to the end. */
async function trained(name: string, changes: Record<string, unknown>): Promise<TrainingJson> {
  const file = trainingFile(folder.path, { name, model: SMALL, ...changes });
  return (await icrlJson("train", file, "--out", path(name))) as TrainingJson;
}

/** metrics.jsonl without what the clock says. */
const metrics = (out: string) =>
  readFileSync(join(out, "metrics.jsonl"), "utf8")
    .replaceAll(/,"seconds":[^,}]*/g, "")
    .split("\n");

const parameters = (out: string): Buffer => {
  const last = readdirSync(join(out, "checkpoints")).sort().at(-1) ?? "";
  return readFileSync(join(out, "checkpoints", last, "model.safetensors"));
};

describe("a training that is broken off", () => {
  let file: string;
  const whole = path("whole");
  beforeAll(async () => {
    const dataset = datasetFile(folder.path, {
      trials: 400,
      tasks: [{ id: "b", task: "bernoulli-bandit", options: { arms: 3, horizon: 10 } }],
    });
    const training = {
      steps: 120,
      batch: 16,
      accumulate: 2,
      token_mask: 0.1,
      validation_share: 0.1,
      validation_every: 30,
    };
    const often = { checkpoint_every: 7, evaluation_trials: 4, evaluation_every: 40 };
    file = trainingFile(folder.path, {
      dataset,
      model: { ...SMALL, dropout: 0.1 },
      training: { ...training, ...often },
    });
    await icrlJson("train", file, "--out", whole);
  });

  test("by Ctrl-C saves, says so and exits with 130; the same command goes on from there", async () => {
    const broken = path("broken");
    const own = path("broken.yaml");
    const spec = { name: "broken", dataset: join(whole, "dataset"), objective: "dpt", training: { steps: 40 } };
    writeFileSync(own, JSON.stringify({ ...spec, model: { layers: 1, width: 8, heads: 1 } }));
    const args = [PROGRAM, "train", own, "--out", broken];
    const first = startNode(args);
    await first.said("1 of 40 updates");
    first.child.kill("SIGINT");
    const { code, stdout, stderr } = await first.ended;
    expect([code, stdout]).toEqual([130, ""]);
    const step = Number(/^saved after update (\d+): the same command goes on from there$/m.exec(stderr)?.[1]);
    expect(stderr).toMatch(/\ninterrupted by SIGINT\n$/);
    expect(step).toBeLessThan(40);
    const second = await startNode(args).ended;
    expect(second.code).toBe(0);
    expect(second.stderr).toContain(`going on after update ${step} of 40\n`);
  });

  test("by SIGKILL at any moment has the metrics and parameters of an undisturbed one", async () => {
    const out = path("killed");
    const rng = rngFromSeed(20n);
    for (let kill = 0; kill < 6; kill += 1) {
      const { child, ended } = startNode([PROGRAM, "train", file, "--out", out]);
      // Some die while they collect, some in an update, a validation or an evaluation, some while they save.
      const timer = setTimeout(() => child.kill("SIGKILL"), 1500 + 4000 * rng.uniform());
      await ended;
      clearTimeout(timer);
    }
    await icrlJson("train", file, "--out", out);
    expect(metrics(out)).toEqual(metrics(whole));
    expect(parameters(out).equals(parameters(whole))).toBe(true);
    expect(readdirSync(join(out, "checkpoints"))).toHaveLength(2); // keep_checkpoints; nothing half written
  });

  test("while it plays an evaluation plays it when it goes on", async () => {
    const out = path("evaluating");
    const { child, ended } = startNode([PROGRAM, "train", file, "--out", out]);
    while (!existsSync(join(out, "checkpoints/step-00000040"))) await new Promise(setImmediate);
    child.kill("SIGKILL"); // the checkpoint at 40 is for the evaluation alone: 7 does not divide it
    await ended;
    expect(metrics(out).filter((line) => line.includes("evaluation"))).toEqual([]);
    await icrlJson("train", file, "--out", out);
    expect(metrics(out)).toEqual(metrics(whole));
  });

  test("or was made longer goes on, says what that means and keeps both, killed or not; shorter is refused", async () => {
    const [out, killed] = [path("longer"), path("longer-killed")];
    for (const to of [out, killed]) cpSync(whole, to, { recursive: true });
    const again = (to: string, steps: number) => [PROGRAM, "train", file, "--out", to, "--steps", String(steps)];
    const longer = await startNode(again(out, 150)).ended;
    expect(longer.code, longer.stderr).toBe(0);
    expect(longer.stderr).toContain(
      "continued: 150 updates instead of 120, after 120 were made. The learning rate goes on as",
    );
    expect(longer.stderr).toContain("going on after update 120 of 150\n");
    expect(longer.stdout).toContain(
      "continued    after update 120; until then the learning rate was that of 120 updates\n",
    );
    expect(JSON.parse(readFileSync(join(out, "spec.json"), "utf8"))).toMatchObject({
      training: { steps: 150 },
      continued: [{ steps: 120, after: 120 }],
    });
    expect(readCheckpoint(out).training).toMatchObject({ step: 150, continued: [{ steps: 120, after: 120 }] });
    const lines = metrics(out);
    expect(lines.slice(0, metrics(whole).length - 1)).toEqual(metrics(whole).slice(0, -1)); // what was there stays
    expect(lines.filter((line) => line.includes("continuation"))).toEqual([
      '{"type":"continuation","step":120,"steps":150,"earlier_steps":120}',
    ]);

    const { child, ended } = startNode(again(killed, 150));
    while (!existsSync(join(killed, "checkpoints/step-00000133"))) await new Promise(setImmediate); // 7 * 19
    child.kill("SIGKILL");
    await ended;
    expect((await startNode(again(killed, 150)).ended).code).toBe(0);
    expect(metrics(killed)).toEqual(lines);
    expect(parameters(killed).equals(parameters(out))).toBe(true);

    const shorter = await startNode(again(out, 140)).ended;
    expect(shorter.code).toBe(2);
    expect(shorter.stderr).toContain(
      "a training of 150 updates, and 140 are asked for: it can be made longer, not shorter",
    );
    expect(metrics(out)).toEqual(lines);
  });

  test("goes on with its own dataset alone", async () => {
    const out = path("other-data");
    const collected = join(whole, "dataset");
    const dir = path("exchanged");
    cpSync(collected, dir, { recursive: true });
    const spec = trainingFile(folder.path, { dataset: dir, training: { steps: 4, checkpoint_every: 2 } });
    await icrlJson("train", spec, "--out", out);
    rmSync(join(out, "checkpoints/step-00000004"), { recursive: true });
    rmSync(dir, { recursive: true });
    await icrlJson("dataset", "collect", datasetFile(folder.path), "--out", dir);
    const { code, stderr } = await icrl("train", spec, "--out", out);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: DATASET_MISMATCH: ${out} was begun with the dataset "tiny"`);
  });
});

describe("online, each round is played afresh and read once", () => {
  const training = { steps: 12, batch: 8, checkpoint_every: 1, validation_sequences: 16, validation_every: 4 };
  const changes = { online: { trials: 32 }, training }; // 4 updates a round

  test("broken off in the middle of a round, it goes on there; past rounds are removed, and at the end all", async () => {
    const file = trainingFile(folder.path, { ...changes, dataset: datasetFile(folder.path), model: SMALL });
    const out = path("online");
    const first = startNode([PROGRAM, "train", file, "--out", out]);
    while (!existsSync(join(out, "checkpoints/step-00000006"))) await new Promise(setImmediate);
    first.child.kill("SIGKILL"); // in the second round
    await first.ended;
    const rounds = readdirSync(join(out, "online"));
    expect(rounds).toContain("round-1");
    expect(rounds).not.toContain("round-0");
    const result = (await icrlJson("train", file, "--out", out)) as TrainingJson;
    expect(result.step).toBe(12);
    expect(existsSync(join(out, "online"))).toBe(false);
    const updates = metrics(out).filter((line) => line.includes('"update"'));
    expect(updates).toHaveLength(12);
    expect(readCheckpoint(out).training.data).toBeNull();
    // Told again without a round being played.
    expect(await icrlJson("train", file, "--out", out)).toMatchObject({ step: 12, tokens_per_second: null });
  });
});

describe("every kind of training", () => {
  const linear = datasetFile(folder.path, {
    trials: 3000,
    tasks: [{ id: "linear", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 8 } }],
    behaviours: [{ agent: "uniform" }, { agent: "lin-ucb" }],
    labels: [{ expert: "lin-ucb" }],
  });

  test.each(["step", "lin2023"])("an expert's choices in a linear bandit, layout %s, are learned", async (layout) => {
    const training = { steps: 200, batch: 32, learning_rate: 0.01, warmup: 20, validation_share: 0.1 };
    const changes = { dataset: linear, objective: "expert:lin-ucb", layout, training };
    const { validation } = await trained(`linear-${layout}`, { ...changes, model: { layers: 2, width: 16, heads: 2 } });
    const { loss = 9, marginal_entropy = 0, target_entropy = 0 } = validation ?? {};
    expect(loss).toBeLessThan(marginal_entropy - 0.1); // seen: 0.87 (step) and 0.86 (lin2023) against 1.10
    expect(target_entropy).toBeGreaterThan(0.1); // its first action is any: probabilities are learned, not draws
    const { model } = readCheckpoint(path(`linear-${layout}`));
    expect([model.stride, model.context]).toEqual(layout === "step" ? [1, 8] : [2, 16]);
  });

  test("a ReLU model with a window and relative positions plays longer trials than it was trained on", async () => {
    const model = { ...SMALL, attention: "relu", positions: "alibi", window: 4 };
    await trained("window", {
      dataset: linear,
      objective: "ad",
      context: 5,
      model,
      training: { steps: 20, evaluation_trials: 2 },
    });
    const longer = ["--task", "linear-bandit", "--set", "dim=2", "--set", "actions=3", "--set", "horizon=40"];
    const played = [
      "--trials",
      "4",
      "--no-record",
      "--data",
      path("window-log"),
      "--option",
      `checkpoint=${path("window")}`,
    ];
    expect(await icrlJson("play", "transformer", ...longer, ...played)).toMatchObject({ steps: 160 });
  });

  test("a model whose context is shorter than a trial is refused, or learns beginnings where that is asked for, and then is not evaluated", async () => {
    const short = { dataset: linear, objective: "ad", context: 5 };
    await trained("short", { ...short, training: { steps: 4, crop: "prefix" } });
    const refused = async (training: object) => {
      const file = trainingFile(folder.path, { ...short, training });
      const { code, stderr } = await icrl("train", file, "--out", path("too-short"));
      expect(code).toBe(2);
      expect(existsSync(path("too-short/checkpoints"))).toBe(false);
      return stderr;
    };
    expect(await refused({})).toMatch(
      /^error: OPTION_INVALID: the model could not play what it is trained on: a trial has 8 tokens, its context 5, /m,
    );
    expect(await refused({ crop: "prefix", evaluation_trials: 2 })).toMatch(
      /^error: OPTION_INVALID: the model cannot play evaluation_trials: a trial has 8 tokens, its context 5; /m,
    );
  });

  test("a training begins with another's model, ends early, and keeps the best, on as many threads as it is told", async () => {
    const first = { dataset: linear, objective: "ad" };
    await trained("first", { ...first, training: { steps: 4 } });
    const still = { learning_rate: 0, schedule: "constant", validation_share: 0.2, validation_every: 2 };
    const training = { steps: 30, ...still, patience: 2, keep_best: true };
    const file = trainingFile(folder.path, { ...first, model: SMALL, from: "first", training });
    const out = path("second");
    const args = ["train", file, "--out", out, "--backend", "engine"];
    const { code, stderr } = await icrl(...args, "--threads", "1");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("back end engine: WebAssembly, 1 thread\n");
    expect(stderr).toMatch(/^beginning with the model of .*first, of 4 updates for objective ad$/m);
    const again = (await icrlJson(...args)) as TrainingJson;
    expect(again).toMatchObject({ step: 6, early: true, best: { step: 2, checkpoint: join(out, "checkpoints/best") } });
    expect(parameters(out).equals(parameters(path("first")))).toBe(true); // nothing was learned
    expect(readCheckpoint(join(out, "checkpoints/best")).training).toMatchObject({ step: 2, from: { step: 4 } });
    expect(JSON.parse(readFileSync(join(out, "spec.json"), "utf8"))).toMatchObject({ from: "../first" });
    const replaced = await icrl(...args, "--overwrite"); // removes the best, too, and no more than its own
    expect(replaced.code, replaced.stderr).toBe(0);
  });

  test("pieces that begin anywhere teach a model of few tokens to play with the last ones, also where it is evaluated", async () => {
    const training = { steps: 20, crop: "random", evaluation_trials: 2 };
    const { evaluation } = await trained("pieces", { dataset: linear, objective: "ad", context: 5, training });
    expect(evaluation?.trials).toBe(2);
    const task = ["--task", "linear-bandit", "--set", "dim=2", "--set", "actions=3", "--set", "horizon=8"];
    const log = ["--trials", "2", "--no-record", "--data", path("pieces-log")];
    const options = ["--option", `checkpoint=${path("pieces")}`, "--option", "context=5"];
    expect(await icrlJson("play", "transformer", ...task, ...log, ...options)).toMatchObject({ steps: 16 });
  });

  test("where several actions are equally good, all of them are asked for evenly by the truth's label, and the first by the column", async () => {
    const room = { id: "room", task: "dark-room", options: { size: 3, horizon: 4, episodes: 2, start: "random" } };
    const labels = ["self", "optimal", { expert: "optimal" }];
    const dataset = datasetFile(folder.path, { tasks: [room], behaviours: [{ agent: "uniform" }], labels });
    const training = { steps: 6, validation_share: 0.4 };
    const spread = await trained("spread", { dataset, objective: "expert:best", training });
    expect(spread.validation?.target_entropy).toBeGreaterThan(0.2); // two ways, ln 2, or any, ln 5
    const lowest = await trained("lowest", { dataset: join(path("spread"), "dataset"), objective: "dpt", training });
    expect(lowest.validation?.target_entropy).toBe(0);
  });

  test("algorithm distillation of an MDP of several episodes, every second one kept", async () => {
    const swim = { id: "swim", task: "river-swim", options: { states: 4, horizon: 6, episodes: 4 } };
    const spec = { tasks: [swim], behaviours: [{ agent: "ucbvi" }], subsample: 2 };
    const dataset = datasetFile(folder.path, { ...spec, trials: 1500 });
    // River-swim is one instance, of which none can be held out.
    const other = datasetFile(folder.path, { ...spec, trials: 150, seed: 2 });
    await icrlJson("dataset", "collect", other, "--out", path("held-out"));
    const training = { steps: 200, batch: 32, learning_rate: 0.01, warmup: 10 };
    const changes = { dataset, validation: path("held-out"), objective: "ad", training };
    const { validation } = await trained("distilled", changes);
    expect(validation?.loss).toBeLessThan((validation?.marginal_entropy ?? 0) - 0.01); // seen: 0.657 and 0.689
    const { model, training: record } = readCheckpoint(path("distilled"));
    expect(model.context).toBe(12); // 2 episodes of 6 steps
    expect(record.tasks).toMatchObject([{ id: "swim", task: "river-swim", options: { episodes: 4 } }]);
    const shorter = ["--task", "river-swim", "--set", "states=4", "--set", "horizon=6", "--set", "episodes=2"];
    const args = ["--expert", "ucbvi", ...shorter, "--trials", "5", "--out", path("distilled-evaluation")];
    const evaluation = (await icrlJson("evaluate", path("distilled"), ...args)) as EvaluationJson;
    expect(evaluation.tasks[0].players[0].curve.step).toEqual([6, 12]); // the ends of its episodes
    expect(evaluation.tasks[0].imitation?.steps.at(-1)?.step).toBe(12);
  });
});

describe("icrl evaluate", () => {
  const out = path("evaluation");
  let evaluation: EvaluationJson;
  beforeAll(async () => {
    const tasks = [{ id: "three arms", task: "bernoulli-bandit", options: { arms: 3, horizon: 10 } }];
    await trained("evaluated", { dataset: datasetFile(folder.path, { trials: 200, tasks }), training: { steps: 20 } });
    const shifts = ["arms=2", "alpha=3", "arms=5", "horizon=20"].flatMap((shift) => ["--shift", shift]);
    const behaviour = ["--behaviour", "uniform", "--particles", "50"];
    const also = ["--context", "4", "--temperature", "1", "--temperature", ".25"];
    const args = ["--expert", "thompson", "--trials", "20", ...also, ...behaviour, ...shifts, "--out", out];
    evaluation = (await icrlJson("evaluate", path("evaluated"), ...args)) as EvaluationJson;
  });

  test("compares with the expert and uniform play, another temperature, less context and shifted tasks, each on the same trials", () => {
    const names = ["transformer", "expert", "uniform", "transformer-temperature-0.25", "transformer-context-4"];
    expect(evaluation.choice).toEqual({ choose: "sample", temperature: 1 });
    expect(evaluation.tasks.map(({ id, players }) => [id, players.map(({ name }) => name)])).toEqual([
      ["three arms", names],
      ["three arms arms:2", names],
      ["three arms alpha:3", names],
      ["three arms arms:5", []],
      ["three arms horizon:20", []],
    ]);
    for (const { players } of evaluation.tasks) {
      for (const { regret, curve } of players) {
        expect(curve.step).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
        expect(curve.mean.at(-1)).toBeCloseTo(regret.mean, 9);
      }
    }
  });

  test("tells why the model cannot play a task", () => {
    const [more, longer] = evaluation.tasks.slice(3);
    expect(more.refused).toMatch(/^task "bernoulli-bandit" has 5 actions, the model was trained for at most 3/);
    expect(longer.refused).toMatch(/^a trial of "bernoulli-bandit" has 20 steps \(1 x 20\), .* has room for 10/);
  });

  test("measures the distance from the expert where nothing was changed", () => {
    expect(evaluation.tasks.map(({ imitation }) => imitation === null)).toEqual([false, true, true, true, true]);
    const { expert_probabilities = false, steps = [], mean } = evaluation.tasks[0].imitation ?? {};
    expect(expert_probabilities).toBe(true);
    expect(steps.map(({ step, trials }) => [step, trials])).toEqual(Array.from({ length: 10 }, (_, i) => [i + 1, 20]));
    const average = steps.reduce((sum, gap) => sum + gap.total_variation, 0) / 10;
    expect(mean?.total_variation).toBeCloseTo(average, 9);
  });

  test("measures the same on the behaviour's histories, and what both say of the returns", () => {
    expect(evaluation.tasks.map(({ on_behaviour: other }) => other === null)).toEqual([false, true, true, true, true]);
    const [{ imitation, on_behaviour: other, bounds }] = evaluation.tasks;
    expect(other?.steps).toHaveLength(10);
    expect(other?.steps[0].total_variation).toBe(imitation?.steps[0].total_variation); // nothing has happened yet
    expect(other?.mean.total_variation).not.toBe(imitation?.mean.total_variation);
    expect(bounds?.by_total_variation).toBeGreaterThan(0);
    expect(bounds?.by_hellinger).toBeGreaterThan(bounds?.by_total_variation ?? Infinity);
    expect(bounds?.by_epsilon_real).toBeGreaterThan(bounds?.by_hellinger ?? Infinity);
  });

  test("leaves its document, whose fields docs/training.md describes, a picture and the labelled dataset", () => {
    const written = readFileSync(join(out, "evaluation.json"), "utf8");
    expect(JSON.parse(written)).toEqual(evaluation);
    const moments = { mean: "number", se: "number" };
    const distances = ["total_variation", "hellinger", "squared_hellinger", "excess_cross_entropy"];
    const numbers = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "number"]));
    const gap = numbers([...distances, ...distances.map((name) => `${name}_se`), "trials"]);
    const ratio = numbers(["log_expected_ratio", "log_expected_ratio_se", "effective_trials"]);
    const imitation = {
      expert_probabilities: "boolean",
      mean: gap,
      squared_hellinger_sum: moments,
      epsilon_real: { step: "number", ...ratio },
      steps: [{ step: "number", ...gap, ...ratio }],
    };
    const options = { arms: "number", horizon: "number", alpha: "number", beta: "number" };
    const curve = { step: ["number"], mean: ["number"], se: ["number"] };
    expect(shape({ ...evaluation, tasks: evaluation.tasks.slice(0, 1) })).toEqual({
      schema_version: "number",
      checkpoint: { folder: "string", sha256: "string", step: "number", parameters: "number" },
      choice: { choose: "string", temperature: "number" },
      expert: { agent: "string", options: {} },
      behaviour: { agent: "string", options: {} },
      trials: "number",
      seed: "string",
      tasks: [
        {
          id: "string",
          task: "string",
          options,
          players: [{ name: "string", regret: moments, return: moments, curve }],
          imitation,
          on_behaviour: { ...imitation, ratio: numbers(["log_ratio", "standard_error", "ess"]) },
          bounds: { measured: moments, ...numbers(["by_total_variation", "by_hellinger", "by_epsilon_real"]) },
        },
      ],
    });
    const page = readFileSync(join(ROOT, "docs/training.md"), "utf8");
    const names = [
      "schema_version",
      "checkpoint",
      "choice",
      "expert",
      "trials",
      "seed",
      "tasks[]",
      "tasks[].players[]",
    ];
    const deeper = ["sha256", "parameters", "shift", "refused", "curve", "expert_probabilities", "total_variation"];
    for (const name of [...names, "tasks[].imitation", ...deeper]) expect(page).toContain(`\`${name}\``);
    for (const name of [...distances, "epsilon_real", "on_behaviour", "bounds"]) expect(page).toContain(name);
    const pictures = ["tournament/regret.png", "imitation.svg", "imitation.png"];
    for (const left of [...pictures, "tournament/results.json", "imitation/dataset.json", "behaviour/dataset.json"]) {
      expect(existsSync(join(out, left))).toBe(true);
    }
  });

  test("the difference is that of regrets on the same trials, which is known better than that of returns", async () => {
    const [{ players, bounds }] = evaluation.tasks;
    const [model, expert] = players;
    expect(bounds?.measured.mean).toBeCloseTo(model.regret.mean - expert.regret.mean, 9);
    const { tasks } = await readTournament(join(out, "tournament"));
    const regretsOf = (name: string) => tasks[0].entrants.find((entrant) => entrant.name === name)?.regrets ?? [];
    const differences = Array.from(regretsOf("transformer"), (regret, i) => regret - regretsOf("expert")[i]);
    expect(bounds?.measured).toEqual(meanAndStandardError(differences));
  });

  test.each<[expert: string, options: string[]]>([
    ["optimal", []],
    ["oracle-noise", ["--option", "start=0", "--option", "end=0"]],
  ])("%s, who needs the truth, plays on the server and in no tournament, and loses nothing", async (name, options) => {
    const args = ["--expert", name, ...options, "--behaviour", "oracle-noise", "--trials", "20", "--out", path(name)];
    const result = (await icrlJson("evaluate", path("evaluated"), ...args)) as EvaluationJson;
    const [{ players, imitation, on_behaviour, bounds }] = result.tasks;
    expect(result.expert.agent).toBe(name);
    expect(players.map((player) => player.name)).toEqual(["transformer", "expert", "uniform"]);
    expect([players[1].regret, players[1].curve.mean]).toEqual([
      { mean: 0, se: 0 },
      Array.from({ length: 10 }, () => 0),
    ]);
    expect(players[1].return.mean).toBeGreaterThan(players[0].return.mean);
    expect(bounds?.measured).toEqual(players[0].regret);
    expect(imitation?.expert_probabilities).toBe(true);
    expect(bounds?.by_total_variation).toBeGreaterThan(players[0].regret.mean);
    expect(on_behaviour?.ratio).toMatchObject({
      log_ratio: null,
      unknown: `${name} needs the truth, and the ratio is estimated by agents`,
    });
  });

  test("as text tells the same", async () => {
    const args = ["--expert", "emp", "--trials", "3", "--shift", "arms=5", "--out", path("text")];
    const { code, stdout } = await icrl("evaluate", path("evaluated"), ...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^three arms +transformer +\d+\.\d\d ± \d+\.\d\d$/m);
    expect(stdout).toMatch(/^three arms arms:5: not played\. task "bernoulli-bandit" has 5 actions/m);
    expect(stdout).toMatch(/^three arms +all( +\d\.\d{4}){3}$|^three arms +all( +\d+\.\d{4}){3}$/m);
    expect(stdout).toMatch(/^three arms +emp( +\d+\.\d{4} ± \d+\.\d{4}){2} +\d+ +\S+$/m);
    expect(stdout).toMatch(/^three arms +[−\d.]+ ± \d+\.\d\d +\S+ +– +– +–$/m); // no behaviour: no ratio
    expect(stdout).toContain(`picture      ${path("text")}/tournament/regret.svg`);
    expect(stdout).toContain(`picture      ${path("text")}/imitation.svg`);
  });

  test.each<[what: string, args: string[], line: RegExp]>([
    ["no checkpoint", [path("nowhere"), "--expert", "thompson"], /CHECKPOINT_NOT_FOUND: there is no checkpoint in /],
    [
      "an expert of other tasks",
      [path("evaluated"), "--expert", "lin-ucb"],
      /TASK_UNSUPPORTED: agent "lin-ucb" plays linear/,
    ],
    [
      "an expert that is a law",
      [path("evaluated"), "--expert", "posterior"],
      /AGENT_UNKNOWN: "posterior" is a law that nobody plays: thompson /,
    ],
    [
      "a mistyped expert",
      [path("evaluated"), "--expert", "optimall"],
      /AGENT_UNKNOWN: there is no agent "optimall": did you mean "optimal"\?/,
    ],
    [
      "a task that is too large",
      [path("evaluated"), "--expert", "thompson", "--task", "bernoulli-bandit"],
      /TASK_UNSUPPORTED: .* 5 actions/,
    ],
    [
      "options of no task",
      [path("evaluated"), "--expert", "thompson", "--set", "arms=2"],
      /required option '--task <task>'/,
    ],
    [
      "a shift of nothing",
      [path("evaluated"), "--expert", "thompson", "--shift", "noise_std=3"],
      /OPTION_UNKNOWN: shift "noise_std=3": give NAME=VALUE, NAME one of arms, horizon, alpha, beta/,
    ],
    [
      "a shift too far",
      [path("evaluated"), "--expert", "thompson", "--shift", "arms=1"],
      /OPTION_INVALID: option "arms" of task "bernoulli-bandit" is 1/,
    ],
    [
      "too much context",
      [path("evaluated"), "--expert", "thompson", "--context", "11"],
      /OPTION_INVALID: option "context" of agent "transformer" is 11/,
    ],
    [
      "no context",
      [path("evaluated"), "--expert", "thompson", "--context", "0"],
      /argument '0' is invalid. Give a whole number of at least 1/,
    ],
    [
      "no number",
      [path("evaluated"), "--expert", "thompson", "--temperature", "x"],
      /OPTION_INVALID: option "temperature" of the model is "x"/,
    ],
  ])("%s is refused in one line before anything is played", async (_, args, line) => {
    const { code, stdout, stderr } = await icrl("evaluate", ...args, "--out", path("refused"));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^(reading [^\n]+\n)?error: [^\n]+\n$/);
    expect(stderr).toMatch(line);
    expect(existsSync(path("refused"))).toBe(false);
  });
});

test("a folder that cannot be made is one line", async () => {
  writeFileSync(path("a-file"), "");
  const below = await icrl("train", trainingFile(folder.path), "--out", path("a-file/out"));
  expect([below.code, below.stderr]).toEqual([
    2,
    expect.stringMatching(/^(loading [^\n]+\n)?error: OUTPUT_EXISTS: [^\n]+\n$/),
  ]);
  const { code, stderr } = await icrl("train", trainingFile(folder.path), "--out", "/proc/icrl/out"); // on Linux nobody can
  expect(code).toBe(1);
  expect(stderr).toMatch(/^(loading [^\n]+\n)?error: E[A-Z]+: [^\n]+\n$/);
});
