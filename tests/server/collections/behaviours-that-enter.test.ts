import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { hello, rawClient, rawStream } from "../../support/raw-stream.js";
import { answerTo, resumingAgent } from "../../support/resuming.js";
import { readLog, serverAfter, serverForTest, type TestServer } from "../../support/server.js";
import { randomAgent } from "../../support/tournament.js";
import { specOf } from "./collected.js";

const MINE = "a-secret-of-mine";

const SPEC = specOf({ behaviours: [{ name: "random", agent: "uniform", options: {}, weight: 1 }] });

async function create({ connection }: TestServer, spec: CollectionSpec = SPEC): Promise<string> {
  return (await connection.createCollection({ spec })).collection?.id as string;
}

const play = ({ connection }: TestServer, collectionId: string, entrantKey?: string, entrant = "random") =>
  serveMatches(connection, randomAgent("uniform"), { entrant, collectionId, entrantKey, patienceMs: 0 });

/** The collection once it is over. */
async function over({ connection }: TestServer, id: string) {
  for await (const { collection } of connection.watchCollection({ id })) if (collection?.state !== 1) return collection;
  throw new Error("it never ended");
}

test("not there yet, over and mistyped are three answers", async () => {
  const server = await serverForTest();
  await expect(play(server, "12ab")).rejects.toMatchObject({ reason: "ENTRANT_EARLY" });
  const id = await create(server);
  await expect(play(server, id, undefined, "ramdom")).rejects.toMatchObject({
    reason: "ENTRANT_UNKNOWN",
    message: expect.stringContaining('did you mean "random"?'),
  });
  await play(server, id);
  const before = await over(server, id);
  expect(before).toMatchObject({ state: 2 });
  // Over, whatever it says that it plays.
  await serveMatches(
    server.connection,
    { ...randomAgent("uniform"), tasks: ["deep-sea"] },
    { entrant: "random", collectionId: id },
  );
  expect(await over(server, id)).toEqual(before);
});

test("a collection is gone with its server: created again, whoever creates it, it goes on with what the log lacks", async () => {
  const first = await serverForTest();
  const ownerKey = "the-key-of-its-owner";
  const { collection } = await first.connection.createCollection({ spec: SPEC, ownerKey });
  const id = collection?.id as string;
  const agent = await resumingAgent(clientOf(first), {
    ...{ agent: "uniform", entrant: "random", collectionId: id, numEnvs: 1, entrantKey: MINE },
  });
  for (let ended = 0; ended === 0; ) {
    const message = await agent.next();
    if (message.$case === "observations") ended = message.value.trialEnds.length;
    const answer = answerTo(message, 1, 1);
    if (answer !== undefined) agent.send(answer);
  }
  await agent.next(); // it is in the midst of another one
  await first.close();
  const played = (await readLog(first.dataDir)).length;
  const second = await serverAfter(first);
  expect((await second.connection.listCollections()).collections).toEqual([]);
  await expect(over(second, id)).rejects.toMatchObject({ reason: "COLLECTION_UNKNOWN" });
  await expect(play(second, id, MINE)).rejects.toMatchObject({ reason: "ENTRANT_EARLY" });
  const stream = rawStream(clientOf(second));
  const { resumeToken } = agent.welcome;
  stream.send({ $case: "resume", value: { resumeToken, received: BigInt(agent.got.length) } });
  expect(await stream.ended).toMatchObject({ reason: "RESUME_UNKNOWN" });
  const again = await second.connection.createCollection({ spec: SPEC, ownerKey: "the-key-of-another" });
  expect(again.collection?.id).toBe(id);
  await play(second, id, "a-secret-of-another");
  expect(await over(second, id)).toMatchObject({ state: 2 });
  await second.close();
  const rows = await readLog(first.dataDir);
  expect(played).toBeGreaterThan(0);
  // 6 trials of three episodes and 2 of one, each once
  expect([rows.length, new Set(rows.map(({ episode_id }) => episode_id)).size]).toEqual([20, 20]);
  expect(rows.every(({ complete }) => complete)).toBe(true);
});

function clientOf({ address }: TestServer) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return client;
}

test("the key that a behaviour's first session shows keeps strangers out, also once it is made longer", async () => {
  const server = await serverForTest();
  const id = await create(server);
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const first = rawStream(client);
  first.send(hello({ agent: "uniform", entrant: "random", collectionId: id, numEnvs: 1, entrantKey: MINE }));
  for (const kind of ["welcome", "opened", "observations"] as const) await first.expect(kind);
  const refused = { reason: "KEY_REFUSED" };
  await expect(play(server, id)).rejects.toMatchObject(refused);
  await expect(play(server, id, "a-secret-of-theirs")).rejects.toMatchObject(refused);
  first.call.cancel();
  await play(server, id, MINE);
  expect(await over(server, id)).toMatchObject({ state: 2 });
  const longer = { ...SPEC, tasks: SPEC.tasks.map((task) => ({ ...task, trials: task.trials + 2 })) };
  expect(await create(server, longer)).toBe(id);
  await expect(play(server, id)).rejects.toMatchObject(refused);
  await play(server, id, MINE);
  expect(await over(server, id)).toMatchObject({ state: 2 });
});
