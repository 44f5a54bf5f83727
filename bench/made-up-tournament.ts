/** The folder of a tournament that was never played: results.json and trials.parquet of any size. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonText } from "../common/json-text.js";
import { type Rng, rngFromSeed } from "../common/rng.js";
import { writeTrialsParquet } from "../datasets/tournament/write-trials.js";
import { type AgentJson, RESULTS_SCHEMA_VERSION, type ResultsJson, type TaskJson } from "../jobs/tournament/results.js";
import { encodeTrials } from "../server/tournaments/trials-table.js";

/** Its size. */
export interface TournamentSize {
  readonly agents: number;
  readonly tasks: number;
  readonly trials: number;
}

/** Points of each regret curve. */
const STEPS = 200;

/** Uniform play's mean regret on every task. */
const UNIFORM_REGRET = 200;

/**
 * Writes it. Entrant i of n has mean regret (i + 1) / n of uniform play's; half of a trial's deviation is its instance's, which all
 * entrants share.
 */
export function writeMadeUpTournament(dir: string, { agents, tasks, trials }: TournamentSize): void {
  const streams: Buffer[] = [];
  const entrants = Array.from({ length: agents }, (_, i) => ({
    name: `entrant-${i + 1}`,
    agent: "uniform",
    options: {},
    tasks: [],
  }));
  const played = Array.from({ length: tasks }, (_, t): TaskJson => {
    const rng = rngFromSeed(BigInt(t));
    const luck = Float64Array.from({ length: trials }, () => rng.normal());
    const id = `task-${t + 1}`;
    const results = entrants.map(({ name, agent, options }, i): AgentJson => {
      const regrets = regretsOf((UNIFORM_REGRET * (i + 1)) / agents, luck, rng);
      streams.push(trialsOf(id, name, regrets));
      return { name, agent, options, trials, forfeits: 0, ...summaryOf(regrets) };
    });
    return { id, task: "linear-bandit", options: {}, uniform_regret: UNIFORM_REGRET, agents: results };
  });
  const results: ResultsJson = {
    schema_version: RESULTS_SCHEMA_VERSION,
    command: "icrl tournament run made-up.yaml --out made-up",
    versions: {},
    tournament: {
      id: "made-up",
      name: "made up",
      seed: "1",
      trials,
      tasks: played.map(({ id, task, options }) => ({ id, task, options })),
      agents: entrants,
    },
    tasks: played,
    leaderboard: [],
  };
  writeFileSync(join(dir, "results.json"), jsonText(results));
  writeTrialsParquet(streams, join(dir, "trials.parquet"));
}

function regretsOf(mean: number, luck: Float64Array, rng: Rng): Float64Array {
  return luck.map((shared) => Math.max(0, mean * (1 + 0.25 * shared + 0.25 * rng.normal())));
}

function trialsOf(task: string, entrant: string, regret: Float64Array): Buffer {
  const trial = Array.from(regret, (_, i) => i);
  const seeds = trial.map(BigInt);
  return encodeTrials({
    task,
    entrant,
    trial,
    taskSeed: seeds,
    noiseSeed: seeds,
    agentSeed: seeds,
    regret,
    return: regret.map((value) => STEPS - value),
    suffixFailure: undefined,
    minFraction: undefined,
  });
}

function summaryOf(regrets: Float64Array): Pick<AgentJson, "regret" | "return" | "curve"> {
  let sum = 0;
  for (const regret of regrets) sum += regret;
  const mean = sum / regrets.length;
  const se = Math.sqrt(regrets.reduce((squares, regret) => squares + (regret - mean) ** 2, 0)) / regrets.length;
  const step = Array.from({ length: STEPS }, (_, i) => i + 1);
  const share = step.map((t) => Math.log1p(t / 20) / Math.log1p(STEPS / 20));
  return {
    regret: { mean, se, ci95: [mean - 2 * se, mean + 2 * se] },
    return: { mean: STEPS - mean, se },
    curve: { step, mean: share.map((part) => mean * part), se: share.map((part) => se * part) },
  };
}
