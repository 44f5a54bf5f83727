/** Plays a mixture of behaviours into an offline dataset, or goes on with it: what `icrl dataset collect` does. */
import { findAgent } from "../../agents/registry.js";
import { IcrlError } from "../../common/errors.js";
import {
  collectingFolder,
  type DatasetManifest,
  isDataset,
  readDatasetManifest,
} from "../../datasets/folder/dataset-manifest.js";
import { beginFolder } from "../../datasets/output/begin-folder.js";
import { BEGUN_DATASET, DATASET } from "../../datasets/output/output-kinds.js";
import { checkCollection } from "../../server/collections/spec.js";
import { computedExpert } from "../../server/labels/computed-experts.js";
import { resolveLimits } from "../../server/sessions/limits.js";
import { abortable } from "../abortable.js";
import { labelByExpert } from "../label/label-by-expert.js";
import { labelByTask } from "../label/label-by-task.js";
import { readyLaunches, withModules } from "../launch/ready-launch.js";
import type { JobListener } from "../listener.js";
import { requireNoWriter } from "../log-writer.js";
import { readyTasks } from "../specs/own-tasks.js";
import { checkedBehaviours } from "./checked-behaviours.js";
import { isSameSpec, openCollectingFolder, specJson } from "./collecting-folder.js";
import type { DatasetSpec } from "./dataset-file.js";
import { datasetHead } from "./dataset-head.js";
import { playCollection } from "./play-collection.js";

/** What is to be collected, and where. */
export interface CollectPlan {
  readonly spec: DatasetSpec;
  /** Where the spec is from, for messages: a file. */
  readonly source: string;
  /** Folder of the dataset. */
  readonly out: string;
  /** Begin anew: what an earlier run left is removed. */
  readonly overwrite?: boolean;
  /** Behaviours that somebody else starts. */
  readonly awaited?: readonly string[];
  /** HOST:PORT at which the private server listens; absent: a free port of this machine alone. */
  readonly listen?: string;
  /** Flags of `icrl serve` that say who is let in there. */
  readonly doors?: readonly string[];
}

/**
 * Collects it: plays what is not played yet, has it labelled, and writes dataset.json and README.md.
 *
 * @throws SPEC_INVALID, TASK_UNKNOWN, TASK_UNSUPPORTED, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*, OUTPUT_EXISTS, LOG_LOCKED
 * @throws what playing, labelling and finishing throw; the signal's reason once it is aborted: the same plan goes on with it
 */
export async function collectDataset(
  plan: CollectPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<DatasetManifest> {
  const { source, out, overwrite = false, listen, doors } = plan;
  const ready = await readyLaunches(plan.spec.launches ?? new Map(), "behaviour");
  const { collection: given } = plan.spec;
  const tasks = await readyTasks(given.tasks, plan.spec.taskSources);
  const spec = { ...plan.spec, collection: { ...given, tasks, behaviours: withModules(given.behaviours, ready) } };
  const others = checkedBehaviours(spec, plan.awaited ?? [], ready);
  if (overwrite && BEGUN_DATASET.is(out)) await requireNoWriter(collectingFolder(out));
  beginFolder(out, { own: [DATASET, BEGUN_DATASET], anew: overwrite });
  if (isDataset(out)) {
    const manifest = finishedDataset({ ...plan, spec });
    listener.say(`${out} is finished: nothing is left to collect`);
    return manifest;
  }
  const collection = openCollectingFolder(out, spec, source);
  const checked = checkCollection(collection, resolveLimits());
  await playCollection({ out, spec: collection, others, ready, listen, doors }, listener, signal);
  for (const { name, expert, options } of spec.experts) {
    const computed = computedExpert(expert);
    const how = computed !== undefined ? "reading" : "starting a server, and reading";
    listener.doing(`labels "${name}": ${how} what is to be labelled`);
    const dir = collectingFolder(out);
    if (computed !== undefined) await labelByTask(dir, name, { expert: computed, options }, listener, signal);
    else await labelByExpert({ dir, expert: findAgent(expert), name, options }, listener, signal);
  }
  listener.doing("counting, and hashing the shards");
  const { finishDataset } = await import("../../datasets/rewrite/finish-dataset.js"); // Arrow and DuckDB
  const head = datasetHead(spec, collection, checked);
  return abortable(finishDataset(out, head, { subsample: spec.subsample }), signal);
}

/**
 * A dataset that is finished already.
 * @throws OUTPUT_EXISTS if it is another one than the spec asks for
 */
function finishedDataset({ out, spec, source }: CollectPlan): DatasetManifest {
  const manifest = readDatasetManifest(out);
  const seed = spec.seed ?? BigInt(manifest.seed ?? 0);
  if (manifest.made_by === "collect" && isSameSpec(manifest.spec, specJson(spec, seed))) return manifest;
  throw new IcrlError(
    "OUTPUT_EXISTS",
    `${out} holds another dataset ("${manifest.name}", ${manifest.trials} trials) than ${source} asks for: choose another --out, or replace it with --overwrite; to make a dataset larger, collect a second one with another seed and \`icrl dataset merge\` the two`,
    { folder: out },
  );
}
