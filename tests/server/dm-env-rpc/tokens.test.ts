/** Tokens and their quotas over dm_env_rpc: as in sessions, of which each agent in a world has one. */
import { expect, onTestFinished, test } from "vitest";
import type { Quotas } from "#icrl/server/access/token.js";
import { revokeToken } from "#icrl/server/access/token-folder.js";
import { tokenFor } from "../../support/access.js";
import { conversation } from "../../support/dm-env-rpc.js";
import { eventually } from "../../support/eventually.js";
import { readLog, startTestServer, type TestServer } from "../../support/server.js";

const BANDIT = { task: "bernoulli-bandit", "option.arms": 3, "option.horizon": 4 };

async function asking(): Promise<TestServer> {
  const shown = ({ operatorKey }: { operatorKey: string }) => ({ token: operatorKey });
  const more = { doors: { requireTokens: true } };
  const server = await startTestServer({}, undefined, undefined, undefined, "silent", undefined, more, shown);
  onTestFinished(() => server.dispose());
  return server;
}

const by = (server: TestServer, quotas: Quotas = {}) =>
  conversation(server.address, tokenFor(server.dataDir, "player", { quotas }).text);

const beyond = (quota: string) => ({ reason: "QUOTA_EXCEEDED", metadata: { quota } });

test("worlds, agents in them and their envs count as a token's, and are given back", async () => {
  const server = await asking();
  const { text: token } = tokenFor(server.dataDir, "player", { quotas: { sessions: 1 } });
  const [one, other] = [conversation(server.address, token), conversation(server.address, token)];
  const { world } = await one.enter(BANDIT);
  await expect(other.join(world)).rejects.toMatchObject(beyond("sessions"));
  await expect(other.destroy(world)).rejects.toMatchObject({ reason: "WORLD_JOINED", metadata: { agents: "1" } });
  await one.leave();
  await other.join(world);
  expect(await other.step(undefined)).toMatchObject({ state: "RUNNING" });

  const few = by(server, { bytes: 20_000 });
  const worlds: string[] = [];
  await expect(
    (async () => {
      for (let i = 0; i < 10; i++) worlds.push(await few.create(BANDIT));
    })(),
  ).rejects.toMatchObject(beyond("bytes"));
  // By hand: 4,096 bytes and ten times a request of some 85 for each.
  expect(worlds.length).toBe(4);
  await few.destroy(worlds[0]);
  await few.create(BANDIT);
});

test("a world is whoever's its name is told, and its player's token is the one that counts", async () => {
  const server = await asking();
  const [maker, player] = [by(server), by(server, { envs: 0 })];
  const world = await maker.create(BANDIT);
  await expect(player.join(world)).rejects.toMatchObject(beyond("envs"));
  await maker.join(world);
});

test("a token that is revoked ends its streams, in a world or in none", async () => {
  const server = await asking();
  const { text: token, id } = tokenFor(server.dataDir, "player");
  const [joined, unjoined, other] = [
    conversation(server.address, token),
    conversation(server.address, token),
    by(server),
  ];
  await joined.enter(BANDIT);
  await joined.step(undefined);
  await joined.step(1);
  await unjoined.leave();
  await other.leave();
  revokeToken(`${server.dataDir}/access`, id, Date.now());
  expect([(await joined.ended).reason, (await unjoined.ended).reason]).toEqual(["TOKEN_REVOKED", "TOKEN_REVOKED"]);
  await other.enter(BANDIT);
  await server.close();
  expect(
    (await readLog(server.dataDir)).map(({ end_reason, session_id }) => [end_reason, session_id.startsWith(id)]),
  ).toEqual([["TOKEN_REVOKED", true]]);
});

test("who may not play makes no world, and joins none", async () => {
  const server = await asking();
  const bound = conversation(server.address, tokenFor(server.dataDir, "player", { entrant: "me" }).text);
  await expect(bound.create(BANDIT)).rejects.toMatchObject({ reason: "ROLE_REFUSED", code: 7 });
  const made = await by(server).create(BANDIT);
  await expect(bound.join(made)).rejects.toMatchObject({ reason: "ROLE_REFUSED" });
  const stranger = conversation(server.address);
  expect((await stranger.ended).reason).toBe("TOKEN_MISSING");
  const reader = conversation(server.address, tokenFor(server.dataDir, "reader").text);
  expect((await reader.ended).reason).toBe("ROLE_REFUSED");
  await eventually(async () => expect((await server.connection.getServerInfo()).openSessions).toBe(0));
});
