/** How many episodes a log holds. */
import { listSegments, listShards, liveShards, readManifest, rowsThatCount } from "../../datasets/log/log-folder.js";
import { readSegment } from "./segment-file.js";
import { shardRows } from "./shard-file.js";

/** Episodes in the shards of a log that was put right, and in segments that could not be rolled. */
export function countEpisodes(dir: string): number {
  const manifest = readManifest(dir);
  const known = liveShards(manifest.shards);
  let episodes = 0;
  const shards = listShards(dir);
  for (const { name, path } of shards) episodes += known.get(name)?.rows ?? shardRows(path);
  const rolled = new Set(shards.map(({ first }) => first));
  for (const segment of listSegments(dir)) {
    if (rolled.has(segment.first)) continue;
    episodes += readSegment(segment.path, rowsThatCount(manifest, segment))?.rows ?? 0;
  }
  return episodes;
}
