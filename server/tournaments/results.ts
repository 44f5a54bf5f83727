/** What came out of a tournament that is over. */
import {
  type MeanAndStandardError,
  meanAndStandardErrorOfTrials,
  meanOf,
} from "../../common/mean-and-standard-error.js";
import { trialSeeds } from "../../common/seeds.js";
import { OPERATIONS_PER_SLICE, type Slices, workMeter } from "../../common/slices.js";
import { VERSION } from "../../common/version.js";
import type { Estimate, LeaderboardRow, TournamentResults } from "../../proto/gen/icrl/v1/tournament.js";
import { bootstrapMeans } from "../../statistics/bootstrap-means.js";
import { createKernels } from "../../statistics/kernels.js";
import { rankBy } from "../../statistics/rank-by.js";
import { DEFAULT_RESAMPLES } from "../../statistics/resampling.js";
import { uniformRegret } from "../tasks/oracle.js";
import type { Task } from "../tasks/task.js";
import { seriesOf } from "./spec.js";
import type { Tournament } from "./tournament.js";

/** Means, intervals, curves and ranks. */
export function* computeResults({
  spec,
  match: matchOf,
}: Pick<Tournament, "spec" | "match">): Slices<TournamentResults> {
  const tasks = [];
  const leaderboard: LeaderboardRow[] = [];
  const kernels = createKernels();
  for (const { id, task, instances } of spec.tasks) {
    // Entrants that do not play this task have no match.
    const played = spec.agents.flatMap((entrant) => {
      const match = matchOf(id, entrant.name);
      return match === undefined ? [] : [{ entrant, match }];
    });
    const regrets = played.map(({ match }) => match.regrets);
    const instanceOf = instances === undefined ? undefined : (trial: number) => trial % instances;
    const resampling = { resamples: DEFAULT_RESAMPLES, seed: spec.seed };
    const means = yield* bootstrapMeans(id, regrets, resampling, kernels, instances);
    const agents = played.map(({ entrant: { name, agent, options }, match }, i) => ({
      name,
      agent,
      options,
      trials: match.trials,
      forfeits: match.forfeits,
      forfeitReason: match.forfeit?.reason ?? "",
      forfeitMessage: match.forfeit?.message ?? "",
      regret: {
        ...estimate(meanAndStandardErrorOfTrials(match.regrets, instanceOf)),
        ...(means[i].ci95 && { ci95Low: means[i].ci95[0], ci95High: means[i].ci95[1] }),
      },
      trialReturn: estimate(meanAndStandardErrorOfTrials(match.returns, instanceOf)),
      curve: match.curve.summary() as { step: number[]; mean: number[]; se: number[] },
    }));
    tasks.push({
      id,
      task: task.name,
      options: task.options,
      agents,
      instances,
      uniformRegret: yield* meanUniformRegret(id, task, spec),
    });
    for (const { entry, rank } of rankBy(agents, ({ regret }) => regret.mean)) {
      leaderboard.push({ task: id, name: entry.name, rank, regret: entry.regret.mean });
    }
  }
  return { tasks, leaderboard, seed: spec.seed, serverVersion: VERSION, seedKey: Buffer.from(spec.seedKey, "hex") };
}

/** Operations of a trial's seeds. */
const SEEDS_WORK = 10_000;

/** Mean over the trials of uniform play's exact regret. All entrants play the same instances: it does not matter whose seeds these are. */
function* meanUniformRegret(id: string, task: Task, spec: Tournament["spec"]): Slices<number> {
  const series = seriesOf(spec, id, "");
  const regrets = new Float64Array(spec.trials);
  const enough = workMeter(OPERATIONS_PER_SLICE);
  for (let trial = 0; trial < spec.trials; trial++) {
    const { taskSeed, noiseSeed } = trialSeeds(series, BigInt(trial));
    regrets[trial] = (yield* uniformRegret(task, taskSeed, noiseSeed)).at(-1) as number;
    if (enough(task.cost.uniform + SEEDS_WORK)) yield;
  }
  return meanOf(regrets);
}

/** As a message has it: NaN where there is none. */
function estimate({ mean, se }: MeanAndStandardError): Estimate {
  return { mean: mean ?? Number.NaN, se: se ?? Number.NaN };
}
