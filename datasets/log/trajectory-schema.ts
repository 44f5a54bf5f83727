/**
 * The log's schema: one row per episode. This table is the source of the Arrow schema, of the row's TypeScript type, of the
 * empty SQL view and of the table in docs/log.md.
 */
import {
  Bool,
  type DataType,
  Field,
  Float32,
  Float64,
  Int32,
  List,
  Schema,
  TimestampMillisecond,
  Uint64,
  Utf8,
} from "apache-arrow";

/** Raised whenever a column is added, removed or changes its meaning. */
export const SCHEMA_VERSION = 1;

/** Column types and what a value is in JavaScript, SQL and Arrow. */
const TYPES = {
  int32: { sql: "INTEGER", arrow: () => new Int32() },
  uint64: { sql: "UBIGINT", arrow: () => new Uint64() },
  float64: { sql: "DOUBLE", arrow: () => new Float64() },
  bool: { sql: "BOOLEAN", arrow: () => new Bool() },
  utf8: { sql: "VARCHAR", arrow: () => new Utf8() },
  timestamp: { sql: "TIMESTAMP WITH TIME ZONE", arrow: () => new TimestampMillisecond("UTC") },
  "list<int32>": { sql: "INTEGER[]", arrow: () => new List(new Field("item", new Int32(), false)) },
  "list<float32>": { sql: "FLOAT[]", arrow: () => new List(new Field("item", new Float32(), false)) },
  "list<float32?>": { sql: "FLOAT[]", arrow: () => new List(new Field("item", new Float32(), true)) },
} as const satisfies Record<string, { sql: string; arrow: () => DataType }>;

/** Name of a column type; `list<float32?>` has null items, NaN in JavaScript. */
export type ColumnType = keyof typeof TYPES;

/** One column. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Whether it tells what agents must not know while their tournament runs. */
  readonly truth: boolean;
  /** What it means; the text of docs/log.md. */
  readonly help: string;
}

/** A column that is never null. */
export const column = <const N extends string, const T extends ColumnType>(name: N, type: T, help: string) =>
  ({ name, type, nullable: false, truth: false, help }) as const;
/** A column that can be null. */
export const nullable = <const N extends string, const T extends ColumnType>(name: N, type: T, help: string) =>
  ({ name, type, nullable: true, truth: false, help }) as const;
const truth = <const N extends string, const T extends ColumnType>(name: N, type: T, help: string) =>
  ({ name, type, nullable: true, truth: true, help }) as const;

/** All columns, in the order of the files. T is the episode's length. */
export const TRAJECTORY_COLUMNS = [
  column("schema_version", "int32", "1"),
  column(
    "episode_id",
    "utf8",
    "`{trial_id}-{episode_index}`: the same seeds and agent give the same id, so one that is played again stands twice",
  ),
  column("trial_id", "utf8", "32 hexadecimal digits, derived from the trial's seeds"),
  column("trial_index", "uint64", "which trial of its series"),
  column("episode_index", "int32", "which episode of the trial, from 0"),
  nullable("tournament_id", "utf8", "tournament; null in free play"),
  nullable("entrant", "utf8", "the agent's name in the tournament; null in free play"),
  column("session_id", "utf8", 'session that played it; outside "same content"'),
  column("task", "utf8", "task family"),
  column(
    "task_version",
    "int32",
    "version of the family: raised whenever the same seeds and actions would give another trajectory",
  ),
  column("task_options", "utf8", "JSON object, all options of the task"),
  truth("task_seed", "uint64", "draws the instance; null only where a running tournament withholds it"),
  truth("noise_seed", "uint64", "keys the environment's noise; null only where a running tournament withholds it"),
  column("agent_seed", "uint64", "the agent's own randomness"),
  column("env_index", "int32", "slot of the session's batch"),
  column("agent", "utf8", "agent that acted, the behaviour"),
  column("agent_version", "utf8", "version that the agent gave"),
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
  column("truncated", "bool", "cut short: a deadline, a lost connection, a drain"),
  column("end_reason", "utf8", "`horizon`, `goal`, or a reason in capitals when truncated"),
  column("privileged", "bool", "whether the behaviour saw the truth"),
  nullable("behaviour_component", "utf8", "which part of a mixture of behaviours acted; null when there is no mixture"),
  column("return", "float64", "sum of rewards, float64 in step order"),
  truth(
    "optimal_value",
    "float64",
    "expected return of the best policy from the episode's start; null when incomplete",
  ),
  truth("regret", "float64", "sum of regrets; null when incomplete"),
  nullable("observations", "list<int32>", "[T + 1] in discrete observation spaces; else null"),
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
  truth("regrets", "list<float32>", "[T] pseudo-regret of each action"),
  truth("optimal_actions", "list<int32>", "[T] best action, the lowest index on ties"),
  nullable(
    "trial_features",
    "list<float32>",
    "what is constant in the trial and known to the agent, row-major: a bandit's arm features [A x d]; else null",
  ),
  nullable("step_info", "utf8", "reserved for values of the agent's own; null: the protocol has no field for them"),
  column("tags", "utf8", "JSON object of texts given when the session was opened"),
] as const satisfies readonly Column[];

type ValueOf<T extends ColumnType> = T extends "uint64"
  ? bigint
  : T extends "bool"
    ? boolean
    : T extends "utf8"
      ? string
      : T extends "list<int32>"
        ? Int32Array
        : T extends "list<float32>" | "list<float32?>"
          ? Float32Array
          : number;

/** One row of a table of columns. Unknown items of lists are NaN. */
export type RowOf<Columns extends readonly Column[]> = {
  readonly [C in Columns[number] as C["name"]]: C["nullable"] extends true
    ? ValueOf<C["type"]> | null
    : ValueOf<C["type"]>;
};

/** One row. `started_at` is Unix time in milliseconds. */
export type TrajectoryRow = RowOf<typeof TRAJECTORY_COLUMNS>;

/** What a value of a row can be. */
export type TrajectoryValue = string | number | bigint | boolean | Int32Array | Float32Array | null;

/** Arrow type of a column type. */
export function arrowType(type: ColumnType): DataType {
  return TYPES[type].arrow();
}

/** SQL type of a column type, as DuckDB writes it. */
export function sqlType(type: ColumnType): string {
  return TYPES[type].sql;
}

/** Arrow fields of columns. */
export const arrowFields = (columns: readonly Column[]): Field[] =>
  columns.map((c) => new Field(c.name, arrowType(c.type), c.nullable));

/** The Arrow schema of the log's batches and shards. */
export const TRAJECTORY_SCHEMA = new Schema(
  arrowFields(TRAJECTORY_COLUMNS),
  new Map([["icrl.schema_version", String(SCHEMA_VERSION)]]),
);

/** Names of the columns that tell what agents must not know while their tournament runs. */
export const TRUTH_COLUMNS: readonly string[] = TRAJECTORY_COLUMNS.filter((c) => c.truth).map((c) => c.name);

/** The table of docs/log.md, Markdown. */
export function trajectoryColumnsTable(): string {
  return columnsTable(TRAJECTORY_COLUMNS);
}

/** Columns as a Markdown table. */
export function columnsTable(columns: readonly Column[]): string {
  const rows = columns.map(
    (c) =>
      `| \`${c.name}\` | ${c.type.replace("?>", ">")}${c.nullable ? "?" : ""} | ${c.help.replaceAll("|", "\\|")} |`,
  );
  return ["| column | type | meaning |", "|---|---|---|", ...rows].join("\n");
}
