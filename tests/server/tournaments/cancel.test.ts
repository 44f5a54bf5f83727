/** Tournaments that are cancelled and deleted, and who may. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { TournamentState } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { actions, hello, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, serverAfter, serverForTest, type TestServer } from "../../support/server.js";
import { BANDIT, create, finished, randomAgent, spec } from "../../support/tournament.js";

const OWNER = "owner's-secret-0123456789";
const of = (names: readonly string[], seed = 5n) => spec(names, { tasks: [BANDIT], trials: 3, seed });

/** An entrant's session by hand. */
function enter(server: TestServer, entrant: string, tournamentId: string) {
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: entrant, entrant, tournamentId, numEnvs: 1 }));
  return stream;
}

test("who plays a tournament that is cancelled, and who waits, are told so at once; nothing is forfeited, and it stays so", async () => {
  const server = await serverForTest();
  const { connection } = server;
  const id = await create(connection, of(["plays", "waits"]));
  const plays = enter(server, "plays", id);
  await plays.expect("welcome");
  await plays.expect("opened");
  await plays.expect("observations");
  plays.send(actions(0n, [0]));
  await plays.expect("observations");
  // It waits for a second process.
  await connection.createTournament({
    spec: of(["plays", "waits"]),
    attendance: [{ name: "waits", processes: 2, mayLeave: true }],
  });
  const waits = enter(server, "waits", id);
  await waits.expect("welcome");
  const watched = (async () => {
    let last = TournamentState.UNSPECIFIED as number;
    for await (const { tournament } of connection.watchTournament({ id })) last = tournament?.state ?? last;
    return last;
  })();

  const { tournament } = await connection.cancelTournament({ id });
  expect(tournament?.state).toBe(TournamentState.CANCELLED);
  expect(tournament?.matches.map(({ forfeits, forfeitReason, state }) => [forfeits, forfeitReason, state])).toEqual([
    [0, "", TournamentState.CANCELLED],
    [0, "", TournamentState.CANCELLED],
  ]);
  expect(await plays.ended).toMatchObject({ reason: "TOURNAMENT_CANCELLED" });
  expect(await waits.ended).toMatchObject({ reason: "TOURNAMENT_CANCELLED" });
  expect(await watched).toBe(TournamentState.CANCELLED);
  expect(await enter(server, "plays", id).ended).toMatchObject({ reason: "TOURNAMENT_CANCELLED" });
  await expect(create(connection, of(["plays", "waits"]))).rejects.toMatchObject({ reason: "TOURNAMENT_CANCELLED" });
  expect((await connection.cancelTournament({ id })).tournament?.state).toBe(TournamentState.CANCELLED);
  await server.close();
  expect((await readLog(server.dataDir)).map((row) => [row.complete, row.end_reason])).toEqual([
    [false, "TOURNAMENT_CANCELLED"],
  ]);

  const again = await serverAfter(server);
  const { tournaments } = await again.connection.listTournaments();
  expect(tournaments).toMatchObject([{ id, state: TournamentState.CANCELLED }]);
  const got = await again.connection.getTournament({ id });
  expect([got.tournament?.state, got.results]).toEqual([TournamentState.CANCELLED, undefined]);
  expect(await enter(again, "plays", id).ended).toMatchObject({ reason: "TOURNAMENT_CANCELLED" });
  expect(again.said.filter(({ event }) => event === "tournament_resumed" || event === "match_forfeited")).toEqual([]);
});

test("a tournament that was deleted begins anew, and no trial of before counts for it, over a restart too", async () => {
  const server = await serverForTest();
  const { connection } = server;
  const id = await create(connection, of(["a", "b"]));
  await expect(connection.deleteTournament({ id })).rejects.toMatchObject({ reason: "TOURNAMENT_RUNNING" });
  await serveMatches(connection, randomAgent("a"), { entrant: "a", tournamentId: id });
  await connection.cancelTournament({ id });
  await connection.deleteTournament({ id });
  expect(existsSync(join(server.dataDir, "tournaments", `${id}.jsonl`))).toBe(false);
  await expect(connection.getTournament({ id })).rejects.toMatchObject({ reason: "TOURNAMENT_UNKNOWN" });
  expect((await connection.listTournaments()).tournaments).toEqual([]);

  expect(await create(connection, of(["a", "b"]))).toBe(id);
  await serveMatches(connection, randomAgent("b"), { entrant: "b", tournamentId: id });
  await server.close();
  const again = await serverAfter(server);
  const { tournament } = await again.connection.getTournament({ id });
  expect(tournament?.matches.map(({ entrant, completeTrials }) => [entrant, completeTrials])).toEqual([
    ["a", 0],
    ["b", 3],
  ]);
  await serveMatches(again.connection, randomAgent("a"), { entrant: "a", tournamentId: id });
  expect((await finished(again.connection, id)).tournament.state).toBe(TournamentState.FINISHED);
  await again.connection.deleteTournament({ id });
  await again.close();
  expect((await readLog(server.dataDir)).length).toBe(9);
});

test("who has no key of an owned tournament can neither forfeit, cancel nor delete; its owner and the operator can", async () => {
  const server = await serverForTest();
  const { connection } = server;
  const made = await connection.createTournament({ spec: of(["a", "b"]), ownerKey: OWNER });
  const id = made.tournament?.id as string;
  const forfeit = { id, entrant: "a", message: "gone", all: true };
  for (const key of ["", "another-key-0123456789"]) {
    const refused = { reason: "KEY_REFUSED" };
    await expect(connection.forfeitMatches({ ...forfeit, key })).rejects.toMatchObject(refused);
    await expect(connection.cancelTournament({ id, ownerKey: key })).rejects.toMatchObject(refused);
    await expect(connection.deleteTournament({ id, ownerKey: key })).rejects.toMatchObject(refused);
  }
  // A stranger who creates it again changes nothing of it.
  const attendance = [{ name: "b", processes: 7, mayLeave: true }];
  await connection.createTournament({ spec: of(["a", "b"]), attendance });
  const { tournament } = await connection.getTournament({ id });
  expect(tournament?.entrants.map(({ awaited }) => awaited)).toEqual([1, 1]);
  expect((await connection.forfeitMatches({ ...forfeit, key: OWNER })).matchIds).toEqual(["bandit/a"]);
  const text = readFileSync(join(server.dataDir, "tournaments", `${id}.jsonl`), "utf8");
  expect(text).not.toContain(OWNER);

  await server.close();
  const again = await serverAfter(server); // the journal has its hash
  await expect(again.connection.cancelTournament({ id })).rejects.toMatchObject({ reason: "KEY_REFUSED" });
  const wrong = await connect(again.address, undefined, undefined, { token: "not-the-operators-key" });
  const operator = await connect(again.address, undefined, undefined, { token: again.operatorKey });
  onTestFinished(() => {
    wrong.close();
    operator.close();
  });
  await expect(wrong.cancelTournament({ id })).rejects.toMatchObject({ reason: "KEY_REFUSED" });
  expect((await operator.cancelTournament({ id })).tournament?.state).toBe(TournamentState.CANCELLED);
  await again.connection.deleteTournament({ id, ownerKey: OWNER });
  await expect(connection.createTournament({ spec: of(["a"]), ownerKey: "short" })).rejects.toBeDefined();
});

test("a forfeit that is on its way stops when the tournament is cancelled", async () => {
  const server = await serverForTest();
  const { connection } = server;
  const id = await create(connection, spec(["a"], { tasks: [BANDIT], trials: 100_000 }));
  const [, { tournament }] = await Promise.all([
    connection.forfeitMatches({ id, entrant: "a", message: "gone", all: true }),
    connection.cancelTournament({ id }),
  ]);
  expect(tournament?.state).toBe(TournamentState.CANCELLED);
  const { tournament: later } = await connection.getTournament({ id });
  expect(later?.matches[0].forfeits).toBeLessThan(100_000);
  expect(server.said.filter(({ event }) => event === "tournament_finished")).toEqual([]);
});
