/** What came out of a tournament that is over. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type MeanAndStandardError, meanAndStandardError, meanOf } from "../../common/mean-and-standard-error.js";
import { trialSeeds } from "../../common/seeds.js";
import { VERSION } from "../../common/version.js";
import type { Estimate, LeaderboardRow, TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import { bootstrapMeans } from "../../statistics/bootstrap-means.js";
import { createKernels } from "../../statistics/kernels.js";
import { rankBy } from "../../statistics/rank-by.js";
import { DEFAULT_RESAMPLES } from "../../statistics/resampling.js";
import { runInSlices } from "../../statistics/slices.js";
import { uniformRegret } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import { seriesOf } from "./spec.js";
import type { Tournament } from "./tournament.js";

/** Means, intervals, curves and ranks. Lets other work of the process go on between slices of it. */
export async function computeResults({ spec, match: matchOf }: Tournament): Promise<TournamentResults> {
  const tasks = [];
  const leaderboard: LeaderboardRow[] = [];
  const kernels = createKernels();
  for (const { id, task } of spec.tasks) {
    // Entrants that do not play this task have no match.
    const played = spec.agents.flatMap((entrant) => {
      const match = matchOf(id, entrant.name);
      return match === undefined ? [] : [{ entrant, match }];
    });
    const regrets = played.map(({ match }) => match.regrets);
    const resampling = { resamples: DEFAULT_RESAMPLES, seed: spec.seed };
    const means = await runInSlices(bootstrapMeans(id, regrets, resampling, kernels), () => nextTurn());
    const agents = played.map(({ entrant: { name, agent, options }, match }, i) => ({
      name,
      agent,
      options,
      trials: match.trials,
      forfeits: match.forfeits,
      forfeitReason: match.forfeit?.reason ?? "",
      forfeitMessage: match.forfeit?.message ?? "",
      regret: {
        ...estimate(meanAndStandardError(match.regrets)),
        ...(means[i].ci95 && { ci95Low: means[i].ci95[0], ci95High: means[i].ci95[1] }),
      },
      trialReturn: estimate(meanAndStandardError(match.returns.filter((value) => !Number.isNaN(value)))),
      curve: match.curve.summary() as { step: number[]; mean: number[]; se: number[] },
    }));
    tasks.push({
      id,
      task: task.name,
      options: task.options,
      agents,
      uniformRegret: await meanUniformRegret(id, task, spec),
    });
    for (const { entry, rank } of rankBy(agents, ({ regret }) => regret.mean)) {
      leaderboard.push({ task: id, name: entry.name, rank, regret: entry.regret.mean });
    }
  }
  return { tasks, leaderboard, seed: spec.seed, serverVersion: VERSION, seedKey: Buffer.from(spec.seedKey, "hex") };
}

/** Longest time, in milliseconds, that the oracle keeps everybody waiting. */
const SLICE_MS = 10;

/** Mean over the trials of uniform play's exact regret. All entrants play the same instances: it does not matter whose seeds these are. */
async function meanUniformRegret(id: string, task: Task, spec: Tournament["spec"]): Promise<number> {
  const series = seriesOf(spec, id, "");
  const regrets = new Float64Array(spec.trials);
  let sliceStart = performance.now();
  for (let trial = 0; trial < spec.trials; trial++) {
    const { taskSeed, noiseSeed } = trialSeeds(series, BigInt(trial));
    regrets[trial] = uniformRegret(task, taskSeed, noiseSeed).at(-1) as number;
    if (performance.now() - sliceStart < SLICE_MS) continue;
    await nextTurn();
    sliceStart = performance.now();
  }
  return meanOf(regrets);
}

/** As a message has it: NaN where there is none. */
function estimate({ mean, se }: MeanAndStandardError): Estimate {
  return { mean: mean ?? Number.NaN, se: se ?? Number.NaN };
}
