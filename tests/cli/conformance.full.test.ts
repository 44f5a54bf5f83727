/** `icrl conformance --server` of a server that speaks TLS and asks for certificates and tokens. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { tokenFor } from "../support/access.js";
import { icrlHere, refusalHere } from "../support/icrl-here.js";
import { startTestServer, type TestServer } from "../support/server.js";
import { pem, serverTls, tlsFile } from "../support/tls.js";

let server: TestServer;
beforeAll(async () => {
  const more = { doors: { tls: serverTls("ca.pem"), requireTokens: true } };
  const shown = { ca: pem("ca.pem"), cert: pem("client.pem"), key: pem("client.key") };
  server = await startTestServer({}, undefined, undefined, undefined, undefined, undefined, more, shown);
});
afterAll(() => server.dispose());
afterEach(() => {
  vi.unstubAllEnvs();
});

const certificates = ["--ca", tlsFile("ca.pem"), "--cert", tlsFile("client.pem"), "--key", tlsFile("client.key")];
const args = (...more: string[]) => ["conformance", "--server", server.address, ...certificates, ...more];
const token = (role: "player" | "reader" | "operator", entrant?: string) =>
  tokenFor(server.dataDir, role, { entrant }).text;

test("an operator's token has all looked at that is of a server that asks for nothing", async () => {
  const { code, stdout, stderr } = await icrlHere(...args("--token", token("operator")));
  expect(stdout, stderr).not.toMatch(/^FAILS/m);
  expect(stdout.match(/^skipped .*/gm)).toEqual([
    "skipped  has in its log what it calls durable",
    "skipped  drains: finishes what is open, and opens nothing",
  ]);
  expect(stdout.match(/^ok /gm)?.length).toBeGreaterThan(20);
  expect(code).toBe(0);
});

test("with a player's token what that may not do is skipped, and the result says so", async () => {
  vi.stubEnv("ICRL_TOKEN", token("player"));
  const { code, stdout } = await icrlHere(...args("--only", "keeps the order", "--only", "withholds"));
  expect(stdout.split("\n").slice(1)).toEqual([
    "ok       keeps the order of messages",
    "skipped  withholds the truth in a match",
    "           note: it needs a token that may create a tournament: TournamentService/CreateTournament is not for a player: an operator may",
    "conforms: 1 hold, 0 fail, 1 skipped",
    "",
  ]);
  expect(code).toBe(0);
});

test("nothing is checked for whoever may not play, and the error is what the server says", async () => {
  expect(await refusalHere(...args())).toMatch(/^TOKEN_MISSING: this server asks for a token: give --token/);
  expect(await refusalHere(...args("--token", "icrl_0"))).toMatch(/^TOKEN_INVALID: this server has no such token/);
  expect(await refusalHere(...args("--token", token("reader")))).toMatch(
    /^ROLE_REFUSED: EnvironmentService\/Play is not for a reader/,
  );
  expect(await refusalHere(...args("--token", token("player", "mine")))).toMatch(
    /^ROLE_REFUSED: token \w+ plays as "mine" alone, and plays freely/,
  );
});
