/** What `icrl tournament run` left in a folder, read for a report. */
import { join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import {
  checkDocument,
  type DocumentKind,
  parseJson,
  readText,
  schemaOf,
  shown,
} from "../../datasets/files/document.js";
import { readTournamentTrials } from "../../datasets/tournament/tournament-trials.js";
import type { TaskTrials } from "../../statistics/tournament-statistics.js";
import { RESULTS_SCHEMA_VERSION, type ResultsJson } from "../tournament/results.js";
import { requireResults } from "./require-results.js";
import { resultsDocument, type StoredResults } from "./results-schema.js";
import { withoutFalseCertainty } from "./without-false-certainty.js";

/** A finished tournament. */
export interface PlayedTournament {
  readonly results: ResultsJson;
  /** In the order of the tournament, the entrants of each task too. */
  readonly tasks: readonly TaskTrials[];
}

/** A sum in another order of its terms differs by less. */
const ROUNDING = 1e-9;

/**
 * Reads results.json and trials.parquet.
 *
 * @throws TOURNAMENT_UNKNOWN if there is no tournament in the folder
 * @throws TOURNAMENT_RUNNING if it is not finished
 * @throws RESULTS_CORRUPT if a file is not what was written, or does not belong to the other
 * @throws RESULTS_VERSION if an earlier or later version of icrl wrote them
 */
export async function readTournament(dir: string): Promise<PlayedTournament> {
  const results = withoutFalseCertainty(readResults(dir));
  const path = join(dir, "trials.parquet");
  const matches = results.tasks.flatMap(({ id, agents }) => agents.map(({ name }) => ({ task: id, entrant: name })));
  const trials = await readTournamentTrials(path, matches, results.tournament.trials);
  let next = 0;
  const tasks = results.tasks.map(({ id, instances, uniform_regret, agents }): TaskTrials => {
    if (instances !== undefined && results.tournament.trials % instances !== 0) {
      throw new IcrlError(
        "RESULTS_CORRUPT",
        `${join(dir, "results.json")} has ${instances} instances of "${id}" and ${results.tournament.trials} trials, which is no multiple: restore it from a backup, or play the tournament again`,
      );
    }
    const entrants = agents.map(({ name, regret, forfeits }) => {
      const match = trials[next++];
      if (Math.abs(meanOf(match.regrets) - regret.mean) > ROUNDING * Math.max(1, Math.abs(regret.mean))) {
        throw new IcrlError(
          "RESULTS_CORRUPT",
          `${path} has another mean regret of "${name}" on "${id}" than results.json: they are of different tournaments, play one of them again`,
        );
      }
      return { name, forfeits, ...match };
    });
    return { id, uniformRegret: uniform_regret, instances, entrants };
  });
  return { results, tasks };
}

function readResults(dir: string): StoredResults {
  const path = join(dir, "results.json");
  requireResults(dir);
  const content = parseJson(readText(path, RESULTS), path, RESULTS);
  const version = (content as Partial<ResultsJson> | null)?.schema_version;
  if (typeof version === "number" && version > RESULTS_SCHEMA_VERSION) {
    throw new IcrlError(
      "RESULTS_VERSION",
      `${path} has schema_version ${version}, and this version of icrl reads ${RESULTS_SCHEMA_VERSION}: install a newer one`,
    );
  }
  const tasks = (content as Partial<ResultsJson> | null)?.tasks;
  const old = Array.isArray(tasks)
    ? tasks.find((task) => typeof task === "object" && task !== null && task.uniform_regret === undefined)
    : undefined;
  if (old !== undefined) {
    throw new IcrlError(
      "RESULTS_VERSION",
      `${path} has no uniform_regret of ${shown(old?.id)}: an earlier version of icrl wrote it, play the tournament again`,
    );
  }
  return checkDocument(content, path, RESULTS);
}

const RESULTS: DocumentKind<StoredResults> = {
  schema: schemaOf<StoredResults>()(resultsDocument),
  reason: "RESULTS_CORRUPT",
  remedy: "restore it from a backup, or play the tournament again",
};

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
