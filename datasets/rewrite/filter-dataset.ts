import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { type DatasetManifest, readDatasetManifest } from "../folder/dataset-manifest.js";
import { type OnProgress, sealDataset } from "../folder/seal-dataset.js";
import { truthKnown } from "../folder/truth-known.js";
import { shardsSqlOf, withDuckDb } from "../log/duckdb.js";
import { dataFolder } from "../log/log-folder.js";
import { runQuery } from "../log/query-log.js";
import { requireCondition } from "../log/user-sql.js";
import { makeOutput } from "../output/make-output.js";
import { DATASET } from "../output/output-kinds.js";
import { int32Column, readDatasetShards } from "../read/dataset-shards.js";
import { rangesOf } from "../read/take-rows.js";
import { createDatasetWriter, type DatasetWriter } from "./dataset-writer.js";
import { derivedHead, labelHeads } from "./derived-head.js";

/** What is kept. */
export interface FilterOptions {
  /** A condition (DuckDB's SQL) over the columns, which reaches nothing but the shards; undefined: every episode. NULL counts as false. */
  readonly where?: string;
  /** Trials are kept whole, where any or all of their episodes match; undefined: episodes are kept each for itself. */
  readonly trials?: "any" | "all";
  /** Of what matches, every k-th episode of a trial, by `episode_index`. */
  readonly every?: number;
  /** Of the Node.js that runs, for the manifest. */
  readonly nodeVersion: string;
  readonly overwrite?: boolean;
  readonly onProgress?: OnProgress;
}

/**
 * Keeps whole rows of a dataset, in their order, and their labels.
 *
 * @throws OUTPUT_EXISTS, what readDatasetManifest throws
 * @throws QUERY_INVALID if DuckDB refuses the condition, or it is more than one
 * @throws SELECTION_EMPTY if nothing is left
 */
export async function filterDataset(
  dir: string,
  out: string,
  { where = "true", trials, every = 1, nodeVersion, overwrite = false, onProgress }: FilterOptions,
): Promise<DatasetManifest> {
  const source = readDatasetManifest(dir);
  const labels = labelHeads(source);
  const shards = source.shards.map(({ file }) => file.slice("data/".length));
  return makeOutput(out, DATASET, overwrite, async (partial) => {
    const writer = createDatasetWriter(partial, labels);
    const files = shards.map((name) => join(dataFolder(dir), name));
    await withDuckDb(files, async (connection) => {
      await requireCondition(connection, where);
      await appendMatching(connection, writer);
    });
    if (writer.episodes === 0) {
      const unknown = truthKnown(source) ? "" : " (it was imported: columns of the truth, regret say, are null)";
      throw new IcrlError("SELECTION_EMPTY", `no episode of ${dir} matches ${where}${unknown}: nothing was written`);
    }
    const madeWith = { where, trials: trials ?? null, every };
    const head = derivedHead(source, "filter", madeWith, `${source.name}, filtered`, nodeVersion);
    return sealDataset(partial, { ...head, subsample: leastCommonMultiple(source.subsample ?? 1, every) });
  });

  async function appendMatching(connection: DuckDBConnection, writer: DatasetWriter): Promise<void> {
    let done = 0;
    for await (const shard of readDatasetShards(
      dir,
      shards,
      labels.map(({ name }) => name),
    )) {
      const episodeIndex = int32Column(shard.data, "episode_index");
      const matching = await matchingRows(connection, join(dataFolder(dir), shard.name), where, trials);
      writer.append(shard, rangesOf(matching.filter((row) => episodeIndex[row] % every === 0)));
      done += shard.data.numRows;
      onProgress?.(done, source.episodes);
    }
    writer.close();
  }
}

/** Numbers of the rows of a shard that match, ascending. */
async function matchingRows(
  connection: DuckDBConnection,
  path: string,
  where: string,
  trials: "any" | "all" | undefined,
): Promise<number[]> {
  const matches = `coalesce((${where}\n)::BOOLEAN, false)`; // a line of its own, in case the condition ends with a comment
  const kept =
    trials === undefined
      ? matches
      : `${trials === "any" ? "bool_or" : "bool_and"}(${matches}) OVER (PARTITION BY trial_id)`;
  const sql = `SELECT row::INTEGER FROM (
      SELECT log_index - shard_first AS row, ${kept} AS kept FROM ${shardsSqlOf([path])}
    ) WHERE kept ORDER BY row`;
  const { rows } = await runQuery(connection, sql, "a condition is over the columns of docs/log.md");
  return rows.map(([row]) => row as number);
}

function leastCommonMultiple(a: number, b: number): number | null {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return a * b === 1 ? null : (a / x) * b;
}
