/**
 * A folder of Parquet files with rows of some columns, as a dataset has them:
 *
 *   data/<name>-<first row>.parquet   zstd
 *   export.json                       what it was made from and how, and what the columns mean
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Schema } from "apache-arrow";
import { VERSION } from "../../common/version.js";
import { encodeParquet } from "../files/encode-parquet.js";
import { arrowFields } from "../log/arrow-schema.js";
import { rowsBuilder } from "../log/batch-builder.js";
import type { Column, RowOf } from "../log/columns.js";
import type { ExportSource } from "./export-format.js";

/** About the most bytes of rows that wait in memory. */
const SHARD_BYTES = 16 << 20;

/** A folder being written. */
export interface ParquetFolder<Row> {
  append(row: Row): void;
  close(): void;
}

/**
 * Starts one in an empty folder.
 *
 * @param options how the rows were made, for export.json
 */
export function createParquetFolder<const C extends readonly Column[]>(
  path: string,
  format: string,
  columns: C,
  { manifest, tasks, label }: ExportSource,
  options: Readonly<Record<string, unknown>>,
): ParquetFolder<RowOf<C>> {
  const builder = rowsBuilder(columns, new Schema(arrowFields(columns)));
  const files: { file: string; rows: number; bytes: number }[] = [];
  let first = 0;
  mkdirSync(join(path, "data"));
  function flush(): void {
    const { rows } = builder;
    if (rows === 0 && files.length > 0) return;
    const bytes = encodeParquet(Buffer.concat(builder.finish()));
    const file = `data/${format}-${String(first).padStart(12, "0")}.parquet`;
    writeFileSync(join(path, file), bytes);
    files.push({ file, rows, bytes: bytes.length });
    first += rows;
  }
  return {
    append(row) {
      builder.append(row);
      if (builder.bytes >= SHARD_BYTES) flush();
    },
    close() {
      if (builder.rows > 0) flush();
      const about = {
        format,
        made_with: { icrl: VERSION },
        dataset: { id: manifest.id, name: manifest.name },
        tasks: [...tasks.values()],
        label: label ?? null,
        options,
        rows: first,
        files,
        columns: columns.map(({ name, type, nullable, help }) => ({ name, type, nullable, meaning: help })),
      };
      writeFileSync(join(path, "export.json"), `${JSON.stringify(about, null, 2)}\n`);
    },
  };
}
