/** A model's play of fresh trials, while it is trained. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Evaluation } from "../../agents/transformer/metrics.js";
import type { TaskHead } from "../../datasets/folder/dataset-manifest.js";
import { runCommand } from "../processes/child-command.js";
import type { TrainingSpec } from "./training-file.js";

/**
 * Regret and return of trials of each task, the same ones each time. Their seeds are for the purpose "validate": no dataset has them.
 */
export async function playFresh(
  { seed, training: { evaluation_trials: trials } }: TrainingSpec,
  tasks: readonly TaskHead[],
  checkpoint: string,
  signal: AbortSignal,
): Promise<Evaluation> {
  const data = mkdtempSync(join(tmpdir(), "icrl-evaluation-")); // of the private server, which records nothing
  const results: Record<string, Evaluation["tasks"][string]> = {};
  try {
    for (const { id, task, options } of tasks) {
      const set = Object.entries(options).flatMap(([name, value]) => ["--set", `${name}=${String(value)}`]);
      const played = await runCommand<Evaluation["tasks"][string]>(
        [
          ...["play", "transformer", "--option", `checkpoint=${checkpoint}`, "--task", task, ...set],
          ...["--trials", String(trials), "--purpose", "validate", "--seed", String(seed)],
          ...["--no-record", "--data", data],
        ],
        { signal },
      );
      results[id] = { regret: played.regret, return: played.return };
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
  return { trials, tasks: results };
}
