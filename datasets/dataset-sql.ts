/** SQL over a finished dataset. */
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { IcrlError } from "../common/errors.js";
import { type DatasetManifest, folderLabels, readDatasetManifest } from "./dataset-manifest.js";
import { quoted, shardsSql, withDuckDb } from "./duckdb.js";
import { type QueryResult, runQuery } from "./query-log.js";

/** A row's task id. Free play has none: the family stands in. */
export const TASK_ID_SQL = "coalesce(json_extract_string(tags, '$.task'), task)";
/** The behaviour that acted. Free play has none: the agent stands in. */
export const BEHAVIOUR_SQL = "coalesce(behaviour_component, entrant, agent)";

/** A name as an SQL identifier. */
const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Runs `use` with a connection to a DuckDB in memory that has the view `trajectories`, and one view of each label, by its name:
 * `episode_id`, `actions`, `probabilities`.
 *
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW as readDatasetManifest does
 * @throws DATASET_CORRUPT if a shard cannot be read
 */
export function withDataset<T>(
  dir: string,
  use: (connection: DuckDBConnection, manifest: DatasetManifest) => Promise<T>,
): Promise<T> {
  const manifest = readDatasetManifest(dir);
  const labels = folderLabels(manifest);
  return withDuckDb(async (connection) => {
    const view = (name: string, select: string) =>
      corruptIfRefused(dir, () => connection.run(`CREATE VIEW ${identifier(name)} AS ${select}`));
    await view("trajectories", `SELECT * EXCLUDE (shard_first, log_index) FROM ${shardsSql(dir)}`);
    for (const [name, label] of Object.entries(manifest.labels)) {
      const shards = labels.get(name)?.shards.map(({ file }) => quoted(join(dir, file)));
      const select =
        shards !== undefined
          ? `episode_id, actions, probabilities FROM read_parquet([${shards.join(", ")}])`
          : `episode_id, ${"column" in label ? label.column : ""} AS actions, NULL::FLOAT[] AS probabilities FROM trajectories`;
      await view(name, `SELECT ${select}`);
    }
    return use(connection, manifest);
  });
}

/**
 * Runs SQL (DuckDB's) over a dataset; see withDataset for its views. It runs with the caller's rights: it can read and write files.
 *
 * @throws QUERY_INVALID if DuckDB refuses the SQL, and what withDataset throws
 */
export function queryDataset(dir: string, sql: string): Promise<QueryResult> {
  return withDataset(dir, (connection, { labels }) => {
    const views = ["trajectories", ...Object.keys(labels)].map((name) => `"${name}"`);
    return runQuery(connection, sql, `the views are ${views.join(", ")}`);
  });
}

/** Runs what DuckDB can refuse only because a file is not what was written. */
export async function corruptIfRefused<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof IcrlError) throw error;
    const [what] = (error as Error).message.split("\n");
    const text = `${path} cannot be read (${what}): restore it from a backup`;
    throw new IcrlError("DATASET_CORRUPT", text, { file: path });
  }
}
