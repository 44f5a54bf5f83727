/** A shard in memory while it is labelled: hands out its trials, and keeps what experts answer in the order of its rows. */
import { IcrlError } from "../../common/errors.js";
import type { Task } from "../tasks/task.js";
import type { KnownTasks } from "./known-tasks.js";
import type { RecordedShard } from "./recorded-shard.js";

/** A trial to be labelled. */
export interface LabelTrial {
  readonly shard: LabelShard;
  readonly task: Task;
  /** Its episodes are the shard's rows firstRow to endRow - 1. */
  readonly firstRow: number;
  readonly endRow: number;
}

/** Labels of a shard, row after row. */
export interface CollectedLabels {
  /** Labels of row i are actions[stepOffsets[i]] to actions[stepOffsets[i + 1] - 1]. */
  readonly actions: Int32Array<ArrayBuffer>;
  readonly stepOffsets: Int32Array;
  /** Probabilities of row i, [T, A], begin at probabilityOffsets[i]. */
  readonly probabilities: Float32Array<ArrayBuffer>;
  readonly probabilityOffsets: Int32Array;
  /** By row: 1 where the probabilities of every step are known. */
  readonly known: Uint8Array;
}

/** A shard being labelled. */
export interface LabelShard {
  /** File name. */
  readonly name: string;
  readonly recorded: RecordedShard;
  readonly labels: CollectedLabels;
  /** The task of its next trial, or undefined when none is left to hand out. */
  nextTask(): Task | undefined;
  /** How many trials of a task are left to hand out. */
  waiting(task: Task): number;
  /** Hands out the next trial of a task. */
  take(task: Task): LabelTrial | undefined;
  /** Takes back a trial that was not finished. */
  giveBack(trial: LabelTrial): void;
  /** A trial is labelled; returns whether all are. */
  done(): boolean;
}

/**
 * A shard whose labels are to be made.
 *
 * @param path the shard's, for errors
 * @throws TRIALS_BROKEN if its rows are not whole trials, side by side
 */
export function createLabelShard(name: string, path: string, recorded: RecordedShard, tasks: KnownTasks): LabelShard {
  const trials = trialsOf(path, recorded, tasks);
  const rows = recorded.episodes.length;
  const stepOffsets = recorded.actions.offsets;
  const probabilityOffsets = new Int32Array(rows + 1);
  for (const { task, firstRow, endRow } of trials) {
    for (let row = firstRow; row < endRow; row++) {
      const length = stepOffsets[row + 1] - stepOffsets[row];
      probabilityOffsets[row + 1] = probabilityOffsets[row] + length * task.numActions;
    }
  }
  /** Trials not handed out, by task, the next one last. */
  const pending = new Map<Task, LabelTrial[]>();
  let left = trials.length;

  const shard: LabelShard = {
    name,
    recorded,
    labels: {
      stepOffsets,
      probabilityOffsets,
      actions: new Int32Array(stepOffsets[rows]),
      probabilities: new Float32Array(probabilityOffsets[rows]),
      known: new Uint8Array(rows),
    },
    nextTask() {
      for (const [task, waiting] of pending) if (waiting.length > 0) return task;
      return undefined;
    },
    waiting: (task) => pending.get(task)?.length ?? 0,
    take: (task) => pending.get(task)?.pop(),
    giveBack: (trial) => void pending.get(trial.task)?.push(trial),
    done() {
      left -= 1;
      return left === 0;
    },
  };
  for (const trial of trials.reverse()) {
    const waiting = pending.get(trial.task);
    if (waiting === undefined) pending.set(trial.task, [{ shard, ...trial }]);
    else waiting.push({ shard, ...trial });
  }
  return shard;
}

/** @throws TRIALS_BROKEN */
function trialsOf(path: string, recorded: RecordedShard, tasks: KnownTasks): Omit<LabelTrial, "shard">[] {
  const { episodes } = recorded;
  const trials: Omit<LabelTrial, "shard">[] = [];
  for (let firstRow = 0; firstRow < episodes.length; ) {
    const task = tasks.of(episodes[firstRow].task, episodes[firstRow].taskOptionsJson);
    const endRow = firstRow + task.episodes;
    for (let row = firstRow; row < endRow; row++) {
      const problem = rowProblem(task, recorded, firstRow, row);
      if (problem === undefined) continue;
      throw new IcrlError(
        "TRIALS_BROKEN",
        `${path}, row ${row}: ${problem}. Labels are made of whole trials, before episodes are left out`,
        { file: path },
      );
    }
    trials.push({ task, firstRow, endRow });
    firstRow = endRow;
  }
  return trials;
}

/** Why a row is not the next episode of the trial that begins at `firstRow`, or undefined when it is. */
function rowProblem(task: Task, recorded: RecordedShard, firstRow: number, row: number): string | undefined {
  const first = recorded.episodes[firstRow];
  const episode = recorded.episodes.at(row);
  if (episode?.trialId !== first.trialId || episode.episodeIndex !== row - firstRow) {
    return `episode ${row - firstRow} of trial ${first.trialId} was expected`;
  }
  if (!episode.complete) return `episode ${episode.id} is incomplete`;
  const lengthOf = ({ offsets }: { offsets: Int32Array }) => offsets[row + 1] - offsets[row];
  const length = lengthOf(recorded.actions);
  const space = task.observationSpace;
  const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  const features = task.trialFeaturesShape;
  const lists: [string, number, number][] = [
    ["rewards", lengthOf(recorded.rewards), length],
    ["observations", lengthOf(recorded.observations), space.type === "discrete" ? length + 1 : 0],
    ["step_features", lengthOf(recorded.stepFeatures), space.type === "box" ? size(space.shape) * length : 0],
    ["trial_features", lengthOf(recorded.trialFeatures), features.length === 0 ? 0 : size(features)],
  ];
  const wrong = lists.find(([, found, expected]) => found !== expected);
  return wrong && `${wrong[0]} has ${wrong[1]} entries where ${wrong[2]} were expected`;
}
