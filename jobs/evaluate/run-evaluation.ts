/**
 * An evaluation of a trained model, on fresh instances: a tournament of the model, an expert and uniform play on its tasks and on
 * shifted ones; a dataset of the expert's own play that both label, whose labels are compared, and where that is asked for another one of a
 * behaviour's play; and what theory says the difference of their returns is at most.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCheckpoint, readCheckpoint } from "../../agents/transformer/checkpoint.js";
import { type ImitationGap, imitationGap } from "../../agents/transformer/imitation-gap.js";
import { parameterCount } from "../../agents/transformer/parameters.js";
import { requireRoom } from "../../agents/transformer/require-room.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import { meanAndStandardError } from "../../common/mean-and-standard-error.js";
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
  type Choice,
  type EvaluationJson,
  gapJson,
  type PlayerJson,
  type RatioJson,
  ratioJson,
} from "./evaluation-json.js";
import { behaviourNamed, type Comparable, expertNamed, playerOf } from "./expert.js";
import { type PlannedTask, planTasks, type StoredModel, type TaskEntry } from "./plan.js";
import { playedByBehaviour } from "./played-by-behaviour.js";

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
  /** How the model chooses. */
  readonly choice: Choice;
  /** Other temperatures that it is played at besides. */
  readonly temperatures: readonly number[];
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
  const expert = expertNamed(plan.expert);
  resolveOptions(expert.options, plan.expertOptions, `agent "${plan.expert}"`);
  const { behaviour } = plan;
  const other = behaviour && behaviourNamed(behaviour.agent);
  if (other !== undefined) resolveOptions(other.options, behaviour?.options ?? {}, `agent "${other.name}"`);
  if (plan.tasks === undefined) requirePlayable(folder, training.tasks);
  const agents = [expert.agent, other?.agent].filter((agent) => agent !== undefined);
  const tasks = planTasks({ folder, checkpoint }, agents, plan.tasks ?? training.tasks, plan.shifts);
  for (const context of plan.contexts) requireRoom({ folder, model }, { task: "", horizon: 1, episodes: 1 }, context);

  beginFolder(plan.out, { own: [EVALUATION], anew: true });
  const what = { checkpoint: folder, expert: plan.expert, trials: plan.trials, seed: String(plan.seed) };
  writeFileSync(join(plan.out, "plan.json"), `${JSON.stringify(what, undefined, 2)}\n`);
  const playable = tasks.filter(({ refused }) => refused === undefined);
  const count = (tasks: readonly PlannedTask[]) => `${plan.trials} trials of ${tasks.map(({ id }) => id).join(", ")}`;
  const entrants = expert.agent === undefined ? "the model and uniform" : `the model, ${plan.expert} and uniform`;
  listener.doing(`playing ${count(playable)}: ${entrants}`);
  const players = await playTournament(plan, expert, folder, playable, listener, signal);
  const known = playable.filter(({ shift }) => shift === undefined);
  const asked: AgentEntry = { agent: plan.expert, options: plan.expertOptions };
  const onExpert: Histories = { folder: "imitation", player: playerOf(asked) };
  const imitation = await compareLabels(plan, onExpert, folder, known, listener, signal);
  const onBehaviour =
    behaviour === undefined
      ? new Map<string, ImitationGap>()
      : await compareLabels(plan, { folder: "behaviour", player: behaviour }, folder, known, listener, signal);
  const ratios = onBehaviour.size === 0 ? undefined : await distributionRatios(plan, expert, listener, signal);
  const lost = await lostReturns(plan.out, expert);
  if (expert.agent === undefined) {
    const dir = join(plan.out, onExpert.folder);
    for (const { id, task, options } of known) {
      players.get(id)?.splice(1, 0, await playedByBehaviour(dir, id, buildTask(task, options), "expert"));
    }
  }
  const result: EvaluationJson = {
    schema_version: 2,
    checkpoint: describe({ folder, checkpoint }),
    choice: plan.choice,
    expert: asked,
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
          gap === undefined
            ? null
            : { ...toSnakeCase(boundsFor(task, gap, other, ratio)), measured: lost.get(task.id) ?? unpaired(played) },
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
  { agent }: Comparable,
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
    ...(agent === undefined ? [] : [{ name: "expert", agent: expert, options: expertOptions }]),
    { name: "uniform", agent: "uniform", options: {} },
    ...plan.temperatures.map((temperature) => ({
      name: `transformer-temperature-${temperature}`,
      agent: "transformer",
      options: { ...options, temperature },
    })),
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
  { agent }: Comparable,
  listener: JobListener,
  signal: AbortSignal,
): Promise<(task: string) => RatioJson> {
  if (agent === undefined) return () => unknownRatio(`${expert} needs the truth, and the ratio is estimated by agents`);
  const { runRatio } = await import("../ratio/run-ratio.js"); // its threads
  const spec = {
    dir: join(out, "behaviour"),
    expert: agent,
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
    return () => unknownRatio(message);
  }
}

const unknownRatio = (unknown: string): RatioJson => ({ log_ratio: null, standard_error: null, ess: null, unknown });

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

/**
 * What the model loses of the expert's return, by task id: its regret less the expert's, trial by trial, for they played the same ones. The expectation is that of the
 * difference of returns, without the luck of their rewards. Empty where the expert is in no tournament.
 */
async function lostReturns(out: string, { agent }: Comparable): Promise<Map<string, MeanJson>> {
  if (agent === undefined) return new Map();
  const { readTournament } = await import("../report/read-tournament.js"); // DuckDB
  const { tasks } = await readTournament(join(out, "tournament"));
  return new Map(
    tasks.map(({ id, entrants }) => {
      const regretsOf = (name: string) => entrants.find((entrant) => entrant.name === name)?.regrets as Float64Array;
      const expert = regretsOf("expert");
      const { mean, se } = meanAndStandardError(
        regretsOf("transformer").map((regret, trial) => regret - expert[trial]),
      );
      return [id, { mean: mean as number, se }]; // of one trial at least
    }),
  );
}

/** The same of who played other trials. */
function unpaired([model, expert]: readonly PlayerJson[]): MeanJson {
  const [own, best] = [model.regret, expert.regret];
  return { mean: own.mean - best.mean, se: own.se === null || best.se === null ? null : Math.hypot(own.se, best.se) };
}
