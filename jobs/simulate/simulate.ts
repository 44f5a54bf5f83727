/** Many trials of an agent on a task in this process: for tests and timings of algorithms, which want them soon. */
import { trialSeeds } from "../../common/seeds.js";
import { simulateTrial, type TrialSetup } from "./simulate-trial.js";

/** What is played. */
export interface SimulationSpec extends Omit<TrialSetup, "taskSeed" | "noiseSeed" | "agentSeed"> {
  readonly trials: number;
  /** Of a series of purpose "validate". Default 1. */
  readonly seed?: bigint;
}

/**
 * Plays the trials, one after the other.
 *
 * @param onTrial told after each how many are done
 * @returns cumulative regret of each trial, [trials]
 * @throws what simulateTrial throws, and the signal's reason between trials
 */
export function simulate(
  { trials, seed = 1n, ...setup }: SimulationSpec,
  onTrial: (done: number) => void = () => {},
  signal?: AbortSignal,
): Float64Array {
  const regrets = new Float64Array(trials);
  const series = { purpose: "validate", seed, taskId: setup.task.name, entrant: setup.agent.name } as const;
  for (let i = 0; i < trials; i++) {
    signal?.throwIfAborted();
    for (const { regret } of simulateTrial({ ...setup, ...trialSeeds(series, BigInt(i)) })) regrets[i] += regret;
    onTrial(i + 1);
  }
  return regrets;
}
