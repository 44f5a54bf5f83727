/**
 * `ad-hdf5`: learning histories in the layout of XLand-100B, which its loaders for Algorithm Distillation and DPT read: an HDF5 file with a group for
 * each trial. They cut all groups by the first one's length, so that histories are as long as each other.
 *
 * Source: github.com/dunnolab/xland-minigrid-datasets, baselines/ad/src/utils/data.py, baselines/dpt/src/utils/data.py and collection/; Nikulin et
 * al. (2024), arXiv 2406.08973.
 * Differs: a group has one history, for a trial is an instance of its own; arrays are not packed; `trial_features` and `num-actions` are ours.
 */
import type { TaskEntry } from "../folder/dataset-manifest.js";
import { equalHistories, requireOneKind, STEPS_OPTION } from "./equal-histories.js";
import { exportFormat } from "./export-format.js";
import { fileOutput } from "./export-output.js";
import { flattenTrial } from "./flatten-trial.js";
import { keysTable } from "./keys-table.js";
import { type NumberArray, numberArray } from "./number-array.js";
import { shownStates } from "./shown-states.js";

/** Near its beginning, for whoever asks whose it is. */
const MARK = "icrl ad-hdf5 export";

const ARRAYS = [
  [
    "states",
    "[1, N, ...]",
    "what each action was chosen in: the state's number; a box; 1 where there is nothing to observe",
  ],
  ["actions", "[1, N]", "int32, actions taken"],
  ["rewards", "[1, N]", "float32"],
  ["dones", "[1, N]", "whether the episode ended with the step"],
  ["expert_actions", "[1, N]", "int32, the label's actions; -1 where none was given"],
  ["trial_features", "[1, A, d]", "the arms' features where they are fixed; else not there. Of ours alone"],
] as const;

/** Its section of docs/export.md. */
const DOCS = `\`\`\`python
h5py.File("PATH", "r")
\`\`\`

What the loaders of [XLand-100B](https://github.com/dunnolab/xland-minigrid-datasets) read, for Algorithm Distillation and for DPT. Groups "0", "1", ... are trials, in order, with one
history each. Histories are as long as each other: where trials are not, \`--steps N\` cuts them, and leaves shorter ones out.

${keysTable(ARRAYS)}

A group's attributes: \`env-id\`, the task's id; \`benchmark-id\`, the dataset's name; \`ruleset-id\`, the trial's index of its task, an int64; and of ours alone \`num-actions\`.

Those loaders take states for XLand's packed tiles: a model of theirs needs its \`decompress_obs\` left out. Not in it: the state after an episode's last step, how it ended,
propensities, regrets, probabilities, seeds.`;

/** The format. */
export const adHdf5 = exportFormat({
  name: "ad-hdf5",
  summary: "learning histories as XLand-100B has them",
  options: STEPS_OPTION,
  output: fileOutput("ad-hdf5", new RegExp(`^.HDF[^]*${MARK}`)),
  docs: {
    path: "a file",
    row: "the learning history of a trial",
    use: "XLand-100B's loaders (Nikulin et al. 2024)",
    text: DOCS,
  },
  defaultLabel: "optimal",
  rows: "learning histories",
  load: (path) => `h5py.File(${JSON.stringify(path)}, "r")`,
  check: requireOneKind,
  async open({ manifest, tasks }, { steps }, path) {
    const { createHdf5File } = await import("./hdf5-file.js");
    const file = createHdf5File(path, MARK);
    const stepsOf = equalHistories(steps);
    let groups = 0;
    return {
      append(trial) {
        const task = tasks.get(trial.taskId) as TaskEntry;
        const flat = flattenTrial(trial);
        const n = stepsOf(trial, flat.length);
        if (n === undefined) return 0;
        const [{ row }] = trial.episodes;
        const states = shownStates(task, flat, n, false);
        const line = (values: NumberArray["values"]) => numberArray(values.slice(0, n), 1, n);
        const arrays = {
          states: numberArray(states.values, 1, ...(flat.stepFeatures === null ? [n] : states.shape)),
          actions: line(flat.actions),
          rewards: line(flat.rewards),
          dones: { ...line(Uint8Array.from(flat.dones)), isBoolean: true },
          expert_actions: line(flat.labelActions as Int32Array),
          ...(row.trial_features !== null && {
            trial_features: numberArray(row.trial_features.slice(), 1, ...task.trial_features_shape),
          }),
        };
        file.group(String(groups), arrays, {
          "env-id": trial.taskId,
          "benchmark-id": manifest.name,
          "ruleset-id": row.trial_index,
          "num-actions": BigInt(task.num_actions),
        });
        groups += 1;
        return 1;
      },
      close: () => file.close(),
      abandon: () => file.abandon(),
    };
  },
});
