/** What an imported dataset says of itself: what it was made of, and that nobody knows the truth. */
import { hashId } from "../../common/seeds.js";
import { VERSION } from "../../common/version.js";
import type { DatasetHead, ObservationSpaceEntry, Options } from "../folder/dataset-manifest.js";
import type { LabelHead } from "../folder/label-folder.js";
import { IMPORTED_TASK } from "../folder/truth-known.js";
import { IMPORTED_AGENT, type ImportedFile, type ImportTotals } from "./imported-trial.js";

/** The task of imported data, as whoever reads the files tells it. */
export interface ImportedTask {
  readonly num_actions: number;
  readonly observation_space: ObservationSpaceEntry;
  readonly trial_features_shape: readonly number[];
  /** How states became numbers, say. */
  readonly options: Options;
}

/** How an import was asked for. */
export interface ImportedAs {
  readonly format: string;
  readonly name: string;
  readonly taskId: string;
  /** Name of the label. */
  readonly label: string;
  /** Flags that change what is read, where they were given. */
  readonly given: Options;
  /** Of the Node.js that runs. */
  readonly nodeVersion: string;
}

/** The head of an imported dataset: the same files, imported in the same way, give the same. */
export function importedHead(
  { format, name, taskId, given, nodeVersion }: ImportedAs,
  files: readonly ImportedFile[],
  task: ImportedTask,
  { horizon, episodesPerTrial, stepsPerTrial }: ImportTotals,
): DatasetHead {
  const madeWith = { format, files, ...given };
  return {
    name,
    id: hashId(["icrl.v1", "dataset", "import", JSON.stringify({ task: taskId, ...madeWith })]),
    made_by: "import",
    made_with: madeWith,
    truth_known: false,
    spec: null,
    seed: null,
    license: null,
    versions: { icrl: VERSION, node: nodeVersion },
    subsample: null,
    behaviours: [{ name: IMPORTED_AGENT, agent: IMPORTED_AGENT, options: {}, weight: 1 }],
    tasks: [
      {
        id: taskId,
        task: IMPORTED_TASK,
        options: task.options,
        num_actions: task.num_actions,
        horizon,
        episodes_per_trial: episodesPerTrial,
        observation_space: task.observation_space,
        trial_features_shape: task.trial_features_shape,
        reward: { kind: "unknown" },
        ...(stepsPerTrial < horizon * episodesPerTrial && { steps_per_trial: stepsPerTrial }),
      },
    ],
    sources: [],
  };
}

/** The head of the label that came with the data. */
export const importedLabel = (name: string): LabelHead => ({
  name,
  agent: IMPORTED_AGENT,
  agent_version: "",
  agent_options: {},
  schema_version: 1,
});
