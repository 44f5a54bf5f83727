/**
 * What a format is: its file declares its options, its columns and its documentation, and writes it. The command's flags and its help, the
 * pages of docs/export.md, and what a command may write over follow from that. A format's file loads nothing heavy before it is opened, for
 * every command knows all formats.
 */
import type { OutputKind } from "../files/output-kind.js";
import type { DatasetManifest, TaskEntry } from "../folder/dataset-manifest.js";
import type { Trial } from "./read-trials.js";

/** What an export is of. */
export interface ExportSource {
  readonly manifest: DatasetManifest;
  /** The tasks that are exported, by id. */
  readonly tasks: ReadonlyMap<string, TaskEntry>;
  /** Name of the label; undefined when there is none. */
  readonly label: string | undefined;
}

/** A choice that not all formats have, the same in those that do: a flag of the command, `--name` for the option `name`, `--two-words` for `twoWords`. */
export type FormatOption = {
  readonly help: string;
} & (
  | { /** A whole number of at least 1. */ readonly kind: "count"; readonly default: number }
  | { /** A whole number of at least 1, or none. */ readonly kind: "most" }
  | { /** A uint64. */ readonly kind: "seed"; readonly default: bigint }
  | { readonly kind: "choice"; readonly choices: readonly string[]; readonly default: string; readonly value: string }
  | { /** Any text, or none. */ readonly kind: "text"; readonly value: string }
  | { /** Any number of texts. */ readonly kind: "texts"; readonly value: string }
);

/** Names of options to what they are; `value` is what the help calls the value. */
export type FormatOptionTable = Readonly<Record<string, FormatOption>>;

type ValueOf<O extends FormatOption> = O extends { readonly kind: "count" }
  ? number
  : O extends { readonly kind: "most" }
    ? number | undefined
    : O extends { readonly kind: "seed" }
      ? bigint
      : O extends { readonly kind: "choice"; readonly choices: readonly (infer C)[] }
        ? C
        : O extends { readonly kind: "texts" }
          ? readonly string[]
          : string | undefined;

/** The values of a table's options. */
export type FormatOptions<T extends FormatOptionTable> = { readonly [N in keyof T]: ValueOf<T[N]> };

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
export interface ExportFormat<T extends FormatOptionTable = FormatOptionTable> {
  readonly name: string;
  /** What it is, in a few words for --help. */
  readonly summary: string;
  /** Options that not all formats have. */
  readonly options: T;
  /** The label that is taken when none is asked for. */
  readonly defaultLabel: string | undefined;
  /** What a row is, in the plural. */
  readonly rows: string;
  /** How an export of it is known on disk. */
  readonly output: OutputKind;
  /** For docs/export.md, Markdown. */
  readonly docs: {
    /** What PATH becomes. */
    readonly path: string;
    /** What a row is. */
    readonly row: string;
    /** Whom it is for. */
    readonly use: string;
    /** Its section: how it is read, what it holds by column, what is not in it. */
    readonly text: string;
  };
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
  readonly open: (source: ExportSource, options: FormatOptions<T>, path: string, out: string) => Promise<ExportSink>;
}

/** A format of any options, from one whose options are typed by its table. */
export const exportFormat = <const T extends FormatOptionTable>(format: ExportFormat<T>): ExportFormat =>
  format as unknown as ExportFormat;

/** Every option of a format with its value: the given one, or its default. */
export function formatOptions(
  { options }: ExportFormat,
  given: Readonly<Record<string, unknown>>,
): FormatOptions<FormatOptionTable> {
  const values = Object.entries(options).map(([name, option]) => [
    name,
    given[name] ?? (option.kind === "texts" ? [] : "default" in option ? option.default : undefined),
  ]);
  return Object.fromEntries(values) as FormatOptions<FormatOptionTable>;
}
