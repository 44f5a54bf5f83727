/** Imported datasets for tests, made by the writer of imports without a Python to read anything. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { hashId } from "#icrl/common/seeds.js";
import type { DatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { sealDataset } from "#icrl/datasets/folder/seal-dataset.js";
import { createImportWriter } from "#icrl/datasets/import/import-writer.js";
import { importedHead, importedLabel } from "#icrl/datasets/import/imported-head.js";
import type { ImportedTrial } from "#icrl/datasets/import/imported-trial.js";
import { tempDir } from "./temp-dir.js";

/** A trial of two episodes, of three steps and of one, in four states: the second is cut off, and the expert was asked at its end alone. */
export function importedTrial(index: number, change: Partial<ImportedTrial> = {}): ImportedTrial {
  return {
    file: 0,
    key: `entry ${index}`,
    tags: { entry: String(index) },
    lengths: Int32Array.of(3, 1),
    ends: Uint8Array.of(0, 2),
    actions: Int32Array.of(0, 1, 2, 1),
    rewards: Float32Array.of(0.5, 0, 1, 0),
    observations: Int32Array.of(0, 1, 2, 3, 3, -1),
    label: Int32Array.of(-1, -1, -1, 1),
    ...change,
  };
}

/** Writes one into a folder that is not there yet. */
export async function writeImported(
  dir: string,
  trials: readonly ImportedTrial[] = Array.from({ length: 20 }, (_, i) => importedTrial(i)),
  file = "data.pkl",
): Promise<DatasetManifest> {
  const rows = { taskId: "imported", taskOptions: "{}", files: [file] };
  const writer = createImportWriter(dir, importedLabel("expert"), rows, ({ key }) => hashId([file, key]));
  for (const trial of trials) writer.append(trial);
  const as = { format: "dpt", name: "theirs", taskId: "imported", label: "expert", given: {}, nodeVersion: "20.0.0" };
  const files = [{ name: file, bytes: 1, sha256: "0".repeat(64) }];
  const space = { type: "discrete", n: 4 } as const;
  const task = { num_actions: 3, observation_space: space, trial_features_shape: [], options: {} };
  return sealDataset(dir, importedHead(as, files, task, writer.close()));
}

/** One of 20 trials, in a folder of the test that runs now. */
export async function importedForTest(): Promise<{ readonly dir: string; readonly manifest: DatasetManifest }> {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  const dir = join(temporary.path, "theirs");
  return { dir, manifest: await writeImported(dir) };
}
