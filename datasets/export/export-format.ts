/** What a format is to exportDataset. */
import type { DatasetManifest, TaskEntry } from "../folder/dataset-manifest.js";
import type { Trial } from "./read-trials.js";

/** Names of the formats. */
export const FORMAT_NAMES = ["minari", "dpt", "ad", "jsonl", "csv"] as const;

/** Name of a format. */
export type FormatName = (typeof FORMAT_NAMES)[number];

/** What an export is of. */
export interface ExportSource {
  readonly manifest: DatasetManifest;
  /** The tasks that are exported, by id. */
  readonly tasks: ReadonlyMap<string, TaskEntry>;
  /** Name of the label; undefined when there is none. */
  readonly label: string | undefined;
}

/** How a decision-pretraining context is drawn; see dpt.ts. */
export const CONTEXTS = ["whole", "prefix"] as const;

/** Choices that only some formats have. */
export interface FormatOptions {
  /** `dpt`: queries of each trial. */
  readonly queries: number;
  /** `dpt`: what a context is. */
  readonly context: (typeof CONTEXTS)[number];
  /** `dpt`: seed of the draws, uint64. */
  readonly seed: bigint;
  /** `minari`: who to name as authors. */
  readonly authors: readonly string[];
  /** `minari`: address of the code that made the data. */
  readonly codePermalink: string | undefined;
}

/** An export being written. */
export interface ExportSink {
  /** Writes a trial and returns how many rows it became. */
  append(trial: Trial): number;
  /** Writes what is left. */
  close(): void;
  /** Lets go of open files; harmless after `close`. */
  abandon(): void;
}

/** A format. */
export interface ExportFormat {
  /** The label that is taken when none is asked for. */
  readonly defaultLabel: string | undefined;
  /** What a row is, in the plural. */
  readonly rows: string;
  /** A line of Python that reads PATH. */
  readonly load: (path: string) => string;
  /**
   * Throws if the source cannot be exported to this path.
   * @throws EXPORT_UNSUPPORTED
   */
  readonly check?: (source: ExportSource, out: string) => void;
  /**
   * Begins to write.
   *
   * @param path where to: a file that does not exist or an empty folder, later renamed to `out`
   */
  readonly open: (source: ExportSource, options: FormatOptions, path: string, out: string) => ExportSink;
}
