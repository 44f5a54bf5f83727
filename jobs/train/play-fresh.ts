/** A model's play of fresh trials, while it is trained. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Evaluation } from "../../agents/transformer/metrics.js";
import { transformer } from "../../agents/transformer/transformer.js";
import type { TaskHead } from "../../datasets/folder/dataset-manifest.js";
import { silent } from "../listener.js";
import { PLAY_SIZES, playTrials } from "../play/play-trials.js";
import type { TrainingSpec } from "./training-file.js";

/**
 * Regret and return of trials of each task, the same ones each time. Their seeds are for the purpose "validate": no dataset has them.
 *
 * @param context tokens that the model may see, the last ones; 0: all
 */
export async function playFresh(
  { seed, training: { evaluationTrials: trials } }: TrainingSpec,
  tasks: readonly TaskHead[],
  checkpoint: string,
  context: number,
  signal: AbortSignal,
): Promise<Evaluation> {
  const data = mkdtempSync(join(tmpdir(), "icrl-evaluation-")); // of the private server, which records nothing
  const results: Record<string, Evaluation["tasks"][string]> = {};
  try {
    for (const { id, task, options: taskOptions } of tasks) {
      const what = { agent: transformer, agentOptions: { checkpoint, context }, task, taskOptions, trials, seed };
      const plan = { ...what, ...PLAY_SIZES, purpose: "validate", record: false, again: false, data };
      const { regret, return: gained } = await playTrials(plan, silent, signal);
      results[id] = { regret, return: gained } as Evaluation["tasks"][string]; // of one trial at least
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
  return { trials, tasks: results };
}
