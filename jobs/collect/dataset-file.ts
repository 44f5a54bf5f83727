/**
 * A dataset's file: YAML or JSON, {name, seed, trials, tasks: [{id, task, options, trials, instances, trials_each}], behaviours: [{name, agent, command, module,
 * options, weight}], labels: ["self", "optimal", {expert, name, options}], subsample}.
 */
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import type { TaskSources } from "../../server/own-tasks/own-tasks.js";
import { labelNameOf } from "../label/label-by-task.js";
import type { Launch } from "../launch/launch.js";
import { LAUNCH_MEMBERS, namedAgent } from "../specs/agent-launch.js";
import { specTasks } from "../specs/own-tasks.js";
import { type GivenOptions, readSpecFile } from "../specs/spec-file.js";
import { AMOUNTS, amountOf } from "../specs/trial-amounts.js";

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
  /** Where tasks of its author's own are; those of modules are called by their paths in the collection. */
  readonly taskSources?: TaskSources;
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
  const { taskOf, sources } = specTasks(specFile);
  const names = ["name", "seed", ...AMOUNTS, "tasks", "behaviours", "labels", "subsample"];
  const file = members(content, "the file", names);
  const ofAll = amountOf(specFile, file, "");
  const labels = file.labels === undefined ? [] : list(file.labels, "labels");
  const isColumn = (label: unknown): label is "self" | "optimal" => COLUMN_LABELS.some((column) => column === label);
  const spec: DatasetSpec = {
    launches,
    seed: seed(file.seed),
    collection: {
      name: text(file.name, "name"),
      tasks: list(file.tasks, "tasks").map((entry, i) => {
        const what = `tasks[${i}]`;
        const task = members(entry, what, ["id", "task", "options", ...AMOUNTS]);
        const own = AMOUNTS.some((name) => task[name] !== undefined) ? amountOf(specFile, task, `${what}.`) : ofAll;
        return {
          ...taskOf(task, what),
          trials: trials ?? own?.trials ?? wholeNumber(undefined, `trials, and ${what}.trials,`, 1),
          instances: own?.instances,
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
          name: text(label.name ?? labelNameOf(expert), `${what}.name`),
          options: options(label.options, `${what}.options`),
        };
      }),
    subsample: file.subsample === undefined ? undefined : wholeNumber(file.subsample, "subsample", 1),
  };
  return { ...spec, taskSources: sources() };
}
