/** Keys of a run's own entrants, by which nobody else plays under their names. */
import { createHmac } from "node:crypto";

/**
 * The key of an entrant that a run starts itself: always the same for the same run, and told to nobody by another's.
 *
 * @param ownerKey of the run
 */
export function entrantKey(ownerKey: string, entrant: string): string {
  return createHmac("sha256", ownerKey).update(`icrl entrant ${entrant}`).digest("hex");
}
