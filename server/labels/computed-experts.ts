/** Experts that are no agents: what they say is computed of the tasks themselves, in the process that has the dataset's folder, and nobody who plays is told. */
import { integer, type OptionTable, resolveOptions } from "../../common/options.js";

/** One. */
export interface ComputedExpert {
  readonly name: string;
  readonly version: string;
  /** What its labels are called unless they have another name. */
  readonly label: string;
  readonly options: OptionTable;
}

/** The best actions by the instance. `optimal` is a column of the data, so its labels are called otherwise. */
export const OPTIMAL: ComputedExpert = { name: "optimal", version: "1", label: "best", options: {} };

const POSTERIOR_OPTIONS = {
  samples: integer({
    default: 256,
    min: 1,
    max: 65_536,
    help: "of the hidden vector of a linear bandit, from which the law is estimated; other laws are exact",
  }),
};

/** The law of the best action, given what was seen and the prior that instances are drawn from. */
export const POSTERIOR: ComputedExpert = {
  name: "posterior",
  version: "1",
  label: "posterior",
  options: POSTERIOR_OPTIONS,
};

const ALL = [OPTIMAL, POSTERIOR];

/** The one of a name; undefined where it is that of an agent, or of nobody. */
export const computedExpert = (name: string | undefined): ComputedExpert | undefined =>
  ALL.find((expert) => expert.name === name);

/** Samples of a posterior, of options as they are given. @throws OPTION_UNKNOWN, OPTION_INVALID */
export const samplesOf = (options: Readonly<Record<string, unknown>>): number =>
  resolveOptions(POSTERIOR_OPTIONS, options, 'expert "posterior"').samples;
