import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { dataFolder, logFolder } from "#icrl/datasets/log/log-folder.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { openTrajectoryLog, type TrajectoryLogOptions } from "#icrl/server/trajectories/trajectory-log.js";
import type { SinkPlace } from "../conformance/sink.js";
import { readLog } from "./server.js";
import { tempDir } from "./temp-dir.js";

/** What a log would hold if its writer died now: a copy of its bytes, opened as the next writer would. */
export async function survivorsOf(dir: string): Promise<TrajectoryRow[]> {
  const copy = tempDir();
  try {
    // First the segments: what leaves them while this runs is in a shard by then.
    for (const [from, to] of [
      [logFolder(dir), logFolder(copy.path)],
      [dataFolder(dir), dataFolder(copy.path)],
    ]) {
      mkdirSync(to);
      for (const name of readdirSync(from)) if (!name.startsWith("lock")) copyIfThere(join(from, name), join(to, name));
    }
    await (await openTrajectoryLog(copy.path)).close();
    return await readLog(copy.path);
  } finally {
    copy.remove();
  }
}

function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Does to a log's writer what one does that takes it for dead, before it makes a lock of its own. */
export function removeLocks(dir: string): void {
  for (const name of readdirSync(logFolder(dir))) if (name.startsWith("lock-")) rmSync(join(logFolder(dir), name));
}

/** The trajectory log in a folder of its own. */
export function logPlace(options: TrajectoryLogOptions): SinkPlace {
  const dir = tempDir();
  const away = join(dir.path, "away");
  return {
    open: () => openTrajectoryLog(dir.path, options),
    takeOver() {
      removeLocks(dir.path);
      return openTrajectoryLog(dir.path, options);
    },
    read: () => readLog(dir.path),
    survivors: () => survivorsOf(dir.path),
    // A folder that is gone takes no new file; sealed, the log has none open.
    setWritable(writable) {
      if (writable) renameSync(away, logFolder(dir.path));
      else renameSync(logFolder(dir.path), away);
    },
    remove: async () => dir.remove(),
  };
}
