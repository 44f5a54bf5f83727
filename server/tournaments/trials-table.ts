/** The columns of trials.parquet: one row for each trial of a tournament. Documented in docs/results.md. */
import { Bool, Field, Float64, Schema, Table, tableToIPC, Uint32, Uint64, Utf8, vectorFromArray } from "apache-arrow";

/** Schema of trials.parquet. */
export const TRIALS_SCHEMA = new Schema([
  new Field("task", new Utf8(), false),
  new Field("entrant", new Utf8(), false),
  new Field("trial", new Uint32(), false),
  new Field("task_seed", new Uint64(), false),
  new Field("noise_seed", new Uint64(), false),
  new Field("agent_seed", new Uint64(), false),
  new Field("regret", new Float64(), false),
  new Field("return", new Float64(), true),
  new Field("complete", new Bool(), false),
  new Field("suffix_failure", new Bool(), true),
  new Field("min_fraction", new Float64(), true),
]);

/** Some trials of one match; arrays are of one length. */
export interface TrialColumns {
  readonly task: string;
  readonly entrant: string;
  readonly trial: readonly number[];
  readonly taskSeed: readonly bigint[];
  readonly noiseSeed: readonly bigint[];
  readonly agentSeed: readonly bigint[];
  readonly regret: Float64Array;
  /** NaN for a forfeited trial: null in the table, and not complete. */
  readonly return: Float64Array;
  /** 0 or 1, NaN for a forfeited trial; undefined where the task has no fixed arms. */
  readonly suffixFailure: Float64Array | undefined;
  /** NaN for a forfeited trial; undefined where the task has no fixed arms. */
  readonly minFraction: Float64Array | undefined;
}

/** A complete Arrow IPC stream of the trials. */
export function encodeTrials(columns: TrialColumns): Buffer {
  const same = (text: string) => columns.trial.map(() => text);
  const known = (values: Float64Array | undefined) =>
    columns.trial.map((_, i) => (values === undefined || Number.isNaN(values[i]) ? null : values[i]));
  const table = new Table(TRIALS_SCHEMA, {
    task: vectorFromArray(same(columns.task), new Utf8()),
    entrant: vectorFromArray(same(columns.entrant), new Utf8()),
    trial: vectorFromArray(columns.trial, new Uint32()),
    task_seed: vectorFromArray(columns.taskSeed, new Uint64()),
    noise_seed: vectorFromArray(columns.noiseSeed, new Uint64()),
    agent_seed: vectorFromArray(columns.agentSeed, new Uint64()),
    regret: vectorFromArray(Array.from(columns.regret), new Float64()),
    return: vectorFromArray(known(columns.return), new Float64()),
    complete: vectorFromArray(
      Array.from(columns.return, (value) => !Number.isNaN(value)),
      new Bool(),
    ),
    suffix_failure: vectorFromArray(
      known(columns.suffixFailure).map((value) => (value === null ? null : value === 1)),
      new Bool(),
    ),
    min_fraction: vectorFromArray(known(columns.minFraction), new Float64()),
  });
  return Buffer.from(tableToIPC(table, "stream"));
}
