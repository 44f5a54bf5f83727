/** What can be wrong with an agent's answer to observations, in plain words. */
import type { Actions, Observations, Opened } from "../../proto/gen/icrl/v1/environment.js";
import { DataType, type Tensor } from "../../proto/gen/icrl/v1/tensor.js";

const NAMES: Readonly<Record<number, string>> = {
  [DataType.UNSPECIFIED]: "no type",
  [DataType.FLOAT32]: "float32",
  [DataType.FLOAT64]: "float64",
  [DataType.INT32]: "int32",
  [DataType.BOOL]: "bool",
};

/** How far the probabilities of an env's actions may be from summing to 1: the server's bound. */
const SUM_TOLERANCE = 0.001;
/** How far apart two float32 that should be one probability may be. */
const SAME = 1e-5;

/** Whether each env wants an action, [N]. */
export function activeEnvs({ active }: Observations, numEnvs: number): boolean[] {
  return Array.from({ length: numEnvs }, (_, env) => active === undefined || active.data[env] === 1);
}

/** The elements of a tensor of 4 bytes each, or what is wrong with it: the end of "answered step_index 4 ...". */
function elements(tensor: Tensor, type: DataType, shape: readonly number[], what: string): number[] | string {
  const count = shape.reduce((product, length) => product * length, 1);
  if (tensor.dtype !== type) return `with ${what} of type ${NAMES[tensor.dtype] ?? tensor.dtype}, not ${NAMES[type]}`;
  if (tensor.shape.length === 1 && shape.length === 1 && tensor.shape[0] !== shape[0])
    return `with ${what} for ${tensor.shape[0]} of ${shape[0]} envs`;
  if (tensor.shape.join() !== shape.join()) return `with ${what} of shape [${tensor.shape}], not [${shape}]`;
  if (tensor.data.length !== 4 * count)
    return `with ${tensor.data.length} bytes of ${what}, where shape [${shape}] takes ${4 * count}`;
  return Array.from({ length: count }, (_, i) =>
    type === DataType.INT32 ? tensor.data.readInt32LE(4 * i) : tensor.data.readFloatLE(4 * i),
  );
}

/** What was chosen, as far as it can be read. */
export interface Chosen {
  /** [N]; undefined where it is no such tensor. */
  readonly actions: readonly number[] | undefined;
  /** [N], NaN where unknown. */
  readonly propensities: readonly number[];
  /** What is wrong, each thing as a sentence without its subject. */
  readonly faults: readonly string[];
}

/** Reads an answer, and what is wrong with it. */
export function readActions(answer: Actions, opened: Opened, asked: Observations): Chosen {
  const { numEnvs } = opened;
  const numActions = opened.task?.numActions ?? 0;
  const active = activeEnvs(asked, numEnvs);
  const faults: string[] = [];
  const fault = (text: string) => void faults.push(`answered step_index ${asked.stepIndex} ${text}`);

  let actions: readonly number[] | undefined;
  if (answer.actions === undefined) fault("without actions");
  else {
    const found = elements(answer.actions, DataType.INT32, [numEnvs], "actions");
    if (typeof found === "string") fault(found);
    else {
      actions = found;
      const env = found.findIndex((action, n) => active[n] && (action < 0 || action >= numActions));
      if (env >= 0) fault(`with action ${found[env]} in env ${env}: the task has actions 0 to ${numActions - 1}`);
    }
  }
  let propensities: readonly number[] = new Array<number>(numEnvs).fill(Number.NaN);
  if (answer.propensities !== undefined) {
    const found = elements(answer.propensities, DataType.FLOAT32, [numEnvs], "propensities");
    if (typeof found === "string") fault(found);
    else {
      propensities = found;
      const env = found.findIndex((p, n) => active[n] && !Number.isNaN(p) && !(p > 0 && p <= 1));
      if (env >= 0) fault(`with propensity ${shown(found[env])} in env ${env}: above 0 and at most 1, or NaN`);
    }
  }
  if (answer.probabilities !== undefined && opened.wantProbabilities) {
    const found = elements(answer.probabilities, DataType.FLOAT32, [numEnvs, numActions], "probabilities");
    if (typeof found === "string") fault(found);
    else {
      const wrong = wrongProbabilities(found, numActions, active, actions, propensities);
      if (wrong !== undefined) fault(wrong);
    }
  }
  return { actions, propensities, faults };
}

const shown = (value: number): string => String(Number(value.toPrecision(6)));

/** The first thing wrong with the probabilities of active envs, [N, A]. */
function wrongProbabilities(
  probabilities: readonly number[],
  numActions: number,
  active: readonly boolean[],
  actions: readonly number[] | undefined,
  propensities: readonly number[],
): string | undefined {
  for (const [env, isActive] of active.entries()) {
    const row = probabilities.slice(env * numActions, (env + 1) * numActions);
    if (!isActive || row.every(Number.isNaN)) continue;
    const bad = row.find((p) => !(p >= 0 && p <= 1));
    if (bad !== undefined) return `with probability ${shown(bad)} in env ${env}: from 0 to 1, or NaN for all actions`;
    const sum = row.reduce((total, p) => total + p, 0);
    if (Math.abs(sum - 1) > SUM_TOLERANCE) return `with probabilities that sum to ${shown(sum)} in env ${env}`;
    const chosen = actions?.[env];
    if (chosen === undefined || row[chosen] === undefined) continue;
    if (row[chosen] === 0) return `with action ${chosen} in env ${env}, to which it gives probability 0`;
    const propensity = propensities[env];
    if (!Number.isNaN(propensity) && Math.abs(propensity - row[chosen]) > SAME)
      return `with propensity ${shown(propensity)} in env ${env}, and probability ${shown(row[chosen])} for the same action`;
  }
  return undefined;
}
