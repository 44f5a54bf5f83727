import type { Hello } from "../../proto/gen/icrl/v1/environment.js";
import type { Limits } from "./limits.js";

/**
 * What a server can do beyond the protocol's core: the list that its welcome and its GetServerInfo give.
 *
 * @param labels trials to label; undefined when the server has no dataset
 */
export function capabilitiesOf({ resumeMs }: Limits, labels: object | undefined): string[] {
  return [
    "reset",
    "hold",
    "env_seeds",
    "instances",
    ...(resumeMs > 0 ? ["resume"] : []),
    ...(labels === undefined ? [] : ["label"]),
  ];
}

/** Whether an agent says that it knows the probabilities of all actions: it is asked for them then. */
export const wantsProbabilities = ({ capabilities }: Pick<Hello, "capabilities">): boolean =>
  capabilities.includes("probabilities");
