/** Trials of a tournament out of the log, as if they had just been played. */
import { type LoggedTrial, tournamentTrials } from "../../datasets/log/logged-trials.js";
import type { Task } from "../tasks/task.js";
import type { JournalRecord } from "./journal.js";
import type { PlayedTrial } from "./match-results.js";
import type { Tournament } from "./tournament.js";

/**
 * Brings a tournament to where a log and a journal say that it was.
 *
 * @throws LOG_CORRUPT if a shard cannot be read
 */
export async function recoverTournament(
  tournament: Tournament,
  dataDir: string,
  journal: JournalRecord,
): Promise<void> {
  const tasks = new Map(tournament.spec.tasks.map(({ id, task }) => [id, task]));
  for await (const logged of tournamentTrials(dataDir, tournament.spec.id, journal.from)) {
    const task = tasks.get(logged.taskId);
    // One that was cut short between two episodes has too few of them.
    if (task === undefined || logged.episodes.length !== task.episodes) continue;
    tournament.recover(logged.taskId, logged.entrant, logged.trial, playedTrial(task, logged));
  }
  tournament.replay(journal);
}

/** Adds up in the order in which the session did, so that every bit is the same. */
function playedTrial(task: Task, { episodes }: LoggedTrial): PlayedTrial {
  const last = episodes[episodes.length - 1];
  const stepRegrets = last.regrets ?? new Float32Array();
  let steps = 0;
  let sum = 0;
  let regret = 0;
  const byEpisode = Float64Array.from(episodes, (episode) => {
    steps += episode.length;
    sum += episode.return;
    regret += episode.regret ?? 0;
    return regret;
  });
  return {
    steps,
    return: sum,
    regret,
    curve: task.episodes === 1 ? cumulative(stepRegrets, task.horizon) : byEpisode,
    actions: last.actions,
    regrets: stepRegrets,
  };
}

/** Sums up to each of `length` steps; where there are fewer values it stays at the last sum. */
function cumulative(values: Float32Array, length: number): Float64Array {
  let sum = 0;
  return Float64Array.from({ length }, (_, t) => {
    if (t < values.length) sum += values[t];
    return sum;
  });
}
