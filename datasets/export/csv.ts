/**
 * `csv`: one row per step. A null is an empty field. Features are those of the arm that was played where features are per arm, and
 * all that the agent saw where they are not.
 */
import type { TaskEntry } from "../folder/dataset-manifest.js";
import type { TrajectoryRow } from "../log/trajectory-schema.js";
import { type ExportSource, exportFormat } from "./export-format.js";
import { fileOutput } from "./export-output.js";
import { float32Text } from "./float32-text.js";
import type { LabelledEpisode } from "./read-trials.js";
import { createTextFile } from "./text-file.js";

/** Columns that every export has, in order, and what they mean. */
const CSV_COLUMNS = [
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

const COLUMNS_TABLE = [
  "| column | meaning |",
  "|---|---|",
  ...CSV_COLUMNS.map(({ name, help }) => `| \`${name}\` | ${help} |`),
].join("\n");

/** Its section of docs/export.md. */
const DOCS = `\`\`\`python
pd.read_csv("PATH")
\`\`\`

${COLUMNS_TABLE}

With \`--labels\` follows \`label_action\`, empty where none was given; then \`feature_0\`, \`feature_1\`, ... where a task has features: those of the arm that was played.

Not in it: the features of the arms that were not played, the state after an episode's last step, how an episode ended, labels'
probabilities, seeds, agents' options and versions.`;

/** The format. */
export const csv = exportFormat({
  name: "csv",
  summary: "one step a row",
  options: {},
  output: fileOutput("csv", new RegExp(`^${CSV_COLUMNS.map(({ name }) => name).join(",")}[,\\n]`)),
  docs: {
    path: "a file",
    row: "a step",
    use: "spreadsheets, R, off-policy evaluation",
    text: DOCS,
  },
  defaultLabel: undefined,
  rows: "steps",
  load: (path) => `pd.read_csv(${JSON.stringify(path)})`,
  async open(source, _options, path) {
    const file = createTextFile(path);
    const cells = new Map(Array.from(source.tasks, ([id, task]) => [id, featureCells(task)] as const));
    const features = Math.max(0, ...Array.from(cells.values(), (of) => of?.size ?? 0));
    file.write(`${header(source, features).join(",")}\n`);
    return {
      append({ taskId, episodes }) {
        let rows = 0;
        for (const episode of episodes) {
          file.write(stepLines(episode, taskId, source.label, cells.get(taskId), features));
          rows += episode.row.length;
        }
        return rows;
      },
      close: () => file.close(),
      abandon: () => file.close(),
    };
  },
});

function header({ label }: ExportSource, features: number): string[] {
  return [
    ...CSV_COLUMNS.map(({ name }) => name),
    ...(label === undefined ? [] : ["label_action"]),
    ...Array.from({ length: features }, (_, i) => `feature_${i}`),
  ];
}

/** Feature cells of a task's steps. */
interface FeatureCells {
  /** How many there are. */
  readonly size: number;
  /** The cells of an episode's steps, each with a comma before it. */
  of(row: TrajectoryRow): (step: number) => string;
}

/** Undefined where the task shows no features. */
function featureCells(task: TaskEntry): FeatureCells | undefined {
  const perStep = task.observation_space.type === "box";
  const shape = perStep ? (task.observation_space.shape ?? []) : task.trial_features_shape;
  if (shape.length === 0) return undefined;
  const all = shape.reduce((product, n) => product * n, 1);
  const perArm = shape.length > 1 && shape[0] === task.num_actions;
  const size = perArm ? all / shape[0] : all;
  const cells = (values: Float32Array | null, first: number): string => {
    let text = "";
    for (let i = first; i < first + size; i += 1) text += `,${float32Text(values?.[i] ?? Number.NaN)}`;
    return text;
  };
  return {
    size,
    of({ actions, step_features, trial_features }) {
      const armOf = (step: number) => (perArm ? actions[step] : 0);
      if (perStep) return (step) => cells(step_features, step * all + armOf(step) * size);
      // The same for the whole episode: their text is made once.
      const known: string[] = [];
      return (step) => {
        const arm = armOf(step);
        known[arm] ??= cells(trial_features, arm * size);
        return known[arm];
      };
    },
  };
}

function stepLines(
  { row, labelActions }: LabelledEpisode,
  taskId: string,
  label: string | undefined,
  cells: FeatureCells | undefined,
  features: number,
): string {
  const behaviour = row.behaviour_component ?? row.entrant ?? row.agent;
  const head = [row.episode_id, taskId, behaviour, row.trial_index, row.episode_index].join(","); // names have no commas
  const { observations, actions, rewards, propensities, regrets, optimal_actions } = row;
  const featuresOf = cells?.of(row);
  const missing = ",".repeat(features - (cells?.size ?? 0));
  let lines = "";
  for (let t = 0; t < row.length; t += 1) {
    const reward = float32Text(rewards[t]);
    const propensity = float32Text(propensities?.[t] ?? Number.NaN);
    const regret = float32Text(regrets?.[t] ?? Number.NaN);
    lines += `${head},${t},${observations?.[t] ?? ""},${actions[t]},${reward},${propensity},${regret},${optimal_actions?.[t] ?? ""}`;
    const said = labelActions?.[t] ?? -1;
    if (label !== undefined) lines += `,${said < 0 ? "" : said}`;
    lines += `${featuresOf?.(t) ?? ""}${missing}\n`;
  }
  return lines;
}
