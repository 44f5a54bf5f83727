/** What a dataset that is made from others says of itself. */
import { hashId } from "../../common/seeds.js";
import { VERSION } from "../../common/version.js";
import type { DatasetHead, DatasetManifest, MadeBy, Options, SourceEntry } from "../folder/dataset-manifest.js";
import { folderLabels } from "../folder/dataset-manifest.js";
import type { LabelHead } from "../folder/label-folder.js";
import { truthKnown } from "../folder/truth-known.js";

/** Id of a dataset that is made from others: the same sources and arguments give the same. */
export function derivedId(madeBy: MadeBy, madeWith: Options, sources: readonly DatasetManifest[]): string {
  return hashId(["icrl.v1", "dataset", madeBy, JSON.stringify(madeWith), ...sources.map(({ id }) => id)]);
}

/** The head of a dataset made from one: tasks, behaviours and the rest are the source's. */
export function derivedHead(
  source: DatasetManifest,
  madeBy: MadeBy,
  madeWith: Options,
  name: string,
  nodeVersion: string,
): DatasetHead {
  return {
    name,
    id: derivedId(madeBy, madeWith, [source]),
    made_by: madeBy,
    made_with: madeWith,
    ...(!truthKnown(source) && { truth_known: false }),
    spec: null,
    seed: source.seed,
    license: source.license,
    versions: { icrl: VERSION, node: nodeVersion },
    subsample: source.subsample,
    behaviours: source.behaviours.map(({ trials: _, episodes: __, ...head }) => head),
    tasks: source.tasks.map(({ trials: _, episodes: __, instances: ___, ...head }) => head),
    sources: [sourceEntry(source)],
  };
}

/** A dataset as the source of another. */
export function sourceEntry(manifest: DatasetManifest): SourceEntry {
  const { id, name, made_by, seed, episodes, spec, made_with, sources } = manifest;
  return { id, name, made_by, seed, episodes, spec, made_with, sources };
}

/** Heads of the labels that stand beside the data. */
export function labelHeads(manifest: DatasetManifest): LabelHead[] {
  return Array.from(folderLabels(manifest), ([name, { agent, agent_version, agent_options }]) => ({
    name,
    agent,
    agent_version,
    agent_options,
    schema_version: 1,
  }));
}
