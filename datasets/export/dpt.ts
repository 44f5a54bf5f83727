/**
 * `dpt`: Decision-Pretrained Transformer. One row per query: a context of steps, a state to act in, and the action to learn.
 *
 * For each trial `queries` rows are drawn. A query is a step of the trial, drawn uniformly from its N steps; what the model is to
 * answer is the label there, by default the best action of that step. The context is
 * - `whole`: all N steps of the trial, the query's own among them, as in the paper, where both are drawn from one distribution;
 * - `prefix`: the steps before the query, none to N - 1: what an agent that plays has seen at that point.
 * The draws are a function of (seed, trial), so they depend neither on the trials around it nor on their order.
 *
 * Shapes: n steps of the context, A actions, d features.
 * Source: Lee et al. (2023), "Supervised Pretraining Can Learn In-Context Reinforcement Learning", section 3 and algorithm 1.
 * Differs: queries are states that the behaviour came to, not states drawn uniformly from all.
 */
import { column, columnsTable, nullable, type RowOf } from "../log/columns.js";
import { exportFormat, type FormatOptions } from "./export-format.js";
import { parquetOutput } from "./export-output.js";
import { type FlatTrial, flattenTrial } from "./flatten-trial.js";
import { QUERY_OPTIONS, queryDraws } from "./query-draws.js";
import type { Trial } from "./read-trials.js";

/** The columns. */
const DPT_COLUMNS = [
  column("trial_id", "utf8", "the trial"),
  column("trial_index", "uint64", "which trial of its task"),
  column("query_index", "int32", "which query of the trial, from 0"),
  column("task", "utf8", "id of the task in the dataset; export.json describes it"),
  column("behaviour", "utf8", "the part of the mixture that acted in the context"),
  column("num_actions", "int32", "A"),
  column("context_length", "int32", "n"),
  nullable("context_observations", "list<int32>", "[n] the state each action was chosen in; null unless discrete"),
  nullable("context_features", "list<float32>", "[n x size], row-major, what each was chosen from; null unless a box"),
  column("context_actions", "list<int32>", "[n] actions taken"),
  column("context_rewards", "list<float32>", "[n]"),
  nullable(
    "context_next_observations",
    "list<int32>",
    "[n] the state each action led to, -1 where that is not known; null unless discrete",
  ),
  column("context_steps", "list<int32>", "[n] which step of its episode; 0 begins an episode"),
  nullable("query_observation", "int32", "the state to act in; null unless discrete"),
  nullable("query_features", "list<float32>", "[size] what to act on; null unless a box"),
  column("query_episode", "int32", "which episode of the trial the query is of"),
  column("query_step", "int32", "which step of its episode it is: steps to go are part of the state when they count"),
  nullable("optimal_action", "int32", "the best action there, the lowest index on ties; null where it is not known"),
  column("label_action", "int32", "the label's action: what to predict; the best one unless another label was chosen"),
  nullable("label_probabilities", "list<float32>", "[A] the label's probabilities there; null where unknown"),
  nullable("action_set", "list<float32>", "[A x d], row-major, the arms' features where they are fixed; else null"),
] as const;

const OPTIONS = {
  queries: QUERY_OPTIONS.queries,
  context: {
    kind: "choice",
    choices: ["whole", "prefix"],
    default: "whole",
    value: "what",
    help: "all steps of the trial, or those before the query",
  },
  seed: QUERY_OPTIONS.seed,
} as const;

/** Its section of docs/export.md. */
const DOCS = `\`\`\`python
pd.read_parquet("PATH/data")
\`\`\`

Of each trial \`--queries N\` (default 1) queries are drawn. A query is one of the trial's steps, drawn uniformly; what is to be learned is
the label there; steps without one, as most of an imported query's trial, are not drawn. \`--context whole\` (default) gives all steps of the trial, the query's own among them: context and query are drawn from
one distribution, as in the paper. \`--context prefix\` gives the steps before the query: what an agent that plays has seen by then. The
draws depend on \`--seed\` (default 0) and the trial alone, not on the trials around it.

The paper draws query states uniformly from all states; here they are states that the behaviour came to. The best action of an MDP with a
horizon depends on the steps to go: \`query_step\` tells them.

${columnsTable(DPT_COLUMNS)}

Not in it: propensities, regrets, returns, seeds (\`trial_id\` joins with the data), agents' options and versions.`;

/** The format. */
export const dpt = exportFormat({
  name: "dpt",
  summary: "contexts, queries and best actions",
  options: OPTIONS,
  output: parquetOutput("dpt"),
  docs: {
    path: "a folder of Parquet",
    row: "a query with its context",
    use: "Decision-Pretrained Transformer (Lee et al. 2023)",
    text: DOCS,
  },
  defaultLabel: "optimal",
  rows: "queries",
  load: (path) => `pd.read_parquet(${JSON.stringify(`${path}/data`)})`,
  async open(source, options, path) {
    const { createParquetFolder } = await import("./parquet-folder.js");
    const { queries, context, seed } = options;
    const folder = createParquetFolder(path, "dpt", DPT_COLUMNS, source, { queries, context, seed: String(seed) });
    return {
      append(trial) {
        const numActions = source.tasks.get(trial.taskId)?.num_actions ?? 0;
        const flat = flattenTrial(trial);
        const draw = queryDraws(seed, trial, flat);
        if (draw === undefined) return 0;
        for (let query = 0; query < queries; query += 1) {
          folder.append(queryRow(trial, flat, query, draw(), numActions, context));
        }
        return queries;
      },
      close: () => folder.close(),
      abandon() {},
    };
  },
});

function queryRow(
  { taskId, episodes }: Trial,
  flat: FlatTrial,
  queryIndex: number,
  at: number,
  numActions: number,
  context: FormatOptions<typeof OPTIONS>["context"],
): RowOf<typeof DPT_COLUMNS> {
  const [{ row }] = episodes;
  const n = context === "whole" ? flat.length : at;
  const size = flat.stepFeatures === null ? 0 : flat.stepFeatures.length / flat.length;
  return {
    trial_id: row.trial_id,
    trial_index: row.trial_index,
    query_index: queryIndex,
    task: taskId,
    behaviour: row.behaviour_component ?? row.entrant ?? row.agent,
    num_actions: numActions,
    context_length: n,
    context_observations: flat.observations?.subarray(0, n) ?? null,
    context_features: flat.stepFeatures?.subarray(0, n * size) ?? null,
    context_actions: flat.actions.subarray(0, n),
    context_rewards: flat.rewards.subarray(0, n),
    context_next_observations: flat.nextObservations?.subarray(0, n) ?? null,
    context_steps: flat.steps.subarray(0, n),
    query_observation: flat.observations?.[at] ?? null,
    query_features: flat.stepFeatures?.subarray(at * size, (at + 1) * size) ?? null,
    query_episode: flat.episodes[at],
    query_step: flat.steps[at],
    optimal_action: flat.optimalActions?.[at] ?? null,
    label_action: (flat.labelActions as Int32Array)[at],
    label_probabilities: flat.labelProbabilities?.subarray(at * numActions, (at + 1) * numActions) ?? null,
    action_set: row.trial_features,
  };
}
