/** What came out of a tournament that is over. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { rngFromSeed } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import { VERSION } from "../../common/version.js";
import type { AgentResult, Estimate, LeaderboardRow, TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import { uniformRegret } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import type { TournamentMatch } from "./match.js";
import { bootstrapMeanInterval } from "./statistics/bootstrap-mean.js";
import { meanAndStandardError } from "./statistics/mean-and-standard-error.js";
import { rankByMean } from "./statistics/rank-by-mean.js";
import { runInSlices } from "./statistics/slices.js";
import type { Tournament } from "./tournament.js";

/** Means, intervals, curves and ranks. Lets other work of the process go on between slices of it. */
export async function computeResults({ spec, match: matchOf }: Tournament): Promise<TournamentResults> {
  const tasks = [];
  const leaderboard: LeaderboardRow[] = [];
  for (const { id, task } of spec.tasks) {
    const agents: AgentResult[] = [];
    for (const { name, agent, options } of spec.agents) {
      const match = matchOf(id, name);
      if (match === undefined) continue; // the entrant does not play this task
      agents.push({
        name,
        agent,
        options,
        trials: match.trials,
        forfeits: match.forfeits,
        forfeitReason: match.forfeit?.reason ?? "",
        forfeitMessage: match.forfeit?.message ?? "",
        regret: await estimate(match, spec.seed),
        trialReturn: { ...meanAndStandardError(match.returns.filter((value) => !Number.isNaN(value))) },
        curve: match.curve.summary() as { step: number[]; mean: number[]; se: number[] },
      });
    }
    const seedsOf = spec.agents.map(({ name }) => matchOf(id, name)?.seedsOf).find((seeds) => seeds !== undefined);
    const uniform = seedsOf === undefined ? Number.NaN : await meanUniformRegret(task, spec.trials, seedsOf);
    tasks.push({ id, task: task.name, options: task.options, agents, uniformRegret: uniform });
    for (const { entry, rank } of rankByMean(
      agents.map(({ name, regret }) => ({ name, mean: (regret as Estimate).mean })),
    )) {
      leaderboard.push({ task: id, name: entry.name, rank, regret: entry.mean });
    }
  }
  return { tasks, leaderboard, seed: spec.seed, serverVersion: VERSION };
}

/** Longest time, in milliseconds, that the oracle keeps everybody waiting. */
const SLICE_MS = 10;

/** Mean over the trials of uniform play's exact regret. All entrants play the same instances. */
async function meanUniformRegret(task: Task, trials: number, seedsOf: TournamentMatch["seedsOf"]): Promise<number> {
  const regrets = new Float64Array(trials);
  let sliceStart = performance.now();
  for (let trial = 0; trial < trials; trial++) {
    const { taskSeed, noiseSeed } = seedsOf(trial);
    regrets[trial] = uniformRegret(task, taskSeed, noiseSeed).at(-1) as number;
    if (performance.now() - sliceStart < SLICE_MS) continue;
    await nextTurn();
    sliceStart = performance.now();
  }
  return meanAndStandardError(regrets).mean;
}

async function estimate(match: TournamentMatch, seed: bigint): Promise<Estimate> {
  const rng = rngFromSeed(hash64(["icrl.v1", "bootstrap", String(seed), match.taskId, match.entrant]));
  const interval = await runInSlices(bootstrapMeanInterval(match.regrets, { rng }), () => nextTurn());
  return { ...meanAndStandardError(match.regrets), ci95Low: interval.low, ci95High: interval.high };
}
