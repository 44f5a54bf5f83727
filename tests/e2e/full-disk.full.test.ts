/** A server on a disk of eight megabytes that fills up, is freed, and goes on. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { TournamentState } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { canMountTmpfs } from "../requirements.js";
import { readLog, startServerProcess, verify } from "../support/server.js";
import { tempDir } from "../support/temp-dir.js";
import { BANDIT, finished, randomAgent, spec } from "../support/tournament.js";

/** A disk of its own for the test that runs now. */
function smallDisk(): string {
  const dir = tempDir();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", dir.path]);
  onTestFinished(() => {
    execFileSync("umount", ["--lazy", dir.path]);
    dir.remove();
  });
  return dir.path;
}

/** Fills a disk to its last byte; returns what frees it. */
function fill(disk: string): () => void {
  const ballast = join(disk, "ballast");
  for (let bytes = 1 << 20; bytes > 0; bytes >>= 1) {
    try {
      for (;;) appendFileSync(ballast, Buffer.alloc(bytes));
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOSPC" });
    }
  }
  return () => rmSync(ballast);
}

test.skipIf(!canMountTmpfs())(
  "a tournament of a server whose disk was full and was freed again is there after kill -9, finished",
  async () => {
    const disk = smallDisk();
    const data = join(disk, "log");
    const of = spec(["a"], { tasks: [BANDIT], trials: 20 });
    const first = await startServerProcess(data, ["--disk-reserve", "0"]);
    const connection = await connect(first.address);
    onTestFinished(() => connection.close());
    const free = fill(disk);
    for (const answer of await Promise.allSettled([1, 2].map(() => connection.createTournament({ spec: of })))) {
      expect(answer).toMatchObject({ status: "rejected", reason: { reason: "LOG_UNWRITABLE" } });
    }
    free();
    const created = await connection.createTournament({ spec: of });
    expect(created.existed).toBe(false);
    const id = created.tournament?.id as string;
    // Full again when it is played: its trials are no agent's loss.
    const freeAgain = fill(disk);
    const inVain = await serveMatches(connection, randomAgent("a"), { entrant: "a", streams: 1 }).catch((e) => e);
    expect(inVain).toMatchObject({ reason: "LOG_UNWRITABLE" });
    freeAgain();
    await serveMatches(connection, randomAgent("a"), { entrant: "a", streams: 1 });
    const { results } = await finished(connection, id);
    first.child.kill("SIGKILL");
    await once(first.child, "exit");

    const second = await startServerProcess(data, ["--disk-reserve", "0"]);
    const after = await connect(second.address);
    onTestFinished(() => after.close());
    expect((await after.listTournaments()).tournaments).toMatchObject([{ id, state: TournamentState.FINISHED }]);
    expect((await finished(after, id)).results).toEqual(results);
    second.child.kill("SIGTERM");
    await second.exited;
    expect((await readLog(data)).filter((row) => row.complete).length).toBe(20);
    expect((await verify(data)).problems).toEqual([]);
  },
);
