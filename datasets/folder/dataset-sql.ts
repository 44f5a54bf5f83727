/** SQL over a finished dataset. */
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { IcrlError } from "../../common/errors.js";
import { requireRegularFile } from "../files/read-file.js";
import { identifier, quoted, shardsSql, shardsSqlOf, withDuckDb } from "../log/duckdb.js";
import { type QueryResult, runQuery } from "../log/query-log.js";
import { type DatasetManifest, folderLabels, listedFiles, readDatasetManifest } from "./dataset-manifest.js";

/** The behaviour that acted. Free play has none: the agent stands in. */
export const BEHAVIOUR_SQL = "coalesce(behaviour_component, entrant, agent)";

/**
 * Runs `use` with a connection to a DuckDB in memory that has the view `trajectories`, and one view of each label, by its name:
 * `episode_id`, `actions`, `probabilities`. It reaches the dataset's shards and labels, and nothing else.
 *
 * @param allowFiles whether what the process may read and write can be reached, too
 * @throws NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW as readDatasetManifest does
 * @throws DATASET_CORRUPT if a shard cannot be read
 */
export async function withDataset<T>(
  dir: string,
  use: (connection: DuckDBConnection, manifest: DatasetManifest) => Promise<T>,
  allowFiles = false,
): Promise<T> {
  const manifest = readDatasetManifest(dir);
  const beside = folderLabels(manifest);
  // Those that the manifest lists: what else lies in data/ is none of it.
  const shards = manifest.shards.map(({ file }) => join(dir, file));
  const files = listedFiles(manifest).map(({ file }) => join(dir, file));
  return withDuckDb(allowFiles ? "any" : files, async (connection) => {
    const view = (name: string, select: string) =>
      corruptIfRefused(dir, () => connection.run(`CREATE VIEW ${identifier(name)} AS ${select}`));
    for (const path of shards) await corruptIfRefused(path, async () => requireRegularFile(path));
    await view("trajectories", `SELECT * EXCLUDE (shard_first, log_index) FROM ${shardsSqlOf(shards)}`);
    for (const [name, label] of Object.entries(manifest.labels)) {
      const paths = beside.get(name)?.shards.map(({ file }) => join(dir, file)) ?? [];
      for (const path of paths) await corruptIfRefused(path, async () => requireRegularFile(path));
      const select =
        "column" in label
          ? `${identifier(label.column)} AS actions, NULL::FLOAT[] AS probabilities FROM trajectories`
          : `actions, probabilities FROM read_parquet([${paths.map(quoted).join(", ")}])`;
      await view(name, `SELECT episode_id, ${select}`);
    }
    return use(connection, manifest);
  });
}

/**
 * Runs SQL (DuckDB's) over a dataset; see withDataset for its views.
 *
 * @param allowFiles whether it may read and write what the process may
 * @throws QUERY_INVALID if DuckDB refuses the SQL, it is not one statement, or may not do what it does; and what withDataset throws
 */
export function queryDataset(dir: string, sql: string, allowFiles = false): Promise<QueryResult> {
  const query = (connection: DuckDBConnection, { labels }: DatasetManifest) => {
    const views = ["trajectories", ...Object.keys(labels)].map(identifier);
    return runQuery(connection, sql, `the views are ${views.join(", ")}`, allowFiles);
  };
  return withDataset(dir, query, allowFiles);
}

/** Runs what DuckDB can refuse only because a file is not what was written. */
export async function corruptIfRefused<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Its shards are those of a log, whose readers do not know that it is a dataset's.
    if (error instanceof IcrlError && error.reason === "LOG_CORRUPT") {
      throw new IcrlError("DATASET_CORRUPT", error.message, { file: path });
    }
    if (error instanceof IcrlError) throw error;
    const [what] = (error as Error).message.split("\n");
    const text = `${path} cannot be read (${what}): restore it from a backup`;
    throw new IcrlError("DATASET_CORRUPT", text, { file: path });
  }
}

/** How many instances there are, by the task's id. */
export async function countInstances(connection: DuckDBConnection, dir: string): Promise<Map<string, number>> {
  const result = await connection.run(`SELECT task_id, count(DISTINCT coalesce(instance, task_seed::VARCHAR))::DOUBLE
    FROM ${shardsSql(dir)} GROUP BY task_id`);
  return new Map((await result.getRows()).map(([id, count]) => [id as string, count as number]));
}
