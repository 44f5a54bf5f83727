/**
 * `csv`: one row per step. A null is an empty field. Features are those of the arm that was played where features are per arm, and
 * all that the agent saw where they are not.
 */
import type { TaskEntry } from "../dataset-manifest.js";
import type { ExportFormat, ExportSource } from "./export-format.js";
import { float32Text } from "./float32-text.js";
import type { LabelledEpisode } from "./read-trials.js";
import { createTextFile } from "./text-file.js";

/** Columns that every export has, in order, and what they mean: the table of docs/export.md. */
export const CSV_COLUMNS = [
  { name: "episode_id", help: "the episode" },
  { name: "task", help: "id of the task in the dataset" },
  { name: "behaviour", help: "the part of the mixture that acted" },
  { name: "trial_index", help: "which trial of its task; uint64, so read it as text or integer" },
  { name: "episode", help: "which episode of the trial, from 0" },
  { name: "step", help: "which step of the episode, from 0" },
  { name: "observation", help: "the state that the action was chosen in; empty where spaces are not discrete" },
  { name: "action", help: "the action taken" },
  { name: "reward", help: "its reward" },
  { name: "propensity", help: "probability with which the behaviour took it; empty where unknown" },
  { name: "regret", help: "its pseudo-regret" },
  { name: "optimal_action", help: "the best action, the lowest index on ties" },
] as const;

/** The format. */
export const csv: ExportFormat = {
  output: "file",
  defaultLabel: undefined,
  rows: "steps",
  load: (path) => `pd.read_csv(${JSON.stringify(path)})`,
  open(source, _options, path) {
    const file = createTextFile(path);
    const readers = new Map(Array.from(source.tasks, ([id, task]) => [id, featureReader(task)] as const));
    const features = Math.max(0, ...Array.from(readers.values(), (reader) => reader?.size ?? 0));
    file.write(`${header(source, features).join(",")}\n`);
    return {
      append({ taskId, episodes }) {
        let rows = 0;
        for (const episode of episodes) {
          file.write(stepLines(episode, taskId, source.label, readers.get(taskId), features));
          rows += episode.row.length;
        }
        return rows;
      },
      close: () => file.close(),
      abandon: () => file.close(),
    };
  },
};

function header({ label }: ExportSource, features: number): string[] {
  return [
    ...CSV_COLUMNS.map(({ name }) => name),
    ...(label === undefined ? [] : ["label_action"]),
    ...Array.from({ length: features }, (_, i) => `feature_${i}`),
  ];
}

/** Where a step's features are. */
interface FeatureReader {
  /** How many there are. */
  readonly size: number;
  /** The array that has them, and the index of the first. */
  at(row: LabelledEpisode["row"], step: number): readonly [Float32Array | null, number];
}

/** Undefined where the task shows no features. */
function featureReader(task: TaskEntry): FeatureReader | undefined {
  const perStep = task.observation_space.type === "box";
  const shape = perStep ? (task.observation_space.shape ?? []) : task.trial_features_shape;
  if (shape.length === 0) return undefined;
  const all = shape.reduce((product, n) => product * n, 1);
  const perArm = shape.length > 1 && shape[0] === task.num_actions;
  const size = perArm ? all / shape[0] : all;
  return {
    size,
    at(row, step) {
      const arm = perArm ? row.actions[step] * size : 0;
      return perStep ? [row.step_features, step * all + arm] : [row.trial_features, arm];
    },
  };
}

function stepLines(
  { row, labelActions }: LabelledEpisode,
  taskId: string,
  label: string | undefined,
  reader: FeatureReader | undefined,
  features: number,
): string {
  const behaviour = row.behaviour_component ?? row.entrant ?? row.agent;
  const head = [row.episode_id, taskId, behaviour, row.trial_index, row.episode_index].join(","); // names have no commas
  let lines = "";
  for (let t = 0; t < row.length; t += 1) {
    lines += `${head},${t},${row.observations?.[t] ?? ""},${row.actions[t]},${float32Text(row.rewards[t])},${float32Text(
      row.propensities?.[t] ?? Number.NaN,
    )},${float32Text(row.regrets?.[t] ?? Number.NaN)},${row.optimal_actions?.[t] ?? ""}`;
    if (label !== undefined) lines += `,${labelActions?.[t] ?? ""}`;
    const [values, first] = reader?.at(row, t) ?? [null, 0];
    const size = reader?.size ?? 0;
    for (let i = 0; i < features; i += 1) {
      lines += i < size && values !== null ? `,${float32Text(values[first + i])}` : ",";
    }
    lines += "\n";
  }
  return lines;
}
