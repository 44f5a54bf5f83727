/**
 * `ad`: Algorithm Distillation. One row per trial: its learning history, the steps of its episodes one after the other.
 *
 * The label of a step is what a model is trained to predict there: by default `self`, what the behaviour did. A dataset that was
 * not subsampled when it was collected can be here (`every`), as the paper does to make learning faster along the history.
 *
 * Shapes: N steps of all episodes, A actions, d features.
 * Source: Laskin et al. (2022), "In-context Reinforcement Learning with Algorithm Distillation", section 3 and figure 2.
 * Differs: the history holds whole trials; cutting it into windows of a context's length is left to the training.
 */
import { column, columnsTable, nullable } from "../log/columns.js";
import { exportFormat } from "./export-format.js";
import { parquetOutput } from "./export-output.js";
import { flattenTrial } from "./flatten-trial.js";

/** The columns. */
const AD_COLUMNS = [
  column("trial_id", "utf8", "the trial"),
  column("trial_index", "uint64", "which trial of its task"),
  column("task", "utf8", "id of the task in the dataset; export.json describes it"),
  column("behaviour", "utf8", "the part of the mixture that acted"),
  column("num_actions", "int32", "A"),
  column("length", "int32", "N, steps of all episodes"),
  column("return", "float64", "sum of all rewards"),
  nullable("regret", "float64", "sum of all regrets; null where the truth is not known"),
  column("episodes", "list<int32>", "[N] which episode of the trial, ascending; with gaps where it was subsampled"),
  column("steps", "list<int32>", "[N] which step of its episode, from 0"),
  column("dones", "list<int32>", "[N] 1 where the episode ends with the step, else 0"),
  nullable("observations", "list<int32>", "[N] the state each action was chosen in; null unless spaces are discrete"),
  nullable(
    "step_features",
    "list<float32>",
    "[N x size], row-major, what each action was chosen from; null unless spaces are boxes",
  ),
  column("actions", "list<int32>", "[N] actions taken"),
  column("rewards", "list<float32>", "[N]"),
  nullable("propensities", "list<float32?>", "[N] probability of each action taken; null where unknown"),
  column("label_actions", "list<int32>", "[N] the label's actions: what to predict; -1 where none was given"),
  nullable(
    "label_probabilities",
    "list<float32>",
    "[N x A], row-major, the label's probabilities of all actions; null unless it has them for the whole trial",
  ),
  nullable("action_set", "list<float32>", "[A x d], row-major, the arms' features where they are fixed; else null"),
] as const;

/** Its section of docs/export.md. */
const DOCS = `\`\`\`python
pd.read_parquet("PATH/data")
\`\`\`

One row per trial, the steps of its episodes one after the other. Nothing is cut: windows of a context's length are the training's to
choose. \`--every K\` makes learning faster along the history, as the paper does.

${columnsTable(AD_COLUMNS)}

Not in it: the state after an episode's last step, regrets of single steps, seeds (\`trial_id\` joins with the data), agents' options and
versions.`;

/** The format. */
export const ad = exportFormat({
  name: "ad",
  summary: "ordered learning histories",
  options: {},
  output: parquetOutput("ad"),
  docs: {
    path: "a folder of Parquet",
    row: "the learning history of a trial",
    use: "Algorithm Distillation (Laskin et al. 2022)",
    text: DOCS,
  },
  defaultLabel: "self",
  rows: "learning histories",
  load: (path) => `pd.read_parquet(${JSON.stringify(`${path}/data`)})`,
  async open(source, _options, path) {
    const { createParquetFolder } = await import("./parquet-folder.js");
    const folder = createParquetFolder(path, "ad", AD_COLUMNS, source, {});
    return {
      append(trial) {
        const flat = flattenTrial(trial);
        const rows = trial.episodes.map(({ row }) => row);
        const [first] = rows;
        folder.append({
          trial_id: first.trial_id,
          trial_index: first.trial_index,
          task: trial.taskId,
          behaviour: first.behaviour_component ?? first.entrant ?? first.agent,
          num_actions: source.tasks.get(trial.taskId)?.num_actions ?? 0,
          length: flat.length,
          return: rows.reduce((sum, row) => sum + row.return, 0),
          regret: rows.reduce<number | null>(
            (sum, { regret }) => (sum === null || regret === null ? null : sum + regret),
            0,
          ),
          episodes: flat.episodes,
          steps: flat.steps,
          dones: flat.dones,
          observations: flat.observations,
          step_features: flat.stepFeatures,
          actions: flat.actions,
          rewards: flat.rewards,
          propensities: flat.propensities,
          label_actions: flat.labelActions as Int32Array,
          label_probabilities: flat.labelProbabilities,
          action_set: first.trial_features,
        });
        return 1;
      },
      close: () => folder.close(),
      abandon() {},
    };
  },
});
