/** What a token may have, beside sessions; what it may not is refused, and another's is not counted. */
import { expect, onTestFinished, test } from "vitest";
import { type Connection, connect } from "#icrl/clients/typescript/connect.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { type FreePlay, introduce, open } from "#icrl/clients/typescript/session.js";
import { createShares } from "#icrl/server/access/share.js";
import type { Quotas, Role } from "#icrl/server/access/token.js";
import { tokenFor } from "../../support/access.js";
import { eventually } from "../../support/eventually.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { BANDIT, randomAgent, spec } from "../../support/tournament.js";

const TASK = { task: "bernoulli-bandit", taskOptions: { horizon: 4 }, trials: 8 };

/** @param earlier one that has stopped, whose folder it goes on with */
async function asking(earlier?: TestServer): Promise<TestServer> {
  const shown = ({ operatorKey }: { operatorKey: string }) => ({ token: operatorKey });
  const more = { doors: { requireTokens: true } };
  const server = await startTestServer(
    {},
    undefined,
    undefined,
    earlier && folderOf(earlier),
    "trace",
    undefined,
    more,
    shown,
  );
  onTestFinished(() => server.dispose());
  return server;
}

const folderOf = ({ dataDir: path }: TestServer) => ({ path, remove() {} });

const by = (server: TestServer, role: Role, quotas: Quotas): Promise<Connection> =>
  withToken(server, tokenFor(server.dataDir, role, { quotas }).text);

async function withToken({ address }: TestServer, token: string): Promise<Connection> {
  const connection = await connect(address, undefined, undefined, { token });
  onTestFinished(() => connection.close());
  return connection;
}

async function play(connection: Connection, how: Partial<FreePlay>) {
  const stream = connection.play();
  await introduce(stream, { agent: "x" });
  await open(stream, { ...TASK, ...how });
  return stream;
}

const refused = (quota: string, limit: number) => ({
  reason: "QUOTA_EXCEEDED",
  code: 8,
  metadata: { quota, limit: String(limit), retry_delay_ms: expect.stringMatching(/^[1-9][0-9]*$/) },
});

test("a token has no more envs open than it may, in all of its sessions", async () => {
  const server = await asking();
  const [few, many] = [await by(server, "player", { envs: 3 }), await by(server, "player", {})];
  await play(many, { numEnvs: 4 });
  const first = await play(few, { numEnvs: 2 });
  await expect(play(few, { numEnvs: 2 })).rejects.toMatchObject(refused("envs", 3));
  const second = await play(few, { numEnvs: 1 });
  second.cancel();
  first.send({ $case: "close", value: { reason: "" } });
  await eventually(() => play(few, { numEnvs: 3 })); // once both have ended
});

test("an entrant's match is given as many envs as its token has left, and none where none is", async () => {
  const server = await asking();
  const few = await by(server, "player", { envs: 3 });
  const free = await play(few, { numEnvs: 1 });
  const { tournament } = await server.connection.createTournament({
    spec: spec(["mine"], { trials: 20, tasks: [BANDIT] }),
  });
  const enter = async () => {
    const stream = few.play();
    await introduce(stream, { agent: "mine", entrant: "mine", tournamentId: tournament?.id, numEnvs: 8 });
    const next = await stream.next();
    return next.$case === "opened" ? next.value.numEnvs : next;
  };
  expect(await enter()).toBe(2);
  await expect(enter()).rejects.toMatchObject(refused("envs", 3));
  free.cancel();
  await eventually(async () => expect(await enter()).toBe(1));
});

test("a token's sessions hold no more memory than it may", async () => {
  const server = await asking();
  const [few, many] = [await by(server, "player", { bytes: 100_000 }), await by(server, "player", {})];
  const large = { numEnvs: 100 };
  await play(many, large);
  await expect(play(few, large)).rejects.toMatchObject(refused("bytes", 100_000));
  await play(few, { numEnvs: 1 });
  await expect(play(await by(server, "player", { bytes: 1 }), {})).rejects.toMatchObject(refused("bytes", 1));
});

test("a token that has logged what it may in a day opens nothing more that is recorded", async () => {
  const server = await asking();
  const few = await by(server, "player", { log_bytes_a_day: 1 });
  await playAgent(few, randomAgent("random"), TASK);
  await expect(play(few, {})).rejects.toMatchObject(refused("log_bytes_a_day", 1));
  await play(few, { record: false });
});

test("what is logged is counted anew each day, UTC, and what is given back twice is so once", () => {
  let now = Date.UTC(2026, 0, 1, 23);
  const quotas: Quotas = { log_bytes_a_day: 10, envs: 2 };
  const share = createShares(
    () => quotas,
    () => now,
  ).of("00000000");
  share.hold("log_bytes_a_day", 10);
  const late = expect.objectContaining({ metadata: expect.objectContaining({ retry_delay_ms: "3600000" }) });
  expect(() => share.requireLeft("log_bytes_a_day")).toThrow(late);
  now += 3_600_000;
  share.requireLeft("log_bytes_a_day");
  const giveBack = share.take("envs", 2);
  giveBack();
  giveBack();
  expect(share.left("envs")).toBe(2);
});

test("a token has no more tournaments and collections that are not over than it may, also after a restart", async () => {
  const server = await asking();
  const { text } = tokenFor(server.dataDir, "operator", { quotas: { tournaments: 1 } });
  const few = await withToken(server, text);
  const of = (name: string) => ({ spec: spec(["nobody"], { name, trials: 1, tasks: [BANDIT] }) });
  const id = (await few.createTournament(of("first"))).tournament?.id ?? "";
  expect((await few.createTournament(of("first"))).existed).toBe(true);
  await server.connection.createTournament(of("second"));
  await expect(few.createTournament(of("third"))).rejects.toMatchObject(refused("tournaments", 1));
  const collection = {
    spec: {
      ...{ name: "c", seed: 7n, tasks: [{ id: "t", task: "bernoulli-bandit", options: { horizon: 4 }, trials: 3 }] },
      behaviours: [{ name: "b", agent: "a", options: {}, weight: 1 }],
    },
    ownerKey: "",
  };
  await expect(few.createCollection(collection)).rejects.toMatchObject(refused("tournaments", 1));
  await few.cancelTournament({ id });
  await few.createCollection(collection);
  await expect(few.createTournament(of("third"))).rejects.toMatchObject(refused("tournaments", 1));
  await few.cancelCollection({ id: (await few.createCollection(collection)).collection?.id ?? "" });
  await few.createTournament(of("third"));
  await server.close();
  const again = await withToken(await asking(server), text);
  await expect(again.createTournament(of("fourth"))).rejects.toMatchObject(refused("tournaments", 1));
});

test("a token has no more reads of the log under way than it may", async () => {
  const server = await asking();
  const few = await by(server, "reader", { reads: 1 });
  const series = { agent: "random", agentOptions: {}, purpose: "", seed: 1n, firstTrial: 0n };
  const count = () => few.countTrials({ ...TASK, ...series, trials: 8n });
  const both = await Promise.allSettled([count(), count()]);
  const [failed] = both.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
  expect(both.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(failed.reason).toMatchObject(refused("reads", 1));
  await count();
});

test("a token's processor time is paid for by time that passes, whatever was used", () => {
  let now = 0;
  const share = createShares(
    () => ({ cpu_ms_a_second: 100 }),
    () => now,
  ).of("00000000");
  expect(share.left("cpu_ms_a_second")).toBe(100);
  share.hold("cpu_ms_a_second", 300);
  now += 2000;
  expect(share.left("cpu_ms_a_second")).toBe(0);
  now += 500;
  expect(share.left("cpu_ms_a_second")).toBe(50);
  now += 60_000;
  expect(share.left("cpu_ms_a_second")).toBe(100);
});

test("a token that has used its processor time waits, and others go on", async () => {
  const server = await asking();
  const [few, many] = [await by(server, "player", { cpu_ms_a_second: 1 }), await by(server, "player", {})];
  const large = { task: "linear-bandit", taskOptions: { dim: 20, actions: 50, horizon: 4 }, numEnvs: 200, trials: 200 };
  await (await play(few, large)).next(); // more than some milliseconds, which are as many seconds
  const waits = await play(few, {});
  let shown = false;
  const late = waits.next().then(
    () => {
      shown = true;
    },
    () => {},
  );
  await playAgent(many, randomAgent("random"), { ...TASK, numEnvs: 4 });
  expect(shown).toBe(false);
  waits.cancel();
  await late;
});
