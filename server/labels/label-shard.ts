/** A shard in memory while it is labelled: hands out its trials, and keeps what experts answer in the order of its rows. */
import { readFileSync } from "node:fs";
import { readParquet } from "parquet-wasm";
import { IcrlError } from "../../common/errors.js";
import { ipcRows } from "../../datasets/batch-rows.js";
import type { TrajectoryRow } from "../../datasets/trajectory-schema.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";
import type { IndexedShard } from "./dataset-index.js";

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
  readonly actions: Int32Array;
  readonly stepOffsets: Int32Array<ArrayBuffer>;
  /** Probabilities of row i, [T, A], begin at probabilityOffsets[i]. */
  readonly probabilities: Float32Array;
  readonly probabilityOffsets: Int32Array<ArrayBuffer>;
  /** By row: 1 where the probabilities of every step are known. */
  readonly known: Uint8Array;
}

/** A shard being labelled. */
export interface LabelShard extends CollectedLabels {
  readonly name: string;
  readonly rows: readonly TrajectoryRow[];
  /** The task of its next trial, or undefined when none is left to hand out. */
  nextTask(): Task | undefined;
  /** Hands out the next trial of a task. */
  take(task: Task): LabelTrial | undefined;
  /** Takes back a trial that was not finished. */
  giveBack(trial: LabelTrial): void;
  /** A trial is labelled; returns whether all are. */
  done(): boolean;
}

/** What labelling needs to know of a row. */
const COLUMNS: readonly (keyof TrajectoryRow)[] = [
  "episode_id",
  "trial_id",
  "trial_index",
  "episode_index",
  "task",
  "task_options",
  "length",
  "complete",
  "return",
  "observations",
  "step_features",
  "actions",
  "rewards",
  "trial_features",
];

/** Tasks by name and options, each built once. */
export interface KnownTasks {
  /** @throws TASK_UNKNOWN, OPTION_UNKNOWN, OPTION_INVALID if this version does not have the task any more */
  of(name: string, optionsJson: string): Task;
}

/** No task yet. */
export function knownTasks(): KnownTasks {
  const tasks = new Map<string, Task>();
  return {
    of(name, optionsJson) {
      const key = `${name} ${optionsJson}`;
      let task = tasks.get(key);
      if (task === undefined) {
        task = buildTask(name, JSON.parse(optionsJson) as Record<string, unknown>);
        tasks.set(key, task);
      }
      return task;
    },
  };
}

/** Bytes that a shard takes in memory while it is labelled, about. */
export function shardBytes(shard: IndexedShard, tasks: KnownTasks): number {
  let bytes = 0;
  for (const { task, taskOptionsJson, steps } of shard.parts) {
    // Action, reward, observation, label, and the probabilities of all actions: 4 bytes each.
    bytes += 4 * steps * (4 + tasks.of(task, taskOptionsJson).numActions);
  }
  return bytes;
}

/**
 * Reads a shard.
 *
 * @throws LOG_CORRUPT if it cannot be read, TRIALS_BROKEN if its rows are not whole trials, side by side
 */
export function readLabelShard({ name, path }: IndexedShard, tasks: KnownTasks): LabelShard {
  const rows = readRows(path);
  const stepOffsets = new Int32Array(rows.length + 1);
  const probabilityOffsets = new Int32Array(rows.length + 1);
  const tasksOfRows = rows.map((row, i) => {
    const task = tasks.of(row.task, row.task_options);
    stepOffsets[i + 1] = stepOffsets[i] + row.length;
    probabilityOffsets[i + 1] = probabilityOffsets[i] + row.length * task.numActions;
    return task;
  });
  /** Trials not handed out, by task, the next one last. */
  const pending = new Map<Task, LabelTrial[]>();
  let left = 0;

  const shard: LabelShard = {
    name,
    rows,
    stepOffsets,
    probabilityOffsets,
    actions: new Int32Array(stepOffsets[rows.length]),
    probabilities: new Float32Array(probabilityOffsets[rows.length]),
    known: new Uint8Array(rows.length),
    nextTask() {
      for (const [task, trials] of pending) if (trials.length > 0) return task;
      return undefined;
    },
    take: (task) => pending.get(task)?.pop(),
    giveBack: (trial) => void pending.get(trial.task)?.push(trial),
    done() {
      left -= 1;
      return left === 0;
    },
  };

  for (let firstRow = 0; firstRow < rows.length; ) {
    const task = tasksOfRows[firstRow];
    const endRow = firstRow + task.episodes;
    for (let row = firstRow; row < endRow; row += 1) {
      const problem = rowProblem(task, rows[firstRow], rows[row], row - firstRow);
      if (problem !== undefined) {
        throw new IcrlError(
          "TRIALS_BROKEN",
          `${path}, row ${row}: ${problem}. Labels are made of whole trials, before episodes are left out`,
          { file: path },
        );
      }
    }
    const trials = pending.get(task);
    const trial = { shard, task, firstRow, endRow };
    if (trials === undefined) pending.set(task, [trial]);
    else trials.push(trial);
    left += 1;
    firstRow = endRow;
  }
  for (const trials of pending.values()) trials.reverse();
  return shard;
}

function readRows(path: string): TrajectoryRow[] {
  try {
    const table = readParquet(readFileSync(path), { columns: [...COLUMNS] });
    return [...ipcRows(table.intoIPCStream())];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new IcrlError("LOG_CORRUPT", `${path} cannot be read (${text}): restore it from a backup`, { file: path });
  }
}

/** Why a row is not episode `episode` of the trial that begins with `first`, or undefined when it is. */
function rowProblem(task: Task, first: TrajectoryRow, row: TrajectoryRow | undefined, episode: number) {
  if (row?.trial_id !== first.trial_id || row.episode_index !== episode) {
    return `episode ${episode} of trial ${first.trial_id} was expected`;
  }
  if (!row.complete) return `episode ${row.episode_id} is incomplete`;
  const space = task.observationSpace;
  const size = space.type === "box" ? space.shape.reduce((product, length) => product * length, 1) : 0;
  const lengths: [string, ArrayLike<number> | null, number][] = [
    ["actions", row.actions, row.length],
    ["rewards", row.rewards, row.length],
    ["observations", row.observations, space.type === "discrete" ? row.length + 1 : 0],
    ["step_features", row.step_features, size * row.length],
  ];
  for (const [column, values, length] of lengths) {
    if ((values?.length ?? 0) !== length) return `${column} has ${values?.length ?? 0} entries, not ${length}`;
  }
  return undefined;
}
