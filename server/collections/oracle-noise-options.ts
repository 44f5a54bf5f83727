import { number, type OptionTable } from "../../common/options.js";

/** Name of the behaviour. */
export const ORACLE_NOISE = "oracle-noise";

/** Its options. */
export const ORACLE_NOISE_OPTIONS = {
  start: number({
    default: 1,
    min: 0,
    max: 1,
    help: "probability of an action at random in the first step of a trial",
  }),
  end: number({ default: 0, min: 0, max: 1, help: "probability of an action at random in the last step of a trial" }),
} as const satisfies OptionTable;
