/**
 * A dataset's file: YAML or JSON, {name, seed, trials, tasks: [{id, task, options, trials}], behaviours: [{name, agent, command, module,
 * options, weight}], labels: ["self", "optimal", {expert, name, options}], subsample}.
 */
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import type { Launch } from "../launch/launch.js";
import { LAUNCH_MEMBERS, namedAgent } from "../specs/agent-launch.js";
import { type GivenOptions, readSpecFile } from "../specs/spec-file.js";

/** An expert whose actions are to label a dataset. */
export interface ExpertLabel {
  readonly name: string;
  readonly expert: string;
  readonly options: GivenOptions;
}

/** What a dataset's file asks for. */
export interface DatasetSpec {
  readonly collection: Omit<CollectionSpec, "seed">;
  /** Undefined where one is to be drawn. */
  readonly seed: bigint | undefined;
  /** Labels that columns of the data are already. */
  readonly columns: readonly ("self" | "optimal")[];
  readonly experts: readonly ExpertLabel[];
  /** By name, the behaviours that are not built in and that the file says how to start. What a module's agent is called it tells when it is read; until then it is called as the behaviour. */
  readonly launches?: ReadonlyMap<string, Launch>;
  /** Every so many-th episode of a trial is kept; undefined keeps all. */
  readonly subsample: number | undefined;
}

/** Labels that the data holds as columns. */
const COLUMN_LABELS = ["self", "optimal"] as const;

/**
 * Reads one. Names and options are left to the server to check.
 *
 * @param trials trials of each task, instead of the file's
 * @throws SPEC_INVALID if it is no such file
 */
export function readDatasetFile(path: string, trials?: number): DatasetSpec {
  const specFile = readSpecFile(path);
  const { content, members, list, text, options, wholeNumber, seed, positive } = specFile;
  const launches = new Map<string, Launch>();
  const names = ["name", "seed", "trials", "tasks", "behaviours", "labels", "subsample"];
  const file = members(content, "the file", names);
  const given = file.trials === undefined ? undefined : wholeNumber(file.trials, "trials", 1);
  const labels = file.labels === undefined ? [] : list(file.labels, "labels");
  const isColumn = (label: unknown): label is "self" | "optimal" => COLUMN_LABELS.some((column) => column === label);
  return {
    launches,
    seed: seed(file.seed),
    collection: {
      name: text(file.name, "name"),
      tasks: list(file.tasks, "tasks").map((entry, i) => {
        const what = `tasks[${i}]`;
        const task = members(entry, what, ["id", "task", "options", "trials"]);
        const family = text(task.task, `${what}.task`);
        return {
          id: text(task.id ?? family, `${what}.id`),
          task: family,
          options: options(task.options, `${what}.options`),
          trials:
            trials ??
            (task.trials === undefined && given !== undefined
              ? given
              : wholeNumber(task.trials, `trials, and ${what}.trials,`, 1)),
        };
      }),
      behaviours: list(file.behaviours, "behaviours").map((entry, i) => {
        const what = `behaviours[${i}]`;
        const behaviour = members(entry, what, ["name", "agent", ...LAUNCH_MEMBERS, "options", "weight"]);
        const { name, agent, launch } = namedAgent(specFile, behaviour, what);
        if (launch !== undefined) launches.set(name, launch);
        return {
          name,
          agent,
          options: options(behaviour.options, `${what}.options`),
          weight: behaviour.weight === undefined ? 1 : positive(behaviour.weight, `${what}.weight`),
        };
      }),
    },
    columns: labels.filter(isColumn),
    experts: labels
      .filter((label) => !isColumn(label))
      .map((entry, i) => {
        const what = `labels: expert ${i + 1}`;
        const label = members(entry, what, ["expert", "name", "options"]);
        const expert = text(label.expert, `${what}.expert`);
        return {
          expert,
          name: text(label.name ?? expert, `${what}.name`),
          options: options(label.options, `${what}.options`),
        };
      }),
    subsample: file.subsample === undefined ? undefined : wholeNumber(file.subsample, "subsample", 1),
  };
}
