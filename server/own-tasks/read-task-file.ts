/** Reads a file of MDPs or bandits: whatever is in it is checked here, and data ever after. */
import { createHash } from "node:crypto";
import { readBytes } from "../../datasets/files/document.js";
import type { BanditFile } from "../tasks/bandits/bandit.js";
import type { MdpTruth } from "../tasks/mdps/tabular-env.js";
import type { TabularFile } from "../tasks/mdps/tabular-mdp.js";
import type { RewardSpec, StepDrawing } from "../tasks/task.js";
import { type FileMembers, fileMembers, MOST_FILE_BYTES } from "./file-members.js";
import { truthOf } from "./tabular-tables.js";

/** What a file holds. */
export type TaskFile = ({ readonly holds: "mdps" } & TabularFile) | ({ readonly holds: "bandits" } & BanditFile);

const KINDS: readonly RewardSpec["kind"][] = ["deterministic", "bernoulli", "gaussian"];

const MOST_HORIZON = 100_000;
const MOST_NOISE = 1e6;
const MOST_ARMS = 1024;
/** Largest absolute mean of an arm. */
const MOST_MEAN = 1e9;

/** Entries of all tables of a file, as they are held: 12 bytes each. */
const MOST_ENTRIES = 1 << 24;

/**
 * Reads one.
 *
 * @param name what clients call it
 * @throws TASK_FILE_INVALID if it cannot be read, or is not what it should be, with the place
 */
export function readTaskFile(name: string, path: string): TaskFile {
  const remedy = "give a file of tasks (docs/tasks-of-your-own.md)";
  const bytes = readBytes(path, { reason: "TASK_FILE_INVALID", remedy, mostBytes: MOST_FILE_BYTES });
  const head = { name, sha256: createHash("sha256").update(bytes).digest("hex") };
  const members = fileMembers(bytes, path);
  const horizon = horizonOf(members);
  return members.instances[0].table("P") === undefined
    ? { holds: "bandits", ...head, horizon, ...banditsOf(members) }
    : { holds: "mdps", ...head, horizon, ...mdpsOf(members) };
}

function horizonOf({ number, invalid }: FileMembers): number {
  const horizon = number("horizon");
  if (horizon !== undefined && Number.isInteger(horizon) && horizon >= 1 && horizon <= MOST_HORIZON) return horizon;
  throw invalid(`horizon is ${horizon ?? "missing"}: give a whole number in [1, ${MOST_HORIZON}]`);
}

/** How rewards are distributed, but for their bounds. */
function lawOf({ text, number, invalid }: FileMembers, usual: RewardSpec["kind"]): RewardSpec {
  const word = text("rewards") ?? usual;
  const kind = KINDS.find((one) => one === word);
  if (kind === undefined) throw invalid(`rewards is ${JSON.stringify(word.slice(0, 40))}: give ${KINDS.join(", ")}`);
  const noiseStd = number("noise_std");
  if (kind !== "gaussian") {
    if (noiseStd !== undefined) throw invalid(`it has noise_std, and rewards are ${kind}: give rewards "gaussian"`);
    return kind === "bernoulli" ? { kind, min: 0, max: 1 } : { kind };
  }
  if (noiseStd === undefined || !(noiseStd >= 0 && noiseStd <= MOST_NOISE)) {
    throw invalid(`noise_std is ${noiseStd ?? "missing"}: give a number in [0, ${MOST_NOISE}]`);
  }
  return { kind, noiseStd };
}

function mdpsOf(members: FileMembers): Omit<TabularFile, "name" | "sha256" | "horizon"> {
  const { invalid } = members;
  const law = lawOf(members, "deterministic");
  const instances: MdpTruth[] = [];
  let entries = 0;
  for (const instance of members.instances) {
    const truth = truthOf(instance, law.kind, invalid);
    const [first = truth] = instances;
    if (truth.numStates !== first.numStates || truth.rewards.length !== first.rewards.length) {
      throw invalid(
        `${instance.place("P")} has another shape than the first instance: all have the same states and actions`,
      );
    }
    entries += truth.successors.length;
    if (entries > MOST_ENTRIES) throw invalid(`its transitions have more than ${MOST_ENTRIES} entries that are not 0`);
    instances.push(truth);
  }
  const widest = instances.reduce((most, { successors }) => Math.max(most, successors.length), 0);
  if (widest * instances.length > MOST_ENTRIES) {
    throw invalid(
      `its instances have ${widest * instances.length} transitions together, at most ${MOST_ENTRIES} are held`,
    );
  }
  const [{ numStates, rewards }] = instances;
  const numActions = rewards.length / numStates;
  const actionNames = members.texts("action_names");
  const isName = (text: string) => /^[\w -]{1,20}$/.test(text);
  if (actionNames !== undefined && (actionNames.length !== numActions || !actionNames.every(isName))) {
    throw invalid(`action_names are not ${numActions} words of letters and digits, of at most 20 characters`);
  }
  const reward = law.kind === "deterministic" ? { ...law, ...boundsOf(instances) } : law;
  return { numActions, reward, drawing: drawingOf(members, numStates), actionNames, instances: alike(instances) };
}

/** The least and the largest that is ever paid: nothing is in a state in which the episode is over. */
function boundsOf(instances: readonly MdpTruth[]): { readonly min: number; readonly max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { rewards, paid, probabilities, terminal, numStates } of instances) {
    const table = paid ?? rewards;
    for (let i = 0; i < table.length; i++) {
      if (terminal?.[Math.floor(i / (table.length / numStates))] === 1) continue;
      if (paid !== undefined && probabilities[i] === 0) continue;
      min = Math.min(min, table[i]);
      max = Math.max(max, table[i]);
    }
  }
  return { min, max };
}

/** Instances with as many candidates of each pair: what one of them costs is what all do. */
function alike(instances: readonly MdpTruth[]): readonly MdpTruth[] {
  const branchesOf = ({ successors, rewards }: MdpTruth) => successors.length / rewards.length;
  const most = instances.reduce((branches, truth) => Math.max(branches, branchesOf(truth)), 1);
  return instances.map((truth) => (branchesOf(truth) === most ? truth : widened(truth, branchesOf(truth), most)));
}

/** An instance with more candidates of each pair; the new ones have no chance. */
function widened(truth: MdpTruth, branches: number, most: number): MdpTruth {
  const pairs = truth.rewards.length;
  const successors = new Int32Array(pairs * most);
  const probabilities = new Float64Array(pairs * most);
  const paid = truth.paid && new Float64Array(pairs * most);
  for (let pair = 0; pair < pairs; pair++) {
    successors.fill(truth.successors[(pair + 1) * branches - 1], pair * most, (pair + 1) * most);
    successors.set(truth.successors.subarray(pair * branches, (pair + 1) * branches), pair * most);
    probabilities.set(truth.probabilities.subarray(pair * branches, (pair + 1) * branches), pair * most);
    paid?.set((truth.paid as Float64Array).subarray(pair * branches, (pair + 1) * branches), pair * most);
  }
  return { ...truth, successors, probabilities, ...(paid && { paid }) };
}

function drawingOf({ table, invalid }: FileMembers, numStates: number): StepDrawing {
  const grid = table("grid");
  if (grid === undefined) return { as: "states" };
  const [rows, columns] = grid.data;
  if (
    grid.data.length === 2 &&
    [rows, columns].every((n) => Number.isInteger(n) && n >= 1) &&
    rows * columns === numStates
  ) {
    return { as: "grid", rows, columns };
  }
  throw invalid(
    `grid is [${grid.data.slice(0, 3).join(", ")}]: give [rows, columns], whose product is ${numStates}, the states`,
  );
}

function banditsOf(members: FileMembers): Omit<BanditFile, "name" | "sha256" | "horizon"> {
  const { invalid } = members;
  const reward = lawOf(members, "bernoulli");
  if (reward.kind === "deterministic")
    throw invalid(`rewards is "deterministic": a bandit's are bernoulli or gaussian`);
  let arms: number | undefined;
  const instances = members.instances.map((instance) => {
    const means = instance.table("means");
    const place = instance.place("means");
    if (means === undefined) throw invalid(`it has neither P nor means: give P and R of MDPs, or the means of arms`);
    const [count] = means.shape;
    if (means.shape.length !== 1 || count < 2 || count > MOST_ARMS) {
      throw invalid(`${place} has the shape [${means.shape.join(", ")}]: give the means of 2 to ${MOST_ARMS} arms`);
    }
    arms ??= count;
    if (count !== arms) throw invalid(`${place} has ${count} arms, the first instance has ${arms}`);
    const wrong = means.data.findIndex((m) =>
      reward.kind === "bernoulli" ? !(m >= 0 && m <= 1) : !(Math.abs(m) <= MOST_MEAN),
    );
    if (wrong >= 0) {
      const range = reward.kind === "bernoulli" ? "[0, 1], as rewards are bernoulli" : `[-${MOST_MEAN}, ${MOST_MEAN}]`;
      throw invalid(`${place}[${wrong}] is ${means.data[wrong]}: give a number in ${range}`);
    }
    return means.data.slice();
  });
  for (const name of ["action_names", "grid"] as const) {
    const given = name === "grid" ? members.table(name) : members.texts(name);
    if (given !== undefined) throw invalid(`it has ${name}, which MDPs alone have`);
  }
  return { reward, instances };
}
