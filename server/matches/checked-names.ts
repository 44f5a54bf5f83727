import { IcrlError } from "../../common/errors.js";
import { isName, NAME_RULE } from "../../common/names.js";
import { nameProblem, visible } from "../../common/visible-text.js";

const MAX_ENTRIES = 1000;

/**
 * Checks the names of a list in a spec: 1 to 1,000 of them, each once.
 * @throws SPEC_INVALID
 */
export function checkNames(list: string, field: string, names: readonly string[]): void {
  if (names.length < 1 || names.length > MAX_ENTRIES) {
    throw new IcrlError("SPEC_INVALID", `${list} has ${names.length} entries: give 1 to ${MAX_ENTRIES}`);
  }
  const seen = new Set<string>();
  for (const name of names) {
    if (!isName(name)) {
      throw new IcrlError("SPEC_INVALID", `${field} "${visible(name.slice(0, 120))}" of ${list}: give ${NAME_RULE}`);
    }
    if (seen.has(name))
      throw new IcrlError("SPEC_INVALID", `${field} "${name}" stands twice in ${list}: give each once`);
    seen.add(name);
  }
}

/**
 * Sees that a schedule is not too large, from its counts alone: nothing of it is built yet.
 *
 * @param of what its trials are shared out among: `matches`
 * @throws REQUEST_TOO_COSTLY
 */
export function checkSchedule(of: string, parts: number, trials: number, limits: ScheduleLimits): void {
  if (parts > limits.maxMatches) {
    throw new IcrlError(
      "REQUEST_TOO_COSTLY",
      `${parts} ${of}: at most ${limits.maxMatches}, share them out among several`,
      { bound: "max_matches", limit: limits.maxMatches, asked: parts },
    );
  }
  if (trials > limits.maxScheduleTrials) {
    throw new IcrlError(
      "REQUEST_TOO_COSTLY",
      `${trials} trials, all ${of} together: at most ${limits.maxScheduleTrials}, share them out among several`,
      { bound: "max_schedule_trials", limit: limits.maxScheduleTrials, asked: trials },
    );
  }
}

/** Bounds of a schedule. */
interface ScheduleLimits {
  readonly maxMatches: number;
  readonly maxScheduleTrials: number;
}

/**
 * Checks another name of a spec, of 1 to 100 printable characters.
 * @throws SPEC_INVALID
 */
export function checkSpecName(field: string, name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new IcrlError("SPEC_INVALID", `${field} ${problem}`);
}

/** JSON with the top-level keys in order, so that equal options have equal text. */
export function sortedJson(options: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
}
