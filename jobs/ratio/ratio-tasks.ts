/** Of a dataset what its distribution ratio to an expert is about: for each task the parts of the mixture and their laws. */
import { agents } from "../../agents/registry.js";
import { IcrlError } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import { playsTask } from "../../common/plays-task.js";
import type { BehaviourHead, DatasetManifest, SourceEntry } from "../../datasets/folder/dataset-manifest.js";
import type { BehaviourRow } from "../../datasets/folder/describe-behaviours.js";
import { ORACLE_NOISE } from "../../server/tasks/oracle-noise-options.js";
import { buildTask } from "../../server/tasks/registry.js";
import type { Task } from "../../server/tasks/task.js";
import type { Player } from "./policy-trials.js";

/** A part of a task's mixture. */
export interface RatioBehaviour {
  readonly name: string;
  readonly player: Player;
  /** Probability that a trial is by it. */
  readonly weight: number;
  /** In the data. */
  readonly trials: number;
  readonly episodes: number;
  /** Episodes with a step whose propensity is null. */
  readonly unknownPropensities: number;
}

/** A task of the dataset. */
export interface RatioTask {
  readonly id: string;
  readonly task: Task;
  /** Most steps of a trial. */
  readonly steps: number;
  readonly behaviours: readonly RatioBehaviour[];
}

/**
 * The tasks.
 *
 * Weights are the spec's. In a dataset that was merged of several collections they are a task's numbers of trials.
 *
 * @param rows of the dataset's data
 * @throws PROBABILITIES_UNKNOWN if a behaviour is not built in, or needs the truth
 * @throws TASK_UNSUPPORTED if the expert does not play a task
 */
export function ratioTasks(manifest: DatasetManifest, rows: readonly BehaviourRow[], expert: Player): RatioTask[] {
  const byCounts = isMerged(manifest);
  return manifest.tasks.map(({ id, task: family, options }) => {
    const task = buildTask(family, options);
    if (!playsTask(expert.agent.tasks, task.name, task.kinds)) {
      throw new IcrlError(
        "TASK_UNSUPPORTED",
        `expert "${expert.agent.name}" plays ${expert.agent.tasks.join(", ")}, not task "${id}", which is ${task.name}`,
        { agent: expert.agent.name, task: task.name },
      );
    }
    const parts = manifest.behaviours.flatMap((behaviour) => {
      const row = rows.find((candidate) => candidate.task === id && candidate.behaviour === behaviour.name);
      const weight = byCounts ? (row?.trials ?? 0) : behaviour.weight;
      return weight > 0 ? [{ behaviour, row, weight }] : [];
    });
    const total = parts.reduce((sum, { weight }) => sum + weight, 0);
    const behaviours = parts.map(
      ({ behaviour, row, weight }): RatioBehaviour => ({
        name: behaviour.name,
        player: playerOf(behaviour, row),
        weight: weight / total,
        trials: row?.trials ?? 0,
        episodes: row?.episodes ?? 0,
        unknownPropensities: row?.unknownPropensities ?? 0,
      }),
    );
    return { id, task, steps: task.horizon * task.episodes, behaviours };
  });
}

/** What a reader should know of the dataset beside its ratio. */
export function ratioNotes(manifest: DatasetManifest, tasks: readonly RatioTask[]): string[] {
  const notes: string[] = [];
  if (wasMade(manifest, "filter")) {
    notes.push(
      "the dataset was filtered: the ratio is that of its behaviours as they play, not of what the filter left",
    );
  }
  const others = tasks.flatMap(({ behaviours }) => behaviours.map(({ player }) => player.agent));
  for (const { name, version } of new Set(others)) {
    const acted = manifest.versions.agents[name];
    if (acted !== undefined && acted !== version) {
      notes.push(`agent "${name}" acted in version ${acted}: the ratio is that of version ${version}`);
    }
  }
  for (const { name, version } of new Set(tasks.map(({ task }) => task))) {
    const played = manifest.versions.tasks[name];
    if (played !== undefined && played !== version) {
      notes.push(`task "${name}" was played in version ${played}: the ratio is that of version ${version}`);
    }
  }
  return notes;
}

type Made = Pick<SourceEntry, "made_by" | "sources">;

const wasMade = ({ made_by, sources }: Made, how: SourceEntry["made_by"]): boolean =>
  made_by === how || sources.some((source) => wasMade(source, how));

const isMerged = (manifest: Made): boolean => wasMade(manifest, "merge");

/** @throws PROBABILITIES_UNKNOWN */
function playerOf({ name, agent, options }: BehaviourHead, row: BehaviourRow | undefined): Player {
  const builtIn = agents.find((candidate) => candidate.name === agent);
  if (builtIn !== undefined) {
    return { agent: builtIn, options: resolveOptions(builtIn.options, options, `behaviour "${name}"`) };
  }
  const why =
    agent === ORACLE_NOISE
      ? "sees the truth: it has no law given what was seen alone"
      : "is not built in: how probable it would find the expert's actions cannot be asked";
  const unknown =
    row === undefined || row.unknownPropensities === 0
      ? ""
      : ` (and the propensities of ${row.unknownPropensities} of its ${row.episodes} episodes are null)`;
  throw new IcrlError("PROBABILITIES_UNKNOWN", `behaviour "${name}" is ${agent}, which ${why}${unknown}`, {
    behaviour: name,
    agent,
  });
}
