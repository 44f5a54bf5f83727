/** Tokens: who is let in by one, and until when; what is written down of it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Connection, connect } from "#icrl/clients/typescript/connect.js";
import { introduce, open } from "#icrl/clients/typescript/session.js";
import { newToken, tokenOf } from "#icrl/server/access/token.js";
import { revokeToken } from "#icrl/server/access/token-folder.js";
import { tokenFor } from "../../support/access.js";
import { eventually } from "../../support/eventually.js";
import { http } from "../../support/http.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { BANDIT, spec } from "../../support/tournament.js";

async function asking(): Promise<TestServer> {
  const more = { doors: { requireTokens: true } };
  const shown = ({ operatorKey }: { operatorKey: string }) => ({ token: operatorKey });
  const page = { listen: "127.0.0.1:0" };
  const server = await startTestServer({}, undefined, page, undefined, "trace", undefined, more, shown);
  onTestFinished(() => server.dispose());
  return server;
}

async function by({ address }: TestServer, token: string | undefined): Promise<Connection> {
  const connection = await connect(address, undefined, undefined, { token });
  onTestFinished(() => connection.close());
  return connection;
}

const accessOf = ({ dataDir }: TestServer) => join(dataDir, "access");

test("a token is known by its bits alone, and its hash is no token", () => {
  const { text, token } = newToken({ role: "player", created: 0, quotas: {} });
  const tokens = new Map([[token.id, token]]);
  expect(tokenOf(text, tokens)).toBe(token);
  const changed = `${text.slice(0, -1)}${text.endsWith("A") ? "B" : "A"}`;
  for (const wrong of [changed, `icrl_${token.id}_${token.hash.slice(0, 43)}`, token.id, "", `${text}A`]) {
    expect(tokenOf(wrong, tokens)).toBeUndefined();
  }
});

test("a token works as soon as it is there, and no longer than its time", async () => {
  const server = await asking();
  const good = await by(server, tokenFor(server.dataDir, "player").text);
  expect((await good.listTasks()).tasks.length).toBeGreaterThan(0);
  const late = await by(server, tokenFor(server.dataDir, "player", { expires: Date.now() - 1 }).text);
  await expect(late.listTasks()).rejects.toMatchObject({ reason: "TOKEN_EXPIRED", code: 16 });
  for (const wrong of ["icrl_00000000_0000000000000000000000000000000000000000000", "x"]) {
    await expect((await by(server, wrong)).listTasks()).rejects.toMatchObject({ reason: "TOKEN_INVALID", code: 16 });
  }
  await expect((await by(server, undefined)).listTasks()).rejects.toMatchObject({ reason: "TOKEN_MISSING", code: 16 });
});

test("a token that is revoked ends its sessions and streams, and its login; no other's", async () => {
  const server = await asking();
  const [one, other, reader] = (["player", "player", "reader"] as const).map((role) => tokenFor(server.dataDir, role));
  const streams = await Promise.all(
    [one, other].map(async ({ text }) => {
      const stream = (await by(server, text)).play();
      await introduce(stream, { agent: "x", capabilities: ["resume"] });
      await open(stream, { task: "chain" });
      await stream.next();
      return stream;
    }),
  );
  const of = spec(["nobody"], { trials: 1, tasks: [BANDIT] });
  const id = (await server.connection.createTournament({ spec: of })).tournament?.id ?? "";
  const watch = (await by(server, reader.text)).watchTournament({ id })[Symbol.asyncIterator]();
  await watch.next();
  const { headers } = await http(new URL("/login", server.pageUrl).href, {}, "POST", reader.text);
  const cookie = String(headers["set-cookie"]).split(";")[0];
  const overview = () => http(new URL("/api/overview", server.pageUrl).href, { Cookie: cookie });
  expect((await overview()).status).toBe(200);

  const ended = [streams[0].next(), watch.next()].map((next) => next.catch((error: unknown) => error));
  for (const token of [one, reader]) revokeToken(accessOf(server), token.id, Date.now());
  for (const error of await Promise.all(ended)) expect(error).toMatchObject({ reason: "TOKEN_REVOKED", code: 16 });
  expect((await overview()).status).toBe(401);
  streams[1].send({ $case: "close", value: { reason: "" } });
  expect((await streams[1].next()).$case).toBe("closed");
});

test("a login is a cookie that no script reads and no other site sends; another site's login is refused", async () => {
  const server = await asking();
  const { text } = tokenFor(server.dataDir, "reader");
  const login = new URL("/login", server.pageUrl).href;
  const { status, headers } = await http(login, { Origin: new URL(login).origin }, "POST", text);
  expect(status).toBe(200);
  expect(String(headers["set-cookie"])).toMatch(/^icrl_login=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
  expect(String(headers["set-cookie"])).not.toContain(text);
  expect((await http(login, { Origin: "http://elsewhere.example" }, "POST", text)).status).toBe(403);
  expect((await http(login, {}, "POST", "x".repeat(2000))).status).not.toBe(200);
  const out = await http(
    new URL("/logout", server.pageUrl).href,
    { Cookie: String(headers["set-cookie"]) },
    "POST",
    "",
  );
  expect(String(out.headers["set-cookie"])).toContain("Max-Age=0");
  const cookie = String(headers["set-cookie"]).split(";")[0];
  expect((await http(new URL("/api/agents", server.pageUrl).href, { Cookie: cookie })).status).toBe(401);
});

test("what was created and who was refused is written down, and no token anywhere", async () => {
  const server = await asking();
  const player = tokenFor(server.dataDir, "player");
  const of = spec(["nobody"], { trials: 1, tasks: [BANDIT] });
  const id = (await server.connection.createTournament({ spec: of })).tournament?.id;
  const connection = await by(server, player.text);
  await expect(connection.createTournament({ spec: of })).rejects.toMatchObject({ reason: "ROLE_REFUSED" });
  tokenFor(server.dataDir, "player", { entrant: "nobody" });
  const stream = connection.play();
  // The name is another token's as soon as that is there.
  const taken = introduce(stream, { agent: "nobody", entrant: "nobody" }).finally(() => stream.cancel());
  await expect(taken).rejects.toMatchObject({ reason: "ROLE_REFUSED" });
  await expect((await by(server, undefined)).listTasks()).rejects.toMatchObject({ reason: "TOKEN_MISSING" });
  await server.close();
  const file = join(accessOf(server), "audit.jsonl");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(entries).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ what: "TournamentService/CreateTournament", role: "operator", outcome: "ok", id }),
      expect.objectContaining({ role: "player", token: player.id, outcome: "ROLE_REFUSED" }),
      expect.objectContaining({ what: "EnvironmentService/Play", entrant: "nobody", outcome: "ROLE_REFUSED" }),
      expect.objectContaining({ role: null, token: null, outcome: "TOKEN_MISSING" }),
    ]),
  );
  const secret = player.text.split("_").slice(2).join("_");
  expect(`${lines.join("\n")}${JSON.stringify(server.said)}`).not.toContain(secret);
});

test("a file that is no token lets nobody in, and is told once", async () => {
  const server = await asking();
  const { text, id } = tokenFor(server.dataDir, "operator");
  writeFileSync(join(accessOf(server), `token-${id}.json`), "{}");
  await expect((await by(server, text)).listTasks()).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  expect(server.said.filter(({ event }) => event === "internal_error")).toMatchObject([{ reason: "TOKEN_INVALID" }]);
});

test("a token has no more sessions open than it may, and another's do not count", async () => {
  const server = await asking();
  const [few, many] = [{ sessions: 1 }, {}].map((quotas) => tokenFor(server.dataDir, "player", { quotas }));
  const [one, other] = [await by(server, few.text), await by(server, many.text)];
  const hello = async (connection: Connection) => {
    const stream = connection.play();
    await introduce(stream, { agent: "x" });
    return stream;
  };
  await hello(other);
  const first = await hello(one);
  const refused = { reason: "QUOTA_EXCEEDED", code: 8, metadata: { retry_delay_ms: "1000" } };
  await expect(hello(one)).rejects.toMatchObject(refused);
  await hello(other);
  first.send({ $case: "close", value: { reason: "" } });
  await eventually(() => hello(one)); // once the first has ended
});
