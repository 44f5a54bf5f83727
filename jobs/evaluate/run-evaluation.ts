/**
 * An evaluation of a trained model, on fresh instances: a tournament of the model, an expert and uniform play on its tasks and on
 * shifted ones, and a dataset of the expert's own play that both label, whose labels are compared.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findAgent } from "../../agents/registry.js";
import { findCheckpoint, readCheckpoint } from "../../agents/transformer/checkpoint.js";
import { type ImitationGap, imitationGap } from "../../agents/transformer/imitation-gap.js";
import { parameterCount } from "../../agents/transformer/parameters.js";
import { requireRoom } from "../../agents/transformer/require-room.js";
import { transformer } from "../../agents/transformer/transformer.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import { hash64 } from "../../common/seeds.js";
import { toSnakeCase } from "../../common/snake-case.js";
import { isImportedTask } from "../../datasets/folder/truth-known.js";
import { beginFolder } from "../../datasets/output/begin-folder.js";
import { EVALUATION } from "../../datasets/output/output-kinds.js";
import { collectDataset } from "../collect/collect-dataset.js";
import type { DatasetSpec } from "../collect/dataset-file.js";
import type { JobListener } from "../listener.js";
import type { CurveJson, MeanJson, Options } from "../tournament/results.js";
import { runTournament } from "../tournament/run-tournament.js";
import { type PlannedTask, planTasks, type StoredModel, type TaskEntry } from "./plan.js";

/** What is evaluated, and how. */
export interface EvaluationPlan {
  /** A checkpoint's folder, or a training's. */
  readonly checkpoint: string;
  readonly expert: string;
  readonly expertOptions: Options;
  /** Tasks instead of those it was trained on; undefined: those. */
  readonly tasks: readonly TaskEntry[] | undefined;
  /** `name=value` texts. */
  readonly shifts: readonly string[];
  /** Context lengths, in tokens, that the model is played with besides its own. */
  readonly contexts: readonly number[];
  /** How the model chooses: options of the agent `transformer`. */
  readonly choice: Options;
  readonly trials: number;
  readonly seed: bigint;
  readonly out: string;
  /** Command line that evaluates it again, for the tournament's results. */
  readonly command: string;
}

/** How one player did on a task. */
export interface PlayerJson {
  /** "transformer", "expert", "uniform" or "transformer-context-N". */
  readonly name: string;
  readonly regret: MeanJson;
  readonly return: MeanJson;
  /** Cumulative regret by step of the trial; for MDPs by episode. */
  readonly curve: CurveJson;
}

/** evaluation.json; docs/training.md describes it. */
export interface EvaluationJson {
  readonly schema_version: 2;
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
    readonly imitation: GapJson | null;
  })[];
}

/**
 * Runs it, in `out`: plan.json, which says whose folder it is, evaluation.json, tournament/, imitation/. An earlier evaluation is replaced.
 *
 * @throws what reading the checkpoint, planning, the tournament and the collection throw
 */
export async function runEvaluation(
  plan: EvaluationPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<EvaluationJson> {
  const folder = findCheckpoint(plan.checkpoint);
  const checkpoint = readCheckpoint(folder);
  const { model, training } = checkpoint;
  const expert = findAgent(plan.expert);
  resolveOptions(expert.options, plan.expertOptions, `agent "${plan.expert}"`);
  resolveOptions(transformer.options, plan.choice, "the model");
  if (plan.tasks === undefined) requirePlayable(folder, training.tasks);
  const tasks = planTasks({ folder, checkpoint }, expert, plan.tasks ?? training.tasks, plan.shifts);
  for (const context of plan.contexts) requireRoom({ folder, model }, { task: "", horizon: 1, episodes: 1 }, context);

  beginFolder(plan.out, { own: [EVALUATION], anew: true });
  const what = { checkpoint: folder, expert: plan.expert, trials: plan.trials, seed: String(plan.seed) };
  writeFileSync(join(plan.out, "plan.json"), `${JSON.stringify(what, undefined, 2)}\n`);
  const playable = tasks.filter(({ refused }) => refused === undefined);
  const count = (tasks: readonly PlannedTask[]) => `${plan.trials} trials of ${tasks.map(({ id }) => id).join(", ")}`;
  listener.doing(`playing ${count(playable)}: the model, ${plan.expert} and uniform`);
  const players = await playTournament(plan, folder, playable, listener, signal);
  const known = playable.filter(({ shift }) => shift === undefined);
  if (known.length > 0)
    listener.doing(`playing ${count(known)} again: ${plan.expert}, labelled by it and by the model`);
  const imitation = await compareLabels(plan, folder, known, listener, signal);
  const result: EvaluationJson = {
    schema_version: 2,
    checkpoint: describe({ folder, checkpoint }),
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

function describe({ folder, checkpoint: { model, training } }: StoredModel): EvaluationJson["checkpoint"] {
  const bytes = readFileSync(join(folder, "model.safetensors"));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { folder, sha256, step: training.step, parameters: parameterCount(model) };
}

const entryOf = ({ id, task, options }: PlannedTask): TaskEntry => ({ id, task, options });

/** @throws TRUTH_UNKNOWN if a task that a model was trained on came with imported data: no server plays it */
function requirePlayable(folder: string, tasks: readonly TaskEntry[]): void {
  const imported = tasks.find(isImportedTask);
  if (imported === undefined) return;
  const text = `${folder} was trained on imported data, whose task "${imported.id}" this program does not have: give --task, and its options by --set`;
  throw new IcrlError("TRUTH_UNKNOWN", text, { folder });
}

/** Results by task id. */
async function playTournament(
  plan: EvaluationPlan,
  checkpoint: string,
  tasks: readonly PlannedTask[],
  listener: JobListener,
  signal: AbortSignal,
): Promise<Map<string, PlayerJson[]>> {
  const { expert, expertOptions, trials, seed, command } = plan;
  const options = { checkpoint, ...plan.choice };
  const out = join(plan.out, "tournament");
  const agents = [
    { name: "transformer", agent: "transformer", options },
    { name: "expert", agent: expert, options: expertOptions },
    { name: "uniform", agent: "uniform", options: {} },
    ...plan.contexts.map((context) => ({
      name: `transformer-context-${context}`,
      agent: "transformer",
      options: { ...options, context },
    })),
  ].map((agent) => ({ ...agent, tasks: [] }));
  const spec = { seed, trials, name: "evaluation", tasks: tasks.map(entryOf), agents };
  const results = await runTournament({ spec, out, overwrite: true, command }, listener, signal);
  return new Map(
    results.tasks.map(({ id, agents }) => [
      id,
      agents.map(({ name, forfeits, forfeit_reason: reason, regret: { mean, se }, return: gained, curve }) => {
        if (forfeits > 0 || gained === null) {
          const text = `"${name}" forfeited ${forfeits} of ${trials} trials of "${id}": ${join(out, "agents")} has its words`;
          throw IcrlError.told(reason as Reason, text);
        }
        return { name, regret: { mean, se }, return: gained, curve };
      }),
    ]),
  );
}

/** Imitation gaps by task id. */
async function compareLabels(
  plan: EvaluationPlan,
  checkpoint: string,
  tasks: readonly PlannedTask[],
  listener: JobListener,
  signal: AbortSignal,
): Promise<Map<string, GapJson>> {
  const gaps = new Map<string, GapJson>();
  if (tasks.length === 0) return gaps;
  const out = join(plan.out, "imitation");
  const { expert, expertOptions: options, choice, trials } = plan;
  const spec: DatasetSpec = {
    collection: {
      name: "imitation",
      tasks: tasks.map((task) => ({ ...entryOf(task), trials })),
      behaviours: [{ name: "expert", agent: expert, options, weight: 1 }],
    },
    // A seed of its own: the trials of a training's dataset have the purpose "collect", too.
    seed: hash64(["icrl.v1", "evaluation", String(plan.seed)]),
    columns: [],
    experts: [
      { name: "expert", expert, options },
      { name: "transformer", expert: "transformer", options: { checkpoint, ...choice } },
    ],
    subsample: undefined,
  };
  await collectDataset({ spec, source: "the evaluation", out, overwrite: true }, listener, signal);
  listener.doing("comparing the labels, step by step");
  for (const { id } of tasks) gaps.set(id, gapJson(await imitationGap(out, "expert", "transformer", id)));
  return gaps;
}

/** A gap as evaluation.json has it. */
type GapJson = ReturnType<typeof gapJson>;

const gapJson = ({ mean, steps, ...rest }: ImitationGap) => ({
  ...toSnakeCase(rest),
  mean: toSnakeCase(mean),
  steps: steps.map((step) => toSnakeCase(step)),
});
