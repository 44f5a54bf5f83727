/** Experts that are no agents: what they say is computed of the tasks themselves, in the process that has the dataset's folder, and nobody who plays is told. */
import { integer, type OptionTable, type Resolved, resolveOptions } from "../../common/options.js";
import { ORACLE_NOISE, ORACLE_NOISE_OPTIONS } from "../tasks/oracle-noise-options.js";

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

/** The behaviour that has the truth, near which its actions come with the trial. Its labels are those of its law on any histories. */
export const NOISY_ORACLE: ComputedExpert = {
  name: ORACLE_NOISE,
  version: "1",
  label: ORACLE_NOISE,
  options: ORACLE_NOISE_OPTIONS,
};

const ALL = [OPTIMAL, NOISY_ORACLE, POSTERIOR];

/** The one of a name; undefined where it is that of an agent, or of nobody. */
export const computedExpert = (name: string | undefined): ComputedExpert | undefined =>
  ALL.find((expert) => expert.name === name);

/** Samples of a posterior, of options as they are given. @throws OPTION_UNKNOWN, OPTION_INVALID */
export const samplesOf = (options: Readonly<Record<string, unknown>>): number =>
  resolveOptions(POSTERIOR_OPTIONS, options, 'expert "posterior"').samples;

/** How `oracle-noise` fades, of options as they are given. @throws OPTION_UNKNOWN, OPTION_INVALID */
export const noiseOf = (options: Readonly<Record<string, unknown>>): Resolved<typeof ORACLE_NOISE_OPTIONS> =>
  resolveOptions(ORACLE_NOISE_OPTIONS, options, `expert "${ORACLE_NOISE}"`);
