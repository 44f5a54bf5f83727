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
}

/** A complete Arrow IPC stream of the trials. */
export function encodeTrials(columns: TrialColumns): Buffer {
  const same = (text: string) => columns.trial.map(() => text);
  const table = new Table(TRIALS_SCHEMA, {
    task: vectorFromArray(same(columns.task), new Utf8()),
    entrant: vectorFromArray(same(columns.entrant), new Utf8()),
    trial: vectorFromArray(columns.trial, new Uint32()),
    task_seed: vectorFromArray(columns.taskSeed, new Uint64()),
    noise_seed: vectorFromArray(columns.noiseSeed, new Uint64()),
    agent_seed: vectorFromArray(columns.agentSeed, new Uint64()),
    regret: vectorFromArray(Array.from(columns.regret), new Float64()),
    return: vectorFromArray(
      Array.from(columns.return, (value) => (Number.isNaN(value) ? null : value)),
      new Float64(),
    ),
    complete: vectorFromArray(
      Array.from(columns.return, (value) => !Number.isNaN(value)),
      new Bool(),
    ),
  });
  return Buffer.from(tableToIPC(table, "stream"));
}
