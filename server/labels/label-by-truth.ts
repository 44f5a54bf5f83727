/** Labels a dataset's folder with its best actions, by the truth: shard after shard, those that have no such labels yet. */
import { isDataset, readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { requireTruth } from "../../datasets/folder/truth-known.js";
import { requireLabelName } from "../sessions/checked-request.js";
import { bestActionsOf } from "./best-actions.js";
import { indexDataset } from "./dataset-index.js";
import { knownTasks } from "./known-tasks.js";
import { labelPlace } from "./label-place.js";
import { OPTIMAL } from "./optimal.js";

/** What was labelled. */
export interface LabelledByTruth {
  readonly trials: number;
  readonly episodes: number;
  readonly steps: number;
}

/**
 * Labels it. The labels are durable then, and in the manifest where there is one.
 *
 * @param onProgress told how much is labelled, of how many trials
 * @throws NAME_INVALID; TRUTH_UNKNOWN, DATASET_CORRUPT as `bestActionsOf` does; NOT_A_LOG, LABEL_CONFLICT, OUTPUT_EXISTS, LOG_LOCKED, LOG_UNWRITABLE
 * @throws the signal's reason once it is aborted: the same goes on another time
 */
export async function labelByTruth(
  dir: string,
  name: string,
  onProgress: (so: LabelledByTruth & { readonly total: number }) => void,
  signal: AbortSignal,
): Promise<LabelledByTruth> {
  requireLabelName(name, "label");
  if (isDataset(dir))
    requireTruth(
      dir,
      readDatasetManifest(dir),
      "its best actions are found by playing again from the seeds, and there are none",
    );
  const tasks = knownTasks();
  const lost = new AbortController();
  const stop = AbortSignal.any([signal, lost.signal]);
  const place = labelPlace(dir, name, (error) => lost.abort(error));
  try {
    const shards = (await indexDataset(dir, name)).filter(({ labelled }) => !labelled);
    await place.take({
      name,
      agent: OPTIMAL.name,
      agentVersion: OPTIMAL.version,
      agentOptions: {},
      tasks: [],
      numEnvs: 1,
    });
    const total = shards.reduce((sum, { parts }) => sum + parts.reduce((trials, part) => trials + part.trials, 0), 0);
    let so: LabelledByTruth = { trials: 0, episodes: 0, steps: 0 };
    for (const { name: file, path } of shards) {
      const { episodeIds, trials, labels } = await bestActionsOf(path, tasks, stop);
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
