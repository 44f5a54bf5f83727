/** What came out of a tournament that is over. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { rngFromSeed } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import { VERSION } from "../../common/version.js";
import type { AgentResult, Estimate, LeaderboardRow, TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import type { TournamentMatch } from "./match.js";
import { bootstrapMeanInterval } from "./statistics/bootstrap-mean.js";
import { meanAndStandardError } from "./statistics/mean-and-standard-error.js";
import { rankByMean } from "./statistics/rank-by-mean.js";
import { runInSlices } from "./statistics/slices.js";
import type { Tournament } from "./tournament.js";

/** Means, intervals, curves and ranks. Lets other work of the process go on between slices of the bootstrap. */
export async function computeResults({ spec, matches }: Tournament): Promise<TournamentResults> {
  const tasks = [];
  const leaderboard: LeaderboardRow[] = [];
  for (const { id, task } of spec.tasks) {
    const agents: AgentResult[] = [];
    for (const { name, agent, options } of spec.agents) {
      const match = matches.find((candidate) => candidate.taskId === id && candidate.entrant === name);
      if (match === undefined) continue; // the entrant does not play this task
      agents.push({
        name,
        agent,
        options,
        trials: match.trials,
        forfeits: match.forfeits,
        forfeitReason: match.forfeitReason ?? "",
        regret: await estimate(match, spec.seed),
        trialReturn: { ...meanAndStandardError(match.returns.filter((value) => !Number.isNaN(value))) },
        curve: match.curve.summary() as { step: number[]; mean: number[]; se: number[] },
      });
    }
    tasks.push({ id, task: task.name, options: task.options, agents });
    for (const { entry, rank } of rankByMean(
      agents.map(({ name, regret }) => ({ name, mean: (regret as Estimate).mean })),
    )) {
      leaderboard.push({ task: id, name: entry.name, rank, regret: entry.mean });
    }
  }
  return { tasks, leaderboard, seed: spec.seed, serverVersion: VERSION };
}

async function estimate(match: TournamentMatch, seed: bigint): Promise<Estimate> {
  const rng = rngFromSeed(hash64(["icrl.v1", "bootstrap", String(seed), match.taskId, match.entrant]));
  const interval = await runInSlices(bootstrapMeanInterval(match.regrets, { rng }), () => nextTurn());
  return { ...meanAndStandardError(match.regrets), ci95Low: interval.low, ci95High: interval.high };
}
