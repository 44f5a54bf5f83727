import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import type { CreateTournamentRequest } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { actions, hello, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverAfter, serverForTest, type TestServer } from "../../support/server.js";
import { BANDIT, finished, randomAgent, spec } from "../../support/tournament.js";

const MINE = "a secret of mine".replaceAll(" ", "-");
const THEIRS = "a secret of theirs".replaceAll(" ", "-");

const SPEC = spec(["a"], { tasks: [BANDIT], trials: 4 });

async function createWith({ connection }: TestServer, members: Partial<CreateTournamentRequest> = {}): Promise<string> {
  const { tournament } = await connection.createTournament({ spec: SPEC, ...members });
  return tournament?.id as string;
}

/** A session under the name; it breaks its match if it gets one. @returns what it came to */
async function intrude(server: TestServer, id: string, entrantKey?: string): Promise<string> {
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: "a", entrant: "a", tournamentId: id, numEnvs: 1, entrantKey }));
  await stream.expect("welcome");
  const told = stream.ended.then(({ reason }) => reason ?? "no reason");
  const opened = stream.expect("opened").then(
    () => "opened",
    () => told,
  );
  const outcome = await Promise.race([told, opened]);
  if (outcome === "opened") stream.call.cancel();
  await stream.ended;
  return outcome;
}

const forfeit = ({ connection }: TestServer, id: string, key?: string) =>
  connection.forfeitMatches({ id, entrant: "a", message: "it cheated", all: true, ...(key && { key }) });

const play = ({ connection }: TestServer, id: string, entrantKey?: string) =>
  serveMatches(connection, randomAgent("a"), { entrant: "a", tournamentId: id, entrantKey, streams: 1 });

const refused = { reason: "KEY_REFUSED" };

/** Nobody but the entrant plays under its name or forfeits what it has. */
async function isProtected(server: TestServer, id: string): Promise<void> {
  for (const key of [undefined, THEIRS]) {
    expect(await intrude(server, id, key)).toBe("KEY_REFUSED");
    await expect(forfeit(server, id, key)).rejects.toMatchObject(refused);
  }
}

test("the key that an entrant's first session shows keeps strangers out, also after a restart", async () => {
  const server = await serverForTest();
  const id = await createWith(server, { attendance: [{ name: "a", processes: 1, mayLeave: true }] });
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const first = rawStream(client);
  first.send(hello({ agent: "a", entrant: "a", numEnvs: 1, entrantKey: MINE }));
  for (const kind of ["welcome", "opened", "observations"] as const) await first.expect(kind);
  first.send(actions(0, [0]));
  await first.expect("observations");
  await isProtected(server, id);
  first.send(actions(1, [0]));
  await first.expect("observations"); // it plays on
  await server.close();
  const next = await serverAfter(server);
  await isProtected(next, id);
  await play(next, id, MINE);
  const { tournament } = await finished(next.connection, id);
  expect(tournament.matches).toMatchObject([{ completeTrials: 4, forfeits: 0 }]);
  const journal = readFileSync(join(next.dataDir, "tournaments", `${id}.jsonl`), "utf8");
  expect(journal).not.toContain(MINE); // a hash alone
  expect(journal.match(/"keyed"/g)?.length).toBe(1);
});

test("a key that the creator gives must be shown from the first, so that nobody squats on a name", async () => {
  const server = await serverForTest();
  const id = await createWith(server, { entrantKeys: [{ name: "a", key: MINE }] });
  await isProtected(server, id);
  expect(await createWith(server, { entrantKeys: [{ name: "a", key: MINE }] })).toBe(id);
  await expect(createWith(server, { entrantKeys: [{ name: "a", key: THEIRS }] })).rejects.toMatchObject(refused);
  await play(server, id, MINE);
  expect((await finished(server.connection, id)).tournament.matches).toMatchObject([{ completeTrials: 4 }]);
});

test("who has the key forfeits by it", async () => {
  const server = await serverForTest();
  const id = await createWith(server, { entrantKeys: [{ name: "a", key: MINE }] });
  expect((await forfeit(server, id, MINE)).matchIds).toEqual(["bandit/a"]);
});

test("an entrant that came without a key is anybody's, and nobody locks it out", async () => {
  const server = await serverForTest();
  const id = await createWith(server, { attendance: [{ name: "a", processes: 1, mayLeave: true }] });
  expect(await intrude(server, id)).toBe("opened");
  expect(await intrude(server, id, THEIRS)).toBe("KEY_REFUSED");
  await expect(createWith(server, { entrantKeys: [{ name: "a", key: THEIRS }] })).rejects.toMatchObject(refused);
  await play(server, id);
  expect((await finished(server.connection, id)).tournament.matches).toMatchObject([{ completeTrials: 4 }]);
});

test("keys are refused that are nobody's, none, or two of one", async () => {
  const server = await serverForTest();
  const of = (...entrantKeys: CreateTournamentRequest["entrantKeys"]) => createWith(server, { entrantKeys });
  await expect(of({ name: "b", key: MINE })).rejects.toMatchObject({
    reason: "SPEC_INVALID",
    message: '"b" is given a key, but the entrants are a',
  });
  await expect(of({ name: "a", key: "short" })).rejects.toMatchObject(refused);
  await expect(of({ name: "a", key: MINE }, { name: "a", key: THEIRS })).rejects.toMatchObject(refused);
  expect((await server.connection.listTournaments()).tournaments).toEqual([]);
});
