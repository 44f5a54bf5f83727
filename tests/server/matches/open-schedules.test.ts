import { expect, test } from "vitest";
import { openSchedules } from "#icrl/server/matches/open-schedules.js";
import { serverForTest } from "../../support/server.js";
import { BANDIT, create, finished, spec } from "../../support/tournament.js";

test("schedules of all kinds are counted together", () => {
  const schedules = openSchedules(3);
  let tournaments = 1;
  schedules.watch(() => tournaments);
  schedules.watch(() => 1);
  expect(() => schedules.checkOneMore()).not.toThrow();
  tournaments = 2;
  expect(() => schedules.checkOneMore()).toThrow(
    expect.objectContaining({ reason: "SERVER_BUSY", message: expect.stringMatching(/^3 .* are not over: at most 3/) }),
  );
});

const COLLECTION = {
  name: "c",
  seed: 7n,
  tasks: [{ id: "t", task: "bernoulli-bandit", options: { horizon: 4 }, trials: 3 }],
  behaviours: [{ name: "b", agent: "a", options: {}, weight: 1 }],
};

test("a server refuses one more than it may have open, finds those it has, and takes another when one is over", async () => {
  const { connection } = await serverForTest({ max_schedules: 2 });
  const of = (name: string) => spec(["a"], { name, tasks: [BANDIT], trials: 2 });
  const first = await create(connection, of("first"));
  const collection = { spec: COLLECTION, ownerKey: "" };
  await connection.createCollection(collection);
  const busy = { reason: "SERVER_BUSY" };
  await expect(create(connection, of("second"))).rejects.toMatchObject(busy);
  await expect(
    connection.createCollection({ ...collection, spec: { ...COLLECTION, name: "d" } }),
  ).rejects.toMatchObject(busy);
  expect(await create(connection, of("first"))).toBe(first);
  await connection.createCollection(collection);
  await connection.forfeitMatches({ id: first, entrant: "a", message: "", all: true });
  await finished(connection, first);
  await create(connection, of("second"));
});

test("what a tournament or a collection would hold is reserved while it is played", async () => {
  const { connection } = await serverForTest({ max_memory_bytes: 1 << 24, max_session_bytes: 1 << 24 });
  const long = (name: string) => spec(["a"], { name, tasks: [BANDIT], trials: 200_000 }); // some 7 MB of results, and curves
  const first = await create(connection, long("first"));
  await expect(create(connection, long("second"))).rejects.toMatchObject({ reason: "SERVER_BUSY" });
  const large = { ...COLLECTION, tasks: [{ ...COLLECTION.tasks[0], trials: 2_000_000 }] };
  await expect(connection.createCollection({ spec: large, ownerKey: "" })).rejects.toMatchObject({
    reason: "SERVER_BUSY",
  });
  await connection.createCollection({ spec: COLLECTION, ownerKey: "" });
  expect(first).toMatch(/^[0-9a-f]+$/);
});
