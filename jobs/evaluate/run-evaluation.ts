/**
 * An evaluation of a trained model, on fresh instances: a tournament of the model, an expert and uniform play on its tasks and on
 * shifted ones; a dataset of the expert's own play that both label, whose labels are compared, and where that is asked for another one of a
 * behaviour's play; and what theory says the difference of their returns is at most.
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
import { buildTask } from "../../server/tasks/registry.js";
import { collectDataset } from "../collect/collect-dataset.js";
import type { DatasetSpec } from "../collect/dataset-file.js";
import type { JobListener } from "../listener.js";
import type { RatioPoint } from "../ratio/pool-populations.js";
import type { MeanJson, Options } from "../tournament/results.js";
import { runTournament } from "../tournament/run-tournament.js";
import { type Bounds, boundsOf } from "./bounds.js";
import { drawGaps } from "./draw-gaps.js";
import {
  type AgentEntry,
  type EvaluationJson,
  gapJson,
  type PlayerJson,
  type RatioJson,
  ratioJson,
} from "./evaluation-json.js";
import { type PlannedTask, planTasks, type StoredModel, type TaskEntry } from "./plan.js";

/** What is evaluated, and how. */
export interface EvaluationPlan {
  /** A checkpoint's folder, or a training's. */
  readonly checkpoint: string;
  readonly expert: string;
  readonly expertOptions: Options;
  /** On whose play the two are compared, too; undefined: the expert's alone. */
  readonly behaviour: AgentEntry | undefined;
  /** Particles of each population that the distribution ratio of the expert to the behaviour is estimated with. */
  readonly particles: number;
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

/**
 * Runs it, in `out`: plan.json, which says whose folder it is, evaluation.json, tournament/, imitation/, behaviour/, and the picture of the distances,
 * imitation.svg and imitation.png. An earlier evaluation is replaced.
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
  const { behaviour } = plan;
  if (behaviour !== undefined) {
    resolveOptions(findAgent(behaviour.agent).options, behaviour.options, `agent "${behaviour.agent}"`);
  }
  if (plan.tasks === undefined) requirePlayable(folder, training.tasks);
  const others = behaviour === undefined ? [] : [findAgent(behaviour.agent)];
  const tasks = planTasks({ folder, checkpoint }, [expert, ...others], plan.tasks ?? training.tasks, plan.shifts);
  for (const context of plan.contexts) requireRoom({ folder, model }, { task: "", horizon: 1, episodes: 1 }, context);

  beginFolder(plan.out, { own: [EVALUATION], anew: true });
  const what = { checkpoint: folder, expert: plan.expert, trials: plan.trials, seed: String(plan.seed) };
  writeFileSync(join(plan.out, "plan.json"), `${JSON.stringify(what, undefined, 2)}\n`);
  const playable = tasks.filter(({ refused }) => refused === undefined);
  const count = (tasks: readonly PlannedTask[]) => `${plan.trials} trials of ${tasks.map(({ id }) => id).join(", ")}`;
  listener.doing(`playing ${count(playable)}: the model, ${plan.expert} and uniform`);
  const players = await playTournament(plan, folder, playable, listener, signal);
  const known = playable.filter(({ shift }) => shift === undefined);
  const onExpert: Histories = { folder: "imitation", player: { agent: plan.expert, options: plan.expertOptions } };
  const imitation = await compareLabels(plan, onExpert, folder, known, listener, signal);
  const onBehaviour =
    behaviour === undefined
      ? new Map<string, ImitationGap>()
      : await compareLabels(plan, { folder: "behaviour", player: behaviour }, folder, known, listener, signal);
  const ratios = onBehaviour.size === 0 ? undefined : await distributionRatios(plan, listener, signal);
  const result: EvaluationJson = {
    schema_version: 2,
    checkpoint: describe({ folder, checkpoint }),
    expert: onExpert.player,
    behaviour: behaviour ?? null,
    trials: plan.trials,
    seed: String(plan.seed),
    tasks: tasks.map((task) => {
      const played = players.get(task.id) ?? [];
      const gap = imitation.get(task.id);
      const other = onBehaviour.get(task.id);
      const ratio = other === undefined ? undefined : ratios?.(task.id);
      return {
        ...task,
        players: played,
        imitation: gap === undefined ? null : gapJson(gap),
        on_behaviour: other === undefined || ratio === undefined ? null : { ...gapJson(other), ratio },
        bounds:
          gap === undefined ? null : { ...toSnakeCase(boundsFor(task, gap, other, ratio)), measured: lost(played) },
      };
    }),
  };
  if (known.length > 0) await drawGaps(result, join(plan.out, "imitation"));
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

/**
 * Whose play two labels are compared on.
 *
 * The folders `imitation` and `behaviour` of an evaluation have it.
 */
interface Histories {
  readonly folder: "imitation" | "behaviour";
  readonly player: AgentEntry;
}

/** Imitation gaps by task id. */
async function compareLabels(
  plan: EvaluationPlan,
  { folder, player }: Histories,
  checkpoint: string,
  tasks: readonly PlannedTask[],
  listener: JobListener,
  signal: AbortSignal,
): Promise<Map<string, ImitationGap>> {
  const gaps = new Map<string, ImitationGap>();
  if (tasks.length === 0) return gaps;
  const { expert, expertOptions: options, choice, trials } = plan;
  listener.doing(
    `playing ${trials} trials of ${tasks.map(({ id }) => id).join(", ")} again: ${player.agent}, labelled by ${expert} and by the model`,
  );
  const out = join(plan.out, folder);
  const spec: DatasetSpec = {
    collection: {
      name: folder,
      tasks: tasks.map((task) => ({ ...entryOf(task), trials })),
      behaviours: [{ name: folder === "imitation" ? "expert" : "behaviour", ...player, weight: 1 }],
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
  for (const { id } of tasks) gaps.set(id, await imitationGap(out, "expert", "transformer", id));
  return gaps;
}

/** The ratio of the expert to the behaviour, of each task by its id; of all of them the reason where it cannot be known. */
async function distributionRatios(
  { out, expert, expertOptions: options, particles, seed }: EvaluationPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<(task: string) => RatioJson> {
  const { runRatio } = await import("../ratio/run-ratio.js"); // its threads
  const spec = {
    dir: join(out, "behaviour"),
    expert: findAgent(expert),
    options,
    horizons: undefined,
    particles,
    seed,
  };
  try {
    const { tasks } = await runRatio(spec, listener, signal);
    const atEnd = new Map(tasks.map(({ task: { id }, points }) => [id, points[points.length - 1]]));
    return (id) => ratioJson(atEnd.get(id) as RatioPoint);
  } catch (error) {
    if (!(error instanceof IcrlError && error.reason === "PROBABILITIES_UNKNOWN")) throw error;
    const { message } = error;
    return () => ({ log_ratio: null, standard_error: null, ess: null, unknown: message });
  }
}

function boundsFor(
  { task, options }: PlannedTask,
  onExpert: ImitationGap,
  gap: ImitationGap | undefined,
  ratio: RatioJson | undefined,
): Bounds {
  const { horizon, episodes } = buildTask(task, options);
  const logRatio = ratio?.log_ratio ?? undefined;
  return boundsOf(
    horizon * episodes,
    onExpert,
    gap === undefined || logRatio === undefined ? undefined : { gap, logRatio },
  );
}

/** The expert's return less the model's. Its error is as if they had not played the same trials: too large rather than too small. */
function lost(players: readonly PlayerJson[]): MeanJson {
  const [model, expert] = players.map((player) => player.return);
  const se = model.se === null || expert.se === null ? null : Math.hypot(model.se, expert.se);
  return { mean: expert.mean - model.mean, se };
}
