/**
 * `dpt-pickle`: the pickles that the repository of the Decision-Pretrained Transformer trains on, a list of dicts of numpy arrays. Its Dataset stacks
 * them, so that contexts are as long as each other. Queries are drawn as `dpt` draws them.
 *
 * Source: github.com/jon--lee/decision-pretrained-transformer, dataset.py and collect_data.py; Lee et al. (2023), arXiv 2306.14892.
 * Differs: queries are states that the behaviour came to, not states drawn uniformly from all; `context_dones` is ours.
 */

import type { TaskEntry } from "../folder/dataset-manifest.js";
import { equalHistories, requireOneKind, STEPS_OPTION } from "./equal-histories.js";
import { exportFormat } from "./export-format.js";
import { fileOutput } from "./export-output.js";
import { flattenTrial } from "./flatten-trial.js";
import { keysTable } from "./keys-table.js";
import { type NumberArray, numberArray } from "./number-array.js";
import { QUERY_OPTIONS, queryDraws } from "./query-draws.js";
import { shownNextStates, shownStates } from "./shown-states.js";

/** At its beginning, for whoever asks whose it is. */
const MARK = "icrl dpt-pickle export";

const KEYS = [
  [
    "context_states",
    "[H, k]",
    "what each action was chosen in: the state's number; a box's numbers; 1 where there is nothing to observe",
  ],
  ["context_actions", "[H, A]", "actions taken, one-hot"],
  [
    "context_next_states",
    "[H, k]",
    "where each led; where that is not known, as after a box's last step, what was there before",
  ],
  ["context_rewards", "[H]", "float32"],
  ["query_state", "[k]", "the state to act in"],
  ["optimal_action", "[A]", "the label's action there, one-hot: what to predict"],
  ["arms", "[A, d]", "the arms' features where they are fixed; else not there"],
  ["context_dones", "[H]", "1 where an episode ends with the step. Of ours alone: `icrl dataset import` reads it"],
] as const;

/** Its section of docs/export.md. */
const DOCS = `\`\`\`python
pickle.load(open("PATH", "rb"))
\`\`\`

What [that repository](https://github.com/jon--lee/decision-pretrained-transformer)'s \`Dataset\` loads, with \`horizon\` the steps of a trial, \`state_dim\` k and
\`action_dim\` A. A list of dicts, one for each query; \`--queries N\` (default 1) and \`--seed\` draw them as [dpt](#dpt) does, and the context is the whole trial. Contexts
are as long as each other: where trials are not, \`--steps N\` cuts them, and leaves shorter ones out.

${keysTable(KEYS)}

Only numpy's arrays of numbers are in it. Not in it: propensities, regrets, probabilities, seeds, which step of its episode the query is.`;

/** The format. */
export const dptPickle = exportFormat({
  name: "dpt-pickle",
  summary: "the pickles that DPT's repository trains on",
  options: { ...QUERY_OPTIONS, ...STEPS_OPTION },
  output: fileOutput("dpt-pickle", new RegExp(`^[^]{2}X[^]{4}${MARK}`)),
  docs: {
    path: "a file",
    row: "a query with its context",
    use: "the repository of DPT (Lee et al. 2023)",
    text: DOCS,
  },
  defaultLabel: "optimal",
  rows: "queries",
  load: (path) => `pickle.load(open(${JSON.stringify(path)}, "rb"))`,
  check: requireOneKind,
  async open({ tasks }, { queries, seed, steps }, path) {
    const { createPickleFile } = await import("./pickle-file.js");
    const file = createPickleFile(path, MARK);
    const stepsOf = equalHistories(steps);
    return {
      append(trial) {
        const task = tasks.get(trial.taskId) as TaskEntry;
        const flat = flattenTrial(trial);
        const draw = queryDraws(seed, trial, flat);
        const n = stepsOf(trial, flat.length);
        if (draw === undefined || n === undefined) return 0;
        const [{ row }] = trial.episodes;
        const arms = row.trial_features;
        const dones = flat.dones.slice(0, n);
        const context = {
          context_states: shownStates(task, flat, n, true),
          context_actions: oneHot(flat.actions.subarray(0, n), task.num_actions),
          context_next_states: shownNextStates(task, flat, n),
          context_rewards: numberArray(flat.rewards.slice(0, n), n),
          ...(arms !== null && { arms: numberArray(arms.slice(), ...task.trial_features_shape) }),
          context_dones: numberArray(Uint8Array.from(dones), n),
        };
        const states = shownStates(task, flat, flat.length, true);
        const size = states.values.length / flat.length;
        for (let query = 0; query < queries; query += 1) {
          const at = draw();
          const said = (flat.labelActions as Int32Array).subarray(at, at + 1);
          file.append({
            ...context,
            query_state: numberArray(states.values.slice(at * size, (at + 1) * size), size),
            optimal_action: { ...oneHot(said, task.num_actions), shape: [task.num_actions] },
          });
        }
        return queries;
      },
      close: () => file.close(),
      abandon: () => file.abandon(),
    };
  },
});

/** [n, A] of zeros, and a 1 at each action. */
function oneHot(actions: Int32Array, numActions: number): NumberArray {
  const values = new Float32Array(actions.length * numActions);
  for (let i = 0; i < actions.length; i += 1) values[i * numActions + actions[i]] = 1;
  return numberArray(values, actions.length, numActions);
}
