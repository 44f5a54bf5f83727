/**
 * The log's schema: one row per episode. This table is the source of the Arrow schema, of the row's TypeScript type, of the
 * empty SQL view and of the table in docs/log.md.
 */
import { type Column, column, columnsTable, nullable, type RowOf, truth } from "./columns.js";

/** Raised whenever a column is added, removed or changes its meaning. Rows of earlier ones are read as rows of this one (earlier-schemas.ts). */
export const SCHEMA_VERSION = 3;

/** All columns, in the order of the files. T is the episode's length. */
export const TRAJECTORY_COLUMNS = [
  column("schema_version", "int32", "3"),
  column(
    "episode_id",
    "utf8",
    "`{trial_id}-{episode_index}`: the same seeds and agent give the same id, so one that is played again stands twice",
  ),
  column("trial_id", "utf8", "32 hexadecimal digits, derived from the trial's seeds"),
  column("trial_index", "uint64", "which trial of its series"),
  column("episode_index", "int32", "which episode of the trial, from 0"),
  nullable("tournament_id", "utf8", "tournament; null outside of one"),
  nullable("collection_id", "utf8", "collection, of a dataset; null outside of one"),
  nullable(
    "entrant",
    "utf8",
    "the agent's name in the tournament, the behaviour's in the collection; null in free play",
  ),
  column("session_id", "utf8", 'session that played it; outside "same content"'),
  column("task_id", "utf8", "the task's id in the tournament or the collection; the family in free play"),
  column("task", "utf8", "task family"),
  column(
    "task_version",
    "int32",
    "version of the family: raised whenever the same seeds and actions would give another trajectory",
  ),
  column("task_options", "utf8", "JSON object, all options of the task"),
  truth(
    "task_seed",
    "uint64",
    "draws the instance; null only where a server of an earlier version withheld it, and where it was imported",
  ),
  truth(
    "noise_seed",
    "uint64",
    "keys the environment's noise; null only where a server of an earlier version withheld it, and where it was imported",
  ),
  column("agent_seed", "uint64", "the agent's own randomness"),
  truth(
    "instance",
    "utf8",
    "what tells the instance apart, where the task has only so many: `goal=37`, empty where it has but one; null where each seed draws another, and of earlier versions",
  ),
  nullable(
    "purpose",
    "utf8",
    "what the trial was for: `play`, `collect`, `validate` or `tournament`; null of seeds that were given one by one, and of earlier versions",
  ),
  truth(
    "series_seed",
    "uint64",
    "seed of the series that the trial's seeds come from; null of seeds that were given one by one, and of earlier versions",
  ),
  column("env_index", "int32", "slot of the session's batch"),
  column("agent", "utf8", "agent that acted, the behaviour"),
  column("agent_version", "utf8", "version that the agent gave"),
  nullable("language", "utf8", "language or runtime that the agent gave; null of earlier versions"),
  column("agent_options", "utf8", "JSON object, all options of the agent"),
  column("server_version", "utf8", "version of the server that recorded it"),
  column("started_at", "timestamp", 'start, UTC, milliseconds; outside "same content"'),
  column("agent_ms", "float64", 'milliseconds the agent took for this episode\'s lock-steps; outside "same content"'),
  column(
    "length",
    "int32",
    "steps taken, T; 0 where a trial was cut short between two episodes: the row of the one that was begun says so",
  ),
  column("complete", "bool", "whether it ran to its own end: terminated and not truncated"),
  column("terminated", "bool", "reached the task's own horizon or goal"),
  column("truncated", "bool", "cut short: a deadline, a lost connection, a drain, the agent's reset"),
  column(
    "end_reason",
    "utf8",
    "`horizon`, `goal`, or a reason in capitals when truncated; of imported episodes `done`, `TRUNCATED`, or `CUT_OFF` where the data end before it",
  ),
  column("privileged", "bool", "whether the behaviour saw the truth"),
  nullable("behaviour_component", "utf8", "which part of a mixture of behaviours acted; null when there is no mixture"),
  column("return", "float64", "sum of rewards, float64 in step order"),
  truth(
    "optimal_value",
    "float64",
    "expected return of the best policy from the episode's start; null when incomplete, and where it was imported",
  ),
  truth("regret", "float64", "sum of regrets; null when incomplete, and where it was imported"),
  nullable(
    "observations",
    "list<int32>",
    "[T + 1] in discrete observation spaces, the last -1 where it was imported and is not known; else null",
  ),
  nullable(
    "step_features",
    "list<float32>",
    "[T x size], row-major, what each action was chosen from in box observation spaces; else null",
  ),
  column("actions", "list<int32>", "[T] executed actions"),
  column("rewards", "list<float32>", "[T]"),
  nullable(
    "propensities",
    "list<float32?>",
    "[T] probability of each executed action, null items where unknown; null when all are",
  ),
  nullable(
    "probabilities",
    "list<float32?>",
    "[T x num_actions], row-major, probability of every action, null items where unknown; null where the agent sent none",
  ),
  truth("regrets", "list<float32>", "[T] pseudo-regret of each action; null where it was imported"),
  truth("optimal_actions", "list<int32>", "[T] best action, the lowest index on ties; null where it was imported"),
  nullable(
    "trial_features",
    "list<float32>",
    "what is constant in the trial and known to the agent, row-major: a bandit's arm features [A x d]; else null",
  ),
  column(
    "tags",
    "utf8",
    "JSON object of texts that the agent gave when it opened its session; `{}` in tournaments and collections; of imported trials, where they stood in which file",
  ),
] as const satisfies readonly Column[];

/** One row. `started_at` is Unix time in milliseconds. */
export type TrajectoryRow = RowOf<typeof TRAJECTORY_COLUMNS>;

/** The table of docs/log.md, Markdown. */
export function trajectoryColumnsTable(): string {
  return columnsTable(TRAJECTORY_COLUMNS);
}
