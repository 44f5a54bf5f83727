/** Tournaments that are over do not stay in memory for ever, and nobody can tell but by how a list shows them. */
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { type Connection, connect } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { TournamentState } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { serverForTest } from "../../support/server.js";
import { agentThat, BANDIT, create, finished, NO_KEY, spec } from "../../support/tournament.js";

/** More than server/tournaments/in-memory.ts keeps, which are 32. */
const PLAYED = 36;

/** Always plays action 0. */
const ZERO = agentThat("zero", () => ({ act: () => 0 }));

/** One of two trials, played to its end; its id. */
async function played(connection: Connection, seed: number): Promise<string> {
  const id = await create(connection, spec(["zero"], { trials: 2, tasks: [BANDIT], seed: BigInt(seed) }), NO_KEY);
  await serveMatches(connection, ZERO, { entrant: "zero", tournamentId: id });
  await finished(connection, id);
  return id;
}

async function trialsOf(connection: Connection, id: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const { arrowIpc } of connection.streamTrials({ id }))
    for (const row of tableFromIPC(arrowIpc)) rows.push({ ...row?.toJSON() });
  return rows;
}

/** Of all, the newest first: whether its matches are at hand. */
async function inMemory(connection: Connection): Promise<Map<string, boolean>> {
  const { tournaments } = await connection.listTournaments({ pageSize: 100 });
  for (const { state } of tournaments) expect(state).toBe(TournamentState.FINISHED);
  return new Map(tournaments.map(({ id, matches }) => [id, matches.length > 0]));
}

test("of tournaments that are over those that were of use last stay in memory; the others are read again, the same, when somebody asks", async () => {
  const { connection, address } = await serverForTest();
  const ids: string[] = [];
  ids.push(await played(connection, 0));
  const [first] = ids;
  const before = { of: await connection.getTournament({ id: first }), trials: await trialsOf(connection, first) };
  for (let seed = 1; seed < PLAYED; seed++) {
    ids.push(await played(connection, seed));
    if (seed === 10) await connection.getTournament({ id: ids[5] }); // it is of use again
  }
  const kept = await inMemory(connection);
  expect(ids.filter((id) => !kept.get(id))).toEqual([ids[0], ids[1], ids[2], ids[3]]);

  // Read again: here by two at once, one of whom only wants its trials.
  const other = await connect(address);
  const [of, trials] = await Promise.all([connection.getTournament({ id: first }), trialsOf(other, first)]);
  other.close();
  expect({ of, trials }).toEqual(before);
  const then = await inMemory(connection);
  expect(ids.filter((id) => !then.get(id))).toEqual([ids[1], ids[2], ids[3], ids[4]]);

  const again = await connection.createTournament({
    spec: spec(["zero"], { trials: 2, tasks: [BANDIT], seed: 1n }),
    seedKey: Buffer.alloc(0),
  });
  expect(again.existed).toBe(true);
  expect(again.tournament).toMatchObject({ id: ids[1], state: TournamentState.FINISHED });
  await connection.deleteTournament({ id: ids[2], ownerKey: "" });
  await expect(connection.getTournament({ id: ids[2] })).rejects.toThrow("no tournament");
});
