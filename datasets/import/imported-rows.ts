import { VERSION } from "../../common/version.js";
import { IMPORTED_TASK } from "../folder/truth-known.js";
import { SCHEMA_VERSION, type TrajectoryRow } from "../log/trajectory-schema.js";
import { ENDS, IMPORTED_AGENT, type ImportedTrial } from "./imported-trial.js";

/** What all rows of a trial have in common. */
export interface ImportedRows {
  /** 32 hexadecimal digits. */
  readonly trialId: string;
  /** Which trial of its file. */
  readonly trialIndex: bigint;
  /** The task's id. */
  readonly taskId: string;
  /** Its options, as JSON. */
  readonly taskOptions: string;
  /** Names of the files, by their numbers. */
  readonly files: readonly string[];
}

/**
 * A trial's episodes as rows of the log, in order. What nobody knows of them is null where a column can be, and else nothing: no seeds, no regret,
 * no best actions, no propensities, no time.
 */
export function* importedRows(trial: ImportedTrial, of: ImportedRows): Generator<TrajectoryRow> {
  const { actions, rewards, observations, features } = trial;
  const size = features === undefined ? 0 : features.length / actions.length;
  const common = {
    ...UNKNOWN,
    trial_id: of.trialId,
    trial_index: of.trialIndex,
    task_id: of.taskId,
    task_options: of.taskOptions,
    trial_features: trial.trialFeatures ?? null,
    tags: JSON.stringify({ file: of.files[trial.file], ...trial.tags }),
  };
  let at = 0;
  for (let episode = 0; episode < trial.lengths.length; episode += 1) {
    const to = at + trial.lengths[episode];
    const { reason, terminated } = ENDS[trial.ends[episode]];
    let sum = 0;
    for (let t = at; t < to; t += 1) sum += rewards[t];
    yield {
      ...common,
      episode_id: `${of.trialId}-${episode}`,
      episode_index: episode,
      length: to - at,
      complete: terminated,
      terminated,
      truncated: !terminated,
      end_reason: reason,
      return: sum,
      observations: observations?.subarray(at + episode, to + episode + 1) ?? null,
      step_features: features?.subarray(at * size, to * size) ?? null,
      actions: actions.subarray(at, to),
      rewards: rewards.subarray(at, to),
    };
    at = to;
  }
}

/** Columns of which nothing is known. */
const UNKNOWN = {
  schema_version: SCHEMA_VERSION,
  tournament_id: null,
  collection_id: null,
  entrant: null,
  session_id: "import",
  task: IMPORTED_TASK,
  task_version: 0,
  task_seed: null,
  noise_seed: null,
  agent_seed: 0n,
  purpose: null,
  series_seed: null,
  env_index: 0,
  agent: IMPORTED_AGENT,
  agent_version: "",
  instance: null,
  language: null,
  agent_options: "{}",
  server_version: VERSION,
  started_at: 0,
  agent_ms: 0,
  privileged: false,
  behaviour_component: null,
  optimal_value: null,
  regret: null,
  propensities: null,
  probabilities: null,
  regrets: null,
  optimal_actions: null,
} as const;
