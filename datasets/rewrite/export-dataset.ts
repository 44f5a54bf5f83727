/** A dataset in a form that other programs read. docs/export.md describes the formats. */
import { lstatSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { type ExportFormat, type ExportSource, formatOptions } from "../export/export-format.js";
import { readTrials } from "../export/read-trials.js";
import { type DatasetManifest, readDatasetManifest } from "../folder/dataset-manifest.js";
import { truthKnown } from "../folder/truth-known.js";
import { makeOutput } from "../output/make-output.js";

/** What to export, and how. */
export interface ExportRequest {
  readonly format: ExportFormat;
  /** Options of the format; those that are not given are its defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** File or folder to be made. */
  readonly out: string;
  /** Name of a label; undefined: the format's own choice. */
  readonly label: string | undefined;
  /** Id of the only task that is wanted. */
  readonly task: string | undefined;
  /** Every so many-th episode of each trial. */
  readonly every: number | undefined;
  /** Whether what an earlier export of the format left at `out` is replaced. */
  readonly overwrite: boolean;
  /** Told how many of how many trials are done. */
  readonly onProgress?: (trials: number, total: number, steps: number) => void;
}

/** What was exported. */
export interface ExportReport {
  readonly format: string;
  readonly out: string;
  readonly label: string | undefined;
  readonly trials: number;
  readonly episodes: number;
  readonly steps: number;
  readonly rows: number;
  /** What a row is, in the plural. */
  readonly rowsAre: string;
  readonly files: number;
  readonly bytes: number;
  /** A line of Python that reads it. */
  readonly load: string;
}

/**
 * Exports. Two shards are in memory at a time, beside about 16 MB of rows.
 *
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW, LOG_CORRUPT as reading does
 * @throws LABEL_UNKNOWN if the dataset has no such label
 * @throws SELECTION_EMPTY if it has no such task
 * @throws EXPORT_UNSUPPORTED if the format cannot hold it
 * @throws OUTPUT_EXISTS if something is at `out` that it may not replace
 */
export async function exportDataset(dir: string, request: ExportRequest): Promise<ExportReport> {
  const { format, out, overwrite, onProgress } = request;
  const manifest = readDatasetManifest(dir);
  const source: ExportSource = {
    manifest,
    tasks: chosenTasks(dir, manifest, request.task),
    label: chosenLabel(dir, manifest, request.label ?? format.defaultLabel),
  };
  checkEvery(manifest, request.every);
  format.check?.(source, resolve(out));
  const total = [...source.tasks.values()].reduce((sum, { trials }) => sum + trials, 0);
  const counted = await makeOutput(out, format.output, overwrite, async (path) => {
    let trials = 0;
    let episodes = 0;
    let steps = 0;
    let rows = 0;
    const sink = await format.open(source, formatOptions(format, request.options), path, resolve(out));
    try {
      for await (const trial of readTrials(dir, manifest, { ...request, label: source.label })) {
        rows += sink.append(trial);
        trials += 1;
        episodes += trial.episodes.length;
        for (const { row } of trial.episodes) steps += row.length;
        onProgress?.(trials, total, steps);
      }
      sink.close();
    } finally {
      sink.abandon();
    }
    return { trials, episodes, steps, rows, ...sizeOf(path) };
  });
  return { format: format.name, out, label: source.label, ...counted, rowsAre: format.rows, load: format.load(out) };
}

function chosenTasks(dir: string, manifest: DatasetManifest, id: string | undefined): ExportSource["tasks"] {
  const played = manifest.tasks.filter((task) => task.trials > 0);
  const tasks = id === undefined ? played : played.filter((task) => task.id === id);
  if (tasks.length > 0) return new Map(tasks.map((task) => [task.id, task]));
  throw new IcrlError(
    "SELECTION_EMPTY",
    `${dir} has no trials of a task "${id ?? ""}": it has ${played.map((task) => task.id).join(", ")}`,
  );
}

function chosenLabel(dir: string, manifest: DatasetManifest, label: string | undefined): string | undefined {
  const { labels } = manifest;
  if (label === undefined || Object.hasOwn(labels, label)) return label;
  const hint = truthKnown(manifest)
    ? "icrl dataset label makes others"
    : "it was imported, without the truth: choose one of these by --labels";
  const text = `${dir} has no label "${label}": it has ${Object.keys(labels).join(", ")}; ${hint}`;
  throw new IcrlError("LABEL_UNKNOWN", text, { label });
}

function checkEvery({ subsample }: DatasetManifest, every: number | undefined): void {
  if (every === undefined || subsample === null || every % subsample === 0) return;
  throw new IcrlError(
    "EXPORT_UNSUPPORTED",
    `--every ${every} counts episodes as they were played, of which this dataset has every ${subsample}th already: give a multiple of ${subsample}`,
  );
}

/** Files of a file or folder. */
function sizeOf(path: string): { files: number; bytes: number } {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return { files: 1, bytes: stat.size };
  let files = 0;
  let bytes = 0;
  for (const name of readdirSync(path)) {
    const inner = sizeOf(join(path, name));
    files += inner.files;
    bytes += inner.bytes;
  }
  return { files, bytes };
}
