/** Writing imported trials: rows of the one schema, gathered to shards of a good size, and the expert's label beside them. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Schema } from "apache-arrow";
import { fsyncFolder, writeDurably } from "../files/durable-file.js";
import { encodeParquet } from "../files/encode-parquet.js";
import { type LabelHead, labelFolder, labelHeadPath, labelsFolder } from "../folder/label-folder.js";
import { arrowFields } from "../log/arrow-schema.js";
import { batchBuilder, rowsBuilder } from "../log/batch-builder.js";
import { column, nullable } from "../log/columns.js";
import { dataFolder, shardName } from "../log/log-folder.js";
import { type ImportedRows, importedRows } from "./imported-rows.js";
import { type ImportedTrial, type ImportTotals, NONE } from "./imported-trial.js";

/** About the most bytes of a shard's rows in memory: as large as the log's segments. */
const SHARD_BYTES = 16 << 20;

/** The columns that datasets/folder/label-folder.ts describes. */
const LABEL_COLUMNS = [
  column("episode_id", "utf8", ""),
  column("actions", "list<int32>", ""),
  nullable("probabilities", "list<float32>", ""),
] as const;

/** A dataset being written. */
export interface ImportWriter {
  /** Takes a trial, all of whose episodes stand in one shard. */
  append(trial: ImportedTrial): void;
  /** Writes what is left; without labels there is no folder of them. */
  close(): ImportTotals;
}

/**
 * Starts one in an empty folder.
 *
 * @param trialIdOf id of a trial, which follows from the file and the place in it
 */
export function createImportWriter(
  dir: string,
  label: LabelHead,
  rows: Omit<ImportedRows, "trialId" | "trialIndex">,
  trialIdOf: (trial: ImportedTrial) => string,
): ImportWriter {
  const data = batchBuilder();
  const labels = rowsBuilder(LABEL_COLUMNS, new Schema(arrowFields(LABEL_COLUMNS)));
  mkdirSync(dataFolder(dir), { recursive: true });
  mkdirSync(labelFolder(dir, label.name), { recursive: true });
  const totals = { trials: 0, episodes: 0, horizon: 0, episodesPerTrial: 0, stepsPerTrial: 0, labelled: false };
  /** Of each file so far. */
  const trials: number[] = [];
  let written = 0;

  function flush(): void {
    const count = data.rows;
    if (count === 0) return;
    const name = shardName(written);
    writeDurably(join(dataFolder(dir), name), encodeParquet(Buffer.concat(data.finish())));
    writeDurably(join(labelFolder(dir, label.name), name), encodeParquet(Buffer.concat(labels.finish())));
    written += count;
  }

  return {
    append(trial) {
      const said = trial.label ?? new Int32Array(trial.actions.length).fill(NONE);
      let at = 0;
      const index = trials[trial.file] ?? 0;
      trials[trial.file] = index + 1;
      for (const row of importedRows(trial, {
        ...rows,
        trialId: trialIdOf(trial),
        trialIndex: BigInt(index),
      })) {
        data.append(row);
        labels.append({
          episode_id: row.episode_id,
          actions: said.subarray(at, at + row.length),
          probabilities: null,
        });
        at += row.length;
        totals.horizon = Math.max(totals.horizon, row.length);
      }
      totals.trials += 1;
      totals.episodes += trial.lengths.length;
      totals.episodesPerTrial = Math.max(totals.episodesPerTrial, trial.lengths.length);
      totals.stepsPerTrial = Math.max(totals.stepsPerTrial, at);
      totals.labelled ||= trial.label !== undefined;
      if (data.bytes >= SHARD_BYTES) flush();
    },
    close() {
      flush();
      if (totals.labelled) {
        writeDurably(labelHeadPath(dir, label.name), Buffer.from(`${JSON.stringify(label, null, 2)}\n`));
        fsyncFolder(labelFolder(dir, label.name));
      } else rmSync(labelsFolder(dir), { recursive: true });
      fsyncFolder(dataFolder(dir));
      return totals;
    },
  };
}
