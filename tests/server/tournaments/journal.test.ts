import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { openJournal, readJournals } from "#icrl/server/tournaments/journal.js";
import { removeLocks } from "../../support/log-place.js";
import { serverAfter, serverForTest, startTestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { BANDIT, create, finished, randomAgent, spec } from "../../support/tournament.js";

test("what could not be written is written, once and in order, when it can be", async () => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  writeFileSync(join(dir.path, "tournaments"), ""); // a file where its folder should be
  const journal = openJournal(dir.path, "ab12", () => {});
  journal.append({
    event: "created",
    at: "2026-01-01",
    spec: { name: "t", seed: "7", trials: 1, tasks: [], agents: [] },
  });
  await expect(journal.durable()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  journal.append({ event: "declared", entrant: "a", tasks: ["bandit"] });
  await expect(journal.durable()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  rmSync(join(dir.path, "tournaments"));
  mkdirSync(join(dir.path, "tournaments"));
  await journal.durable();
  const [record] = readJournals(dir.path);
  expect(record).toMatchObject({ id: "ab12", spec: { seed: 7n } });
  expect([...record.declared]).toEqual([["a", ["bandit"]]]);
});

const SPEC = spec(["a"], { tasks: [BANDIT], trials: 3 });

test("a tournament that cannot be written is nobody's, and is created by whoever asks when it can be", async () => {
  const server = await serverForTest();
  const { connection, dataDir } = server;
  const folder = join(dataDir, "tournaments");
  writeFileSync(folder, ""); // a file where the folder should be
  const asked = await Promise.allSettled([1, 2, 3].map(() => connection.createTournament({ spec: SPEC })));
  for (const answer of asked) expect(answer).toMatchObject({ reason: { reason: "LOG_UNWRITABLE" } });
  expect((await connection.listTournaments()).tournaments).toEqual([]);
  rmSync(folder);
  const answers = await Promise.all([1, 2, 3].map(() => connection.createTournament({ spec: SPEC })));
  expect(answers.map(({ existed }) => existed).sort()).toEqual([false, true, true]);
  const [{ tournament }] = answers;
  await serveMatches(connection, randomAgent("a"), { entrant: "a", streams: 1 });
  const { results } = await finished(connection, tournament?.id as string);
  await server.close();
  const next = await serverAfter(server);
  expect((await finished(next.connection, tournament?.id as string)).results).toEqual(results);
});

test("a forfeit that is answered is on disk, and one that cannot be written is not answered as if it were", async () => {
  const server = await serverForTest();
  const { connection, dataDir } = server;
  const id = await create(connection, SPEC);
  const path = join(dataDir, "tournaments", `${id}.jsonl`);
  renameSync(path, `${path}.away`);
  symlinkSync(dataDir, path); // nothing can be appended to a folder
  const forfeit = () => connection.forfeitMatches({ id, entrant: "a", message: "it crashed", all: true });
  await expect(forfeit()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  renameSync(`${path}.away`, path); // in one step: the server tries again whenever it likes
  await forfeit();
  expect(readJournals(dataDir)[0].forfeits).toMatchObject([{ entrant: "a", message: "it crashed" }]);
});

test("a server whose folder another has taken over writes no journal", async () => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  const server = await startTestServer({}, undefined, undefined, dir);
  removeLocks(dir.path);
  await expect(create(server.connection, SPEC)).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  expect(existsSync(join(dir.path, "tournaments"))).toBe(false);
  server.connection.close();
  await expect(server.close()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" }); // its process ends with an error
});

test("tournaments of an earlier version that would be refused today are left alone with a message, and nothing else suffers", async () => {
  const server = await serverForTest();
  const kept = await create(server.connection, SPEC);
  await server.close();
  const nested = (levels: number): Record<string, unknown> => ({ a: levels === 1 ? 1 : nested(levels - 1) });
  const many = (name: string) => Array.from({ length: 200 }, (_, i) => `${name}${i}`);
  const agents = [{ name: "e", agent: "a", options: {}, tasks: [] }];
  const tasks = [{ id: "t", task: "bernoulli-bandit" }];
  const earlier = {
    deep: { name: "deep", seed: "7", trials: 1, tasks, agents: [{ ...agents[0], options: nested(40) }] },
    large: {
      name: "large",
      seed: "7",
      trials: 1,
      tasks: many("t").map((id) => ({ ...tasks[0], id })),
      agents: many("e").map((name) => ({ ...agents[0], name })),
    },
    long: { name: "long", seed: "7", trials: 1e9, tasks, agents },
  };
  for (const [id, of] of Object.entries(earlier)) {
    const line = { event: "created", spec: of, at: "2026-01-01" };
    writeFileSync(join(server.dataDir, "tournaments", `${id}.jsonl`), `${JSON.stringify(line)}\n`);
  }
  const next = await serverAfter(server);
  const { tournaments } = await next.connection.listTournaments();
  expect(tournaments.map(({ id }) => id)).toEqual([kept]);
  const said = JSON.stringify(next.said);
  for (const why of [/deep .*levels deep/, /large .*40000 matches: at most 10000/, /long .*1000000000 trials/]) {
    expect(said).toMatch(new RegExp(`tournament ${why.source}`));
  }
  await serveMatches(next.connection, randomAgent("a"), { entrant: "a", streams: 1 });
  await finished(next.connection, kept);
});
