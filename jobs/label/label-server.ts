/** A private server that has a folder's trials labelled. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobListener } from "../listener.js";
import { type PrivateServer, startPrivateServer } from "../processes/private-server.js";

/**
 * Does something with such a server, which is closed then.
 *
 * @param dir folder with data/
 * @param flags more of `icrl serve`
 * @throws what `work` throws, and what keeps the server from starting: NOT_A_LOG, ...; the signal's reason once it is aborted
 */
export async function withLabelServer<T>(
  dir: string,
  listener: JobListener,
  signal: AbortSignal,
  work: (server: PrivateServer) => Promise<T>,
  flags: readonly string[] = [],
): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), "icrl-label-")); // every server has a log; this one's stays empty
  try {
    const server = await startPrivateServer(scratch, {
      flags: ["--dataset", dir, ...flags],
      say: listener.say,
      signal,
    });
    try {
      return await work(server);
    } finally {
      await server.close();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
