/** How many episodes a log holds. */
import { readFileSync } from "node:fs";
import { readParquet } from "parquet-wasm";
import { listSegments, listShards, liveShards, readManifest } from "../../datasets/log-folder.js";
import { scanSegment } from "./segment-file.js";

/** Episodes in the shards of a log that was put right, and in segments that could not be rolled. */
export function countEpisodes(dir: string): number {
  const known = liveShards(readManifest(dir));
  let episodes = 0;
  const shards = listShards(dir);
  for (const { name, path } of shards) episodes += known.get(name)?.rows ?? shardRows(path);
  const rolled = new Set(shards.map(({ first }) => first));
  for (const { path, first } of listSegments(dir)) {
    if (!rolled.has(first)) episodes += scanSegment(readFileSync(path)).rows;
  }
  return episodes;
}

/** Rows of a shard of which the manifest says nothing. */
export function shardRows(path: string): number {
  return readParquet(readFileSync(path), { columns: ["length"] })
    .recordBatches()
    .reduce((sum, batch) => sum + batch.numRows, 0);
}
