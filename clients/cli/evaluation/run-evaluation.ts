/**
 * An evaluation of a trained model, on fresh instances: a tournament of the model, an expert and uniform play on its tasks and on
 * shifted ones, and a dataset of the expert's own play that both label, whose labels are compared.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { findAgent } from "../../../agents/registry.js";
import { type Checkpoint, findCheckpoint, readCheckpoint } from "../../../agents/transformer/checkpoint.js";
import { type ImitationGap, imitationGap } from "../../../agents/transformer/imitation-gap.js";
import { parameterCount } from "../../../agents/transformer/parameters.js";
import { resolveOptions } from "../../../common/options.js";
import { hash64 } from "../../../common/seeds.js";
import { runCommand } from "../child-command.js";
import type { CurveJson, MeanJson, Options, ResultsJson } from "../results.js";
import { type PlannedTask, planTasks } from "./plan.js";

/** What is evaluated, and how. */
export interface EvaluationPlan {
  /** A checkpoint's folder, or a training's. */
  readonly checkpoint: string;
  readonly expert: string;
  readonly expertOptions: Options;
  /** Tasks instead of those it was trained on; empty: those. */
  readonly tasks: readonly { readonly id: string; readonly task: string; readonly options: Options }[];
  readonly shifts: readonly string[];
  /** Context lengths, in tokens, that the model is played with besides its own. */
  readonly contexts: readonly number[];
  readonly temperature: number;
  readonly choose: string;
  readonly trials: number;
  readonly seed: bigint;
  readonly out: string;
}

/** How one player did on a task. */
export interface PlayerJson {
  /** "transformer", "expert", "uniform" or "transformer-context-N". */
  readonly name: string;
  readonly regret: MeanJson;
  readonly return: MeanJson | null;
  /** Cumulative regret by step of the trial; for MDPs by episode. */
  readonly curve: CurveJson;
}

/** evaluation.json; docs/training.md describes it. */
export interface EvaluationJson {
  readonly schema_version: 1;
  readonly checkpoint: {
    readonly folder: string;
    readonly sha256: string;
    readonly step: number;
    readonly parameters: number;
  };
  readonly expert: { readonly agent: string; readonly options: Options };
  readonly trials: number;
  readonly seed: string;
  readonly tasks: readonly (PlannedTask & {
    readonly players: readonly PlayerJson[];
    /** Of the model from the expert on the expert's own trajectories; null for shifted tasks and refused ones. */
    readonly imitation: ImitationGap | null;
  })[];
}

/**
 * Runs it, in `out`: evaluation.json, tournament/, imitation/.
 *
 * @throws what reading the checkpoint, the tournament and the collection throw
 */
export async function runEvaluation(plan: EvaluationPlan, say: (line: string) => void): Promise<EvaluationJson> {
  const folder = findCheckpoint(plan.checkpoint);
  const checkpoint = readCheckpoint(folder);
  const expert = findAgent(plan.expert);
  resolveOptions(expert.options, plan.expertOptions, `agent "${plan.expert}"`);
  const tasks = planTasks(checkpoint, plan.tasks.length > 0 ? plan.tasks : checkpoint.training.tasks, plan.shifts);
  mkdirSync(plan.out, { recursive: true });
  for (const { id, refused } of tasks) if (refused !== undefined) say(`${id}: not played, ${refused}`);

  const players = await playTournament(plan, folder, tasks);
  const playable = tasks.filter(({ shift, refused }) => shift === undefined && refused === undefined);
  const imitation = await compareLabels(plan, folder, playable);
  const result: EvaluationJson = {
    schema_version: 1,
    checkpoint: describe(folder, checkpoint),
    expert: { agent: plan.expert, options: plan.expertOptions },
    trials: plan.trials,
    seed: String(plan.seed),
    tasks: tasks.map((task) => ({
      ...task,
      players: players.get(task.id) ?? [],
      imitation: imitation.get(task.id) ?? null,
    })),
  };
  writeFileSync(join(plan.out, "evaluation.json"), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

function describe(folder: string, { model, training }: Checkpoint): EvaluationJson["checkpoint"] {
  const sha256 = createHash("sha256")
    .update(readFileSync(join(folder, "model.safetensors")))
    .digest("hex");
  return { folder, sha256, step: training.step, parameters: parameterCount(model) };
}

/** Ids of tasks in files that commands read: names without blanks. */
const fileId = (index: number): string => `task-${index}`;

/** Results by task id. */
async function playTournament(
  plan: EvaluationPlan,
  folder: string,
  tasks: readonly PlannedTask[],
): Promise<Map<string, PlayerJson[]>> {
  const model = { checkpoint: folder, choose: plan.choose, temperature: plan.temperature };
  const played = tasks
    .map((task, i) => ({ ...task, fileId: fileId(i) }))
    .filter(({ refused }) => refused === undefined);
  if (played.length === 0) return new Map();
  const out = join(plan.out, "tournament");
  const file = join(plan.out, "tournament.yaml");
  writeFileSync(
    file,
    stringify({
      name: "evaluation",
      seed: plan.seed,
      trials: plan.trials,
      tasks: played.map(({ fileId: id, task, options }) => ({ id, task, options })),
      agents: [
        { name: "transformer", agent: "transformer", options: model },
        { name: "expert", agent: plan.expert, options: plan.expertOptions },
        { name: "uniform", agent: "uniform" },
        ...plan.contexts.map((context) => ({
          name: `transformer-context-${context}`,
          agent: "transformer",
          options: { ...model, context },
        })),
      ],
    }),
  );
  await runCommand(["tournament", "run", file, "--out", out, "--overwrite"]);
  const results = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as ResultsJson;
  return new Map(
    played.map(({ id, fileId: name }) => [
      id,
      (results.tasks.find((task) => task.id === name)?.agents ?? []).map((agent) => ({
        name: agent.name,
        regret: { mean: agent.regret.mean, se: agent.regret.se },
        return: agent.return,
        curve: agent.curve,
      })),
    ]),
  );
}

/** Imitation gaps by task id. */
async function compareLabels(
  plan: EvaluationPlan,
  folder: string,
  tasks: readonly PlannedTask[],
): Promise<Map<string, ImitationGap>> {
  if (tasks.length === 0) return new Map();
  const out = join(plan.out, "imitation");
  const file = join(plan.out, "imitation.yaml");
  const { expert, expertOptions, choose, temperature } = plan;
  writeFileSync(
    file,
    stringify({
      name: "imitation",
      // A seed of its own: the trials of a training's dataset have the purpose "collect", too.
      seed: hash64(["icrl.v1", "evaluation", String(plan.seed)]),
      trials: plan.trials,
      tasks: tasks.map(({ task, options }, i) => ({ id: fileId(i), task, options })),
      behaviours: [{ name: "expert", agent: expert, options: expertOptions }],
      labels: [
        { name: "expert", expert, options: expertOptions },
        { name: "transformer", expert: "transformer", options: { checkpoint: folder, choose, temperature } },
      ],
    }),
  );
  await runCommand(["dataset", "collect", file, "--out", out, "--overwrite"]);
  const gaps = tasks.map(async ({ id }, i): Promise<[string, ImitationGap]> => {
    return [id, await imitationGap(out, "expert", "transformer", fileId(i))];
  });
  return new Map(await Promise.all(gaps));
}
