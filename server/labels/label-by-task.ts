/** Labels a dataset's folder by what the tasks themselves say: shard after shard, those that have no such labels yet. */
import { resolveOptions } from "../../common/options.js";
import { isDataset, readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { requireTruth } from "../../datasets/folder/truth-known.js";
import { requireLabelName } from "../sessions/checked-request.js";
import { bestActionsOf } from "./best-actions.js";
import type { ComputedExpert } from "./computed-experts.js";
import { lawsOf } from "./computed-laws.js";
import { indexDataset } from "./dataset-index.js";
import { knownTasks } from "./known-tasks.js";
import { labelPlace } from "./label-place.js";

/** By what it is labelled. */
export interface ComputedLabel {
  readonly expert: ComputedExpert;
  /** Those that differ from their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What was labelled. */
export interface LabelledByTask {
  readonly trials: number;
  readonly episodes: number;
  readonly steps: number;
}

/**
 * Labels it. The labels are durable then, and in the manifest where there is one.
 *
 * @param onProgress told how much is labelled, of how many trials
 * @throws NAME_INVALID; OPTION_UNKNOWN, OPTION_INVALID; TASK_UNSUPPORTED if a posterior is not known; TRUTH_UNKNOWN, DATASET_CORRUPT as `bestActionsOf` does; NOT_A_LOG, LABEL_CONFLICT, OUTPUT_EXISTS, LOG_LOCKED, LOG_UNWRITABLE
 * @throws the signal's reason once it is aborted: the same goes on another time
 */
export async function labelTrials(
  dir: string,
  name: string,
  { expert, options }: ComputedLabel,
  onProgress: (so: LabelledByTask & { readonly total: number }) => void,
  signal: AbortSignal,
): Promise<LabelledByTask> {
  requireLabelName(name, "label");
  if (isDataset(dir))
    requireTruth(
      dir,
      readDatasetManifest(dir),
      "its trials are judged by playing again from the seeds, and there are none",
    );
  const tasks = knownTasks();
  const laws = lawsOf(expert, options);
  const lost = new AbortController();
  const stop = AbortSignal.any([signal, lost.signal]);
  const place = labelPlace(dir, name, (error) => lost.abort(error));
  try {
    const shards = (await indexDataset(dir, name)).filter(({ labelled }) => !labelled);
    await place.take({
      name,
      agent: expert.name,
      agentVersion: expert.version,
      agentOptions: resolveOptions(expert.options, options, `expert "${expert.name}"`),
      tasks: [],
      numEnvs: 1,
    });
    const total = shards.reduce((sum, { parts }) => sum + parts.reduce((trials, part) => trials + part.trials, 0), 0);
    let so: LabelledByTask = { trials: 0, episodes: 0, steps: 0 };
    for (const { name: file, path } of shards) {
      const { episodeIds, trials, labels } = await bestActionsOf(path, tasks, laws, stop);
      const steps = labels.actions.length; // its memory goes to who writes
      await place.write({ name: file, labels, recorded: { episodes: episodeIds.map((id) => ({ id })) } });
      so = {
        trials: so.trials + trials,
        episodes: so.episodes + episodeIds.length,
        steps: so.steps + steps,
      };
      onProgress({ ...so, total });
    }
    stop.throwIfAborted();
    await place.enter();
    return so;
  } finally {
    place.close();
  }
}
