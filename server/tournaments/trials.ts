/** The trials of a finished tournament as Arrow batches: the rows of trials.parquet. */
import { IcrlError } from "../../common/errors.js";
import type { LoadedEntry } from "./entry.js";
import { encodeTrials } from "./trials-table.js";

/** Trials of one batch. */
const BATCH_TRIALS = 20_000;

/**
 * One complete Arrow IPC stream after another: by match, in the order of the trials.
 *
 * @param told whether what came of it may be told
 * @throws TOURNAMENT_RUNNING if it is not finished, or not to be told
 */
export function* streamTrials({ tournament, results }: LoadedEntry, told: boolean): Generator<Buffer> {
  const { id } = tournament.spec;
  if (results === undefined) {
    throw new IcrlError("TOURNAMENT_RUNNING", `tournament ${id} is not finished: watch it, then ask again`, {
      tournament: id,
    });
  }
  if (!told) {
    throw new IcrlError(
      "TOURNAMENT_RUNNING",
      `tournament ${id} is withheld while another of its seed and seed key is not over: watch that one, then ask again`,
      { tournament: id },
    );
  }
  for (const match of tournament.matches) {
    for (let first = 0; first < match.trials; first += BATCH_TRIALS) {
      const trials = Array.from({ length: Math.min(BATCH_TRIALS, match.trials - first) }, (_, i) => first + i);
      const seeds = trials.map((trial) => match.seedsOf(trial));
      const last = first + trials.length;
      yield encodeTrials({
        task: match.taskId,
        entrant: match.entrant,
        trial: trials,
        taskSeed: seeds.map((seed) => seed.taskSeed),
        noiseSeed: seeds.map((seed) => seed.noiseSeed),
        agentSeed: seeds.map((seed) => seed.agentSeed),
        regret: match.regrets.subarray(first, last),
        return: match.returns.subarray(first, last),
        suffixFailure: match.suffixFailures?.subarray(first, last),
        minFraction: match.minFractions?.subarray(first, last),
      });
    }
  }
}
