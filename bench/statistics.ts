/**
 * What the statistics of a tournament cost: `npm run bench:statistics [-- --json] [-- --quick]`.
 *
 * In this process alone, with all intervals and all pairs among the twenty best: of 20 agents on 10 tasks with 1,000 trials, the tournament
 * of a paper, and of 200 agents on 50 tasks with 20 trials, where nothing may grow with the square of the agents. Regrets are
 * log-normal, each task's trials with a luck that all agents share. Memory is the process's greatest resident set so far.
 */
import { rngFromSeed } from "../common/rng.js";
import {
  type TaskTrials,
  type TournamentStatistics,
  tournamentStatistics,
} from "../statistics/tournament-statistics.js";
import { benchFlags } from "./bench-flags.js";

const { values: flags } = benchFlags("bench:statistics", {
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
});
const resamples = flags.quick ? 100 : 2000;

/** A tournament in which agent i is a little better than agent i + 1. */
function tournament(agents: number, tasks: number, trials: number): TaskTrials[] {
  return Array.from({ length: tasks }, (_, t) => {
    const rng = rngFromSeed(BigInt(t));
    const luck = Float64Array.from({ length: trials }, () => rng.normal());
    const entrants = Array.from({ length: agents }, (_, i) => ({
      name: `agent-${i}`,
      regrets: luck.map((shared) => Math.exp(0.5 * shared + 0.5 * rng.normal() + i / agents)),
      suffixFailures: luck.map(() => rng.integer(2)),
      minFractions: luck.map(() => rng.uniform()),
    }));
    return { id: `task-${t}`, uniformRegret: 6, entrants };
  });
}

const sizes = [
  { agents: 20, tasks: 10, trials: 1000 },
  { agents: 200, tasks: 50, trials: 20 },
];
const costs = sizes.map((size) => {
  const trials = tournament(size.agents, size.tasks, size.trials);
  const start = performance.now();
  const slices = tournamentStatistics(trials, { resamples, seed: 1n });
  let longest = 0;
  let result: TournamentStatistics | undefined;
  while (result === undefined) {
    const before = performance.now();
    const slice = slices.next();
    if (slice.done) result = slice.value;
    longest = Math.max(longest, performance.now() - before);
  }
  const seconds = (performance.now() - start) / 1000;
  const mebibytes = process.resourceUsage().maxRSS / 1024;
  return { ...size, resamples, pairs: result.overall.pairs.length, seconds, longest_slice_ms: longest, mebibytes };
});

if (flags.json) console.log(JSON.stringify(costs, undefined, 2));
else {
  const columns = [
    "agents",
    "tasks",
    "trials",
    "resamples",
    "pairs",
    "seconds",
    "longest_slice_ms",
    "mebibytes",
  ] as const;
  console.log(columns.map((column) => column.padStart(column.length + 2)).join(""));
  for (const cost of costs) {
    const cells = columns.map((column) => String(Number(cost[column].toFixed(1))).padStart(column.length + 2));
    console.log(cells.join(""));
  }
}
