/** Whether everything that was acknowledged is in a log, as it was acknowledged. */
import { readEpisodes } from "../../datasets/log/read-episodes.js";
import { createReplay } from "../../server/trajectories/replay.js";
import { verifyLog } from "../../server/trajectories/verify.js";
import type { Acknowledged } from "./player.js";
import { digestStep, NO_STEPS } from "./trial-digest.js";

/** What was found. */
export interface LogCheck {
  readonly episodes: number;
  /** Acknowledged trials, and those of them that are there once, whole, with the same actions and rewards. */
  readonly acknowledged: number;
  readonly found: number;
  /** Complete trials of tournaments, by id. */
  readonly tournamentTrials: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

/** A trial as it was played once. One that a drain cut short is there, and again from its beginning once its session went on. */
interface Attempt {
  digest: number;
  steps: number;
  episodes: number;
  complete: boolean;
}

const MAX_TOLD = 20;

/** Looks through the log of a folder that nobody writes to. */
export async function checkLog(dataDir: string, acknowledged: readonly Acknowledged[]): Promise<LogCheck> {
  const seen = new Map<string, Attempt[]>();
  const problems: string[] = [];
  const tournamentTrials = new Map<string, number>();
  let episodes = 0;
  for await (const row of readEpisodes(dataDir)) {
    episodes += 1;
    if (row.tournament_id !== null && row.complete && row.episode_index === 0) {
      tournamentTrials.set(row.tournament_id, (tournamentTrials.get(row.tournament_id) ?? 0) + 1);
    }
    const { soak } = JSON.parse(row.tags) as { soak?: string };
    if (soak === undefined) continue;
    const key = `${soak} ${row.trial_index}`;
    const attempts = seen.get(key) ?? [];
    if (row.episode_index === 0) attempts.push({ digest: NO_STEPS, steps: 0, episodes: 0, complete: true });
    const trial = attempts.at(-1);
    if (trial === undefined || row.episode_index !== trial.episodes) {
      problems.push(`episode ${row.episode_index} of ${key} is not in order`);
      continue;
    }
    trial.episodes += 1;
    trial.complete &&= row.complete;
    trial.steps += row.length;
    for (let i = 0; i < row.length; i++) trial.digest = digestStep(trial.digest, row.actions[i], row.rewards[i]);
    seen.set(key, attempts);
  }
  let found = 0;
  for (const { play, trial, digest, steps } of acknowledged) {
    const attempts = seen.get(`${play} ${trial}`) ?? [];
    const whole = attempts.filter((one) => one.complete && one.steps === steps);
    const cutShort = attempts.every((one) => one.steps <= steps);
    if (cutShort && whole.length === 1 && whole[0].digest === digest) found += 1;
    else if (problems.length < MAX_TOLD) {
      problems.push(
        `trial ${trial} of ${play}, ${steps} steps, was acknowledged; the log has ${JSON.stringify(attempts)}`,
      );
    }
  }
  const report = await verifyLog(dataDir, createReplay());
  for (const problem of report.problems.slice(0, MAX_TOLD)) problems.push(JSON.stringify(problem));
  return { episodes, acknowledged: acknowledged.length, found, tournamentTrials, problems };
}
