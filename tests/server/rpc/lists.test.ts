/** Lists of tournaments and collections: pages, and what an answer may take. */
import { expect, test } from "vitest";
import { CollectionState } from "#icrl/proto/gen/icrl/v1/collection.js";
import { newestFirst } from "#icrl/server/rpc/newest-first.js";
import { serverForTest } from "../../support/server.js";
import { BANDIT, create, spec } from "../../support/tournament.js";

const collection = (seed: bigint, trials = 4) => ({
  name: "c",
  seed,
  tasks: [{ ...BANDIT, trials }],
  behaviours: [{ name: "b", agent: "someone", options: {}, weight: 1 }],
});

test("pages of tournaments put together are all of them, newest first, while others are created and deleted", async () => {
  const { connection } = await serverForTest();
  const ids: string[] = [];
  for (let seed = 1n; seed <= 7n; seed++) ids.push(await create(connection, spec(["a"], { seed, tasks: [BANDIT] })));
  const first = await connection.listTournaments({ pageSize: 3 });
  await create(connection, spec(["a"], { seed: 100n, tasks: [BANDIT] }));
  const last = first.tournaments[2].id;
  await connection.cancelTournament({ id: last });
  await connection.deleteTournament({ id: last });
  const second = await connection.listTournaments({ pageSize: 3, pageToken: first.nextPageToken });
  const third = await connection.listTournaments({ pageSize: 3, pageToken: second.nextPageToken });
  const listed = [first, second, third].flatMap(({ tournaments }) => tournaments.map(({ id }) => id));
  expect(listed).toEqual(ids.toReversed());
  expect(third.nextPageToken).toBe("");
  for (const page of [{ pageSize: 1001 }, { pageToken: "next" }, { pageToken: "x".repeat(1 << 18) }]) {
    await expect(connection.listTournaments(page)).rejects.toMatchObject({ reason: "PAGE_INVALID" });
    await expect(connection.listCollections(page)).rejects.toMatchObject({ reason: "PAGE_INVALID" });
  }
});

test("a page is bounded in bytes: entries that are larger alone are listed in short", async () => {
  const { connection } = await serverForTest();
  const names = Array.from({ length: 1000 }, (_, i) => `entrant-${i}`);
  const tasks = [1, 2, 3].map((n) => ({ ...BANDIT, id: `bandit-${n}` }));
  const id = await create(connection, spec(names, { tasks, trials: 1 }));
  const small = await create(connection, spec(["a"], { tasks: [BANDIT] }));
  const { tournaments, nextPageToken } = await connection.listTournaments();
  expect(tournaments.map((each) => [each.id, each.matches.length])).toEqual([[small, 1]]);
  const rest = await connection.listTournaments({ pageToken: nextPageToken });
  expect(rest.tournaments).toMatchObject([{ id, matches: [] }]);
  expect((await connection.getTournament({ id })).tournament?.matches.length).toBe(3000);
});

test("entries are taken until a page is full, and at least one", () => {
  const listed = (bytes: number) => ({
    all: [1, 2, 3, 4],
    numberOf: (n: number) => n,
    bytesOf: () => bytes,
  });
  expect(newestFirst(listed(100 << 10), { pageSize: 0, pageToken: "" }).entries).toEqual([4, 3]);
  expect(newestFirst(listed(10 << 20), { pageSize: 0, pageToken: "" }).entries).toEqual([4]);
});

test("collections are listed newest first, and cancelled by their owner: agents are told, and creating it again goes on", async () => {
  const { connection, operatorKey } = await serverForTest();
  expect(operatorKey).toMatch(/^[0-9a-f]{32}$/);
  const ownerKey = "owner's-secret-0123456789";
  const ids: string[] = [];
  for (const seed of [1n, 2n, 3n]) {
    const made = await connection.createCollection({ spec: collection(seed), ownerKey });
    ids.push(made.collection?.id as string);
  }
  const first = await connection.listCollections({ pageSize: 2 });
  const second = await connection.listCollections({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.collections, ...second.collections].map(({ id }) => id)).toEqual(ids.toReversed());
  const [id] = ids;
  await expect(connection.cancelCollection({ id })).rejects.toMatchObject({ reason: "KEY_REFUSED" });
  const watched = (async () => {
    const states: (number | undefined)[] = [];
    for await (const { collection } of connection.watchCollection({ id })) states.push(collection?.state);
    return states.at(-1);
  })();
  const cancelled = await connection.cancelCollection({ id, ownerKey });
  expect(cancelled.collection?.state).toBe(CollectionState.CANCELLED);
  expect(await watched).toBe(CollectionState.CANCELLED);
  await expect(connection.createCollection({ spec: collection(1n) })).rejects.toMatchObject({ reason: "KEY_REFUSED" });
  const again = await connection.createCollection({ spec: collection(1n), ownerKey });
  expect(again.collection).toMatchObject({ id, state: CollectionState.RUNNING });
  expect((await connection.listCollections()).collections.map((each) => each.id)[0]).toBe(id);
});

test("a collection whose behaviour runs inside the server stops when it is cancelled", async () => {
  const server = await serverForTest();
  const { connection } = server;
  const spec = {
    ...collection(1n, 1_000_000),
    behaviours: [{ name: "o", agent: "oracle-noise", options: {}, weight: 1 }],
  };
  const id = (await connection.createCollection({ spec })).collection?.id as string;
  for await (const { collection } of connection.watchCollection({ id })) {
    if ((collection?.parts[0].steps ?? 0n) > 0n) break;
  }
  const { collection: cancelled } = await connection.cancelCollection({ id });
  expect(cancelled?.state).toBe(CollectionState.CANCELLED);
  const steps = async () => (await connection.listCollections()).collections[0].parts[0].steps;
  await expect.poll(async () => (await steps()) === (await steps())).toBe(true);
  expect(server.said.filter(({ event }) => event === "collection_cancelled").length).toBe(1);
});
