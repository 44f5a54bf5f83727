import type { Limits } from "./limits.js";

/**
 * What a server can do beyond the protocol's core: the list that its welcome and its GetServerInfo give.
 *
 * @param labels trials to label; undefined when the server has no dataset
 */
export function capabilitiesOf({ resumeMs }: Limits, labels: object | undefined): string[] {
  return ["reset", "hold", ...(resumeMs > 0 ? ["resume"] : []), ...(labels === undefined ? [] : ["label"])];
}
