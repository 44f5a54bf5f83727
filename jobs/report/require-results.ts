import { existsSync } from "node:fs";
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";

/** What there is of a tournament before its results. */
const UNFINISHED = ["tournament.json", "agents", "log", "data"];

/**
 * Sees that a folder has a tournament's results, before anything is loaded that reads them.
 *
 * @throws TOURNAMENT_UNKNOWN if there is no tournament in it
 * @throws TOURNAMENT_RUNNING if it is not finished
 */
export function requireResults(dir: string): void {
  if (existsSync(join(dir, "results.json"))) return;
  if (UNFINISHED.some((name) => existsSync(join(dir, name)))) {
    throw new IcrlError(
      "TOURNAMENT_RUNNING",
      `the tournament in ${dir} is not finished: there is no results.json yet, let \`icrl tournament run FILE --out ${dir}\` end, or run it again, it goes on where it was`,
    );
  }
  throw new IcrlError(
    "TOURNAMENT_UNKNOWN",
    `there is no tournament in ${dir}: give a folder that \`icrl tournament run FILE --out DIR\` has written, with results.json and trials.parquet`,
  );
}
