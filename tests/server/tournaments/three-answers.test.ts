import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import type { Hello } from "#icrl/proto/gen/icrl/v1/environment.js";
import { tournamentFor } from "#icrl/server/tournaments/tournament-for.js";
import { hello, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverAfter, serverForTest, type TestServer } from "../../support/server.js";
import { BANDIT, create, finished, randomAgent, spec } from "../../support/tournament.js";

const named = (name: string, entrant = "a", trials = 3) => spec([entrant], { name, tasks: [BANDIT], trials });

/** What an entrant is told first that asks for more: "finished", "opened", or why not. */
async function toldTo(
  server: TestServer,
  entrant: string,
  tournamentId?: string,
  more: Partial<Hello> = {},
): Promise<string> {
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: entrant, entrant, tournamentId, numEnvs: 1, ...more }));
  await stream.expect("welcome");
  const next = await stream.next().catch(() => undefined);
  stream.call.cancel();
  const { reason, text } = await stream.ended;
  if (next === undefined) return `${reason}: ${text}`;
  return next.message.$case === "closed" && next.message.value.finished ? "finished" : next.message.$case;
}

const play = ({ connection }: TestServer, entrant: string, tournamentId: string) =>
  serveMatches(connection, randomAgent(entrant), { entrant, tournamentId });

test("an entrant that comes when its tournament is over is told so, by id and by name, also after a restart", async () => {
  const server = await serverForTest();
  const id = await create(server.connection, named("over"));
  await play(server, "a", id);
  const { results } = await finished(server.connection, id);
  for (const by of [id, undefined]) expect(await toldTo(server, "a", by)).toBe("finished");
  await server.close();
  const next = await serverAfter(server);
  for (const by of [id, undefined]) expect(await toldTo(next, "a", by)).toBe("finished");
  expect(await toldTo(next, "b", id)).toMatch(/^ENTRANT_UNKNOWN/);
  // While another is under way it is still over, and not mistyped; and where both list the entrant, it plays.
  await create(next.connection, named("other", "other"));
  expect(await toldTo(next, "a")).toBe("finished");
  await create(next.connection, named("again", "a", 5));
  expect(await toldTo(next, "a")).toBe("opened");
  expect((await finished(next.connection, id)).results).toEqual(results);
});

test("who comes when it is over, and stayed away before, changes nothing of it", async () => {
  const server = await serverForTest();
  const id = await create(server.connection, named("absent"));
  await server.connection.forfeitMatches({ id, entrant: "a", message: "it never came", all: true });
  const before = await finished(server.connection, id);
  expect(before.tournament.matches.length).toBe(1);
  // It says that it plays nothing of it.
  await serveMatches(
    server.connection,
    { ...randomAgent("a"), tasks: ["river-swim"] },
    { entrant: "a", tournamentId: id },
  );
  expect(await finished(server.connection, id)).toEqual(before);
});

test("not there yet is ENTRANT_EARLY: by id, and by name while nothing is played", async () => {
  const server = await serverForTest();
  expect(await toldTo(server, "a")).toMatch(
    /^ENTRANT_EARLY: no tournament that lists the entrant "a" is here yet: come/,
  );
  expect(await toldTo(server, "a", "12ab")).toMatch(/^ENTRANT_EARLY: no tournament "12ab" is here yet/);
  const id = await create(server.connection, named("over", "b"));
  await play(server, "b", id);
  await finished(server.connection, id);
  expect(await toldTo(server, "a")).toMatch(/^ENTRANT_EARLY/);
});

test("mistyped is ENTRANT_UNKNOWN, with the name that may be meant", async () => {
  const server = await serverForTest();
  const id = await create(server.connection, named("one", "thompson"));
  await create(server.connection, named("two", "uniform"));
  expect(await toldTo(server, "thomson", id)).toBe(
    `ENTRANT_UNKNOWN: tournament ${id} does not list the entrant "thomson": did you mean "thompson"? (the entrants: thompson)`,
  );
  expect(await toldTo(server, "unifrom")).toBe(
    'ENTRANT_UNKNOWN: no unfinished tournament lists the entrant "unifrom": did you mean "uniform"? (the entrants: thompson, uniform)',
  );
});

test("of many entrants twenty are told", () => {
  const agents = Array.from({ length: 1000 }, (_, i) => ({ name: `n${i}` }));
  const one = { spec: { id: "x", agents }, unfinished: {} } as never;
  expect(() => tournamentFor({ name: "?", tournamentId: undefined } as never, [one])).toThrow(/n19, \.\.\.\)$/);
});

test("an agent that comes between the server's start and the tournament's creation waits for it, and plays", async () => {
  const server = await serverForTest();
  const told: string[] = [];
  let early = () => {};
  const isEarly = new Promise<void>((resolve) => {
    early = resolve;
  });
  const serving = serveMatches(server.connection, randomAgent("a"), {
    entrant: "a",
    onWaiting(line) {
      told.push(line);
      early();
    },
  });
  await isEarly;
  const id = await create(server.connection, named("late"));
  await serving;
  expect(told).toEqual([expect.stringMatching(/"a" is here yet: .* \(waiting up to 60 s for it\)$/)]); // once, of two streams
  expect((await finished(server.connection, id)).tournament.matches).toMatchObject([{ completeTrials: 3 }]);
});

test("what does not come in time is told, with what it was waited for", async () => {
  const { connection } = await serverForTest();
  for (const patienceMs of [0, 1]) {
    await expect(
      serveMatches(connection, randomAgent("a"), { entrant: "a", tournamentId: "12ab", patienceMs }),
    ).rejects.toMatchObject({ reason: "ENTRANT_EARLY", message: expect.stringContaining('"12ab" is here yet') });
  }
});

test("ids and a key that are there and empty, as other languages have them, are as good as none", async () => {
  const server = await serverForTest();
  await create(server.connection, named("any"));
  expect(await toldTo(server, "a", "", { collectionId: "", entrantKey: "" })).toBe("opened");
});
