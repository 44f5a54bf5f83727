/** A log is its owner's alone: it has the truth of trials that others are yet to play. */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { replaceDurably } from "#icrl/datasets/files/durable-file.js";
import { startTestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { BANDIT, create, finished, RIVER, randomAgent, spec } from "../../support/tournament.js";

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** Modes of a folder and of all in it, by path. */
function modes(folder: string): Record<string, string> {
  const inside = readdirSync(folder, { withFileTypes: true }).map((entry): Record<string, string> => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? modes(path) : { [path]: modeOf(path) };
  });
  return Object.assign({ [`${folder}/`]: modeOf(folder) }, ...inside);
}

/** Those of a log, by what it is: "/" ends a folder. */
const expectPrivate = (found: Record<string, string>) =>
  expect(found).toEqual(
    Object.fromEntries(Object.keys(found).map((path) => [path, path.endsWith("/") ? "700" : "600"])),
  );

/** What the process lets everybody read and write, for a while. */
function withOpenUmask(): void {
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
}

test("every file of a log is 0600 and every folder 0700, whatever the umask: segments, shards, lists, locks and journals", async () => {
  withOpenUmask();
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const path = join(dir.path, "made", "by the server");
  const server = await startTestServer({}, undefined, undefined, { path, remove() {} });
  const { connection } = server;
  const id = await create(connection, spec(["one", "two"], { trials: 4, tasks: [BANDIT, RIVER] }));
  await serveMatches(connection, randomAgent("one"), { entrant: "one", streams: 1 });
  const names = Object.keys(modes(path)).join("\n");
  for (const kind of [
    /\/log\/lock-1$/m,
    /\/log\/\d+\.1\.segment$/m,
    /\/log\/shards\.jsonl$/m,
    /\/tournaments\/\w+\.jsonl$/m,
  ])
    expect(names).toMatch(kind);
  expectPrivate(modes(path)); // while it is written
  await serveMatches(connection, randomAgent("two"), { entrant: "two", streams: 1 });
  await finished(connection, id);
  for (let shards = 0; shards < 12; shards += 1) {
    await create(connection, spec(["one"], { name: `more ${shards}`, trials: 1, tasks: [BANDIT] }));
    await serveMatches(connection, randomAgent("one"), { entrant: "one", streams: 1 });
    await connection.listTrajectories({ filter: undefined, pageSize: 1, pageToken: "" });
  }
  await server.dispose();
  const left = modes(path);
  expect(Object.keys(left).filter((name) => name.endsWith(".parquet")).length).toBeGreaterThan(0);
  expectPrivate(left);
  // Started again, it joins what lies in tiny shards, and puts its own in their place.
  const again = await startTestServer({}, undefined, undefined, { path, remove() {} });
  await again.dispose();
  expectPrivate(modes(path));
});

test("what was there keeps its modes, and what is no log has those that the umask leaves", async () => {
  withOpenUmask();
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const path = join(dir.path, "mine");
  mkdirSync(path, { mode: 0o755 });
  const server = await startTestServer({}, undefined, undefined, { path, remove() {} });
  await server.dispose();
  const { [`${path}/`]: own, ...inside } = modes(path);
  expect(own).toBe("755");
  expectPrivate(inside);
  process.umask(0o027);
  replaceDurably(join(path, "results.json"), Buffer.from("{}"));
  expect(modeOf(join(path, "results.json"))).toBe("640");
});
