/** What a dataset's shards hold, and which of them are labelled: found by SQL over a few columns, without their steps. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { corruptIfRefused } from "../../datasets/folder/dataset-sql.js";
import { labelFolder } from "../../datasets/folder/label-folder.js";
import { shardPaths, shardsSql, withLog } from "../../datasets/log/duckdb.js";
import { listShards } from "../../datasets/log/log-folder.js";

/** What a shard has of one task. */
export interface ShardPart {
  readonly task: string;
  readonly taskOptionsJson: string;
  readonly trials: number;
  readonly episodes: number;
  /** Of the episodes, those that did not run to their own end. */
  readonly incomplete: number;
  readonly steps: number;
}

/** A shard of a dataset. */
export interface IndexedShard {
  /** File name. */
  readonly name: string;
  readonly path: string;
  readonly parts: readonly ShardPart[];
  /** Whether its labels are there, row for row. */
  readonly labelled: boolean;
}

/**
 * The shards of a dataset, in order.
 *
 * @param label name of the labels that are looked for
 * @throws NOT_A_LOG if the folder has no shards, DATASET_CORRUPT if one cannot be read
 */
export async function indexDataset(dir: string, label: string): Promise<IndexedShard[]> {
  const index = async (connection: DuckDBConnection) => {
    const sql = `SELECT shard_first, task, task_options, count(*) FILTER (episode_index = 0), count(*),
        count(*) FILTER (NOT complete), sum("length")
      FROM ${shardsSql(dir)} GROUP BY ALL ORDER BY shard_first, min(log_index)`;
    const parts = new Map<number, ShardPart[]>();
    for (const [first, task, options, ...counts] of await (await connection.run(sql)).getRows()) {
      const [trials, episodes, incomplete, steps] = counts.map(Number);
      const part = { task: String(task), taskOptionsJson: String(options), trials, episodes, incomplete, steps };
      const known = parts.get(Number(first));
      if (known === undefined) parts.set(Number(first), [part]);
      else known.push(part);
    }
    const shards: IndexedShard[] = [];
    for (const { name, path, first } of listShards(dir)) {
      const labels = join(labelFolder(dir, label), name);
      const labelled = existsSync(labels) && (await sameEpisodes(connection, path, labels));
      shards.push({ name, path, parts: parts.get(first) ?? [], labelled });
    }
    return shards;
  };
  const beside = shardPaths(dir).map((path) => join(labelFolder(dir, label), basename(path)));
  return corruptIfRefused(dir, () => withLog(dir, index, false, beside));
}

/** Whether labels are those of a shard: a collection that was made longer may have joined its shards anew. */
async function sameEpisodes(connection: DuckDBConnection, shard: string, labels: string): Promise<boolean> {
  const digest = async (path: string) => {
    const sql = `SELECT md5(string_agg(episode_id, ' ' ORDER BY file_row_number)) FROM read_parquet($1, file_row_number = true)`;
    const [[text]] = await (await connection.run(sql, [path])).getRows();
    return text;
  };
  try {
    return (await digest(shard)) === (await digest(labels));
  } catch {
    return false; // labels that cannot be read are made again
  }
}
