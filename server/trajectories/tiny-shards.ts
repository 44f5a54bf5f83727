/** Which shards are worth joining. */
import { firstOf, listShards, liveShards, readManifest, type ShardEntry } from "../../datasets/log/log-folder.js";

/** Shards below this size are worth joining. */
const TINY_BYTES = 1 << 20;
/** About the most bytes of what they are joined to. */
const JOINED_BYTES = 8 << 20;
/** Fewer are left alone, so that opening and closing often does not rewrite the same rows each time. */
const FEWEST = 8;

/** Runs of tiny shards in a log, each to become one shard, in log order. */
export function tinyShards(dir: string): ShardEntry[][] {
  const live = liveShards(readManifest(dir).shards);
  const groups: ShardEntry[][] = [];
  let group: ShardEntry[] = [];
  let groupBytes = 0;
  const endGroup = () => {
    if (group.length >= FEWEST) groups.push(group);
    group = [];
    groupBytes = 0;
  };
  for (const { name } of listShards(dir)) {
    const entry = live.get(name);
    const last = group.at(-1);
    // Across a gap, where episodes are lost, those behind it would get other numbers.
    const follows = last === undefined || firstOf(last.file) + last.rows === firstOf(name);
    if (entry === undefined || entry.bytes >= TINY_BYTES || groupBytes + entry.bytes > JOINED_BYTES || !follows)
      endGroup();
    if (entry === undefined || entry.bytes >= TINY_BYTES) continue;
    group.push(entry);
    groupBytes += entry.bytes;
  }
  endGroup();
  return groups;
}
