/** TLS at all addresses of a server, within the bounds that connections have in the clear. */
import { once } from "node:events";
import { get } from "node:https";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import type { Credentials } from "#icrl/clients/typescript/credentials.js";
import { FIRST_BYTES_MS } from "#icrl/server/rpc/listener.js";
import { manualClock } from "../../support/manual-clock.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { pem, serverTls } from "../../support/tls.js";

const CA = pem("ca.pem");
const CLIENT = { ca: CA, cert: pem("client.pem"), key: pem("client.key") };
const STRANGER = { ca: CA, cert: pem("stranger.pem"), key: pem("stranger.key") };

let server: TestServer;
/** Asks for certificates. */
let strict: TestServer;
beforeAll(async () => {
  const http = { listen: "127.0.0.1:0" };
  const more = { doors: { tls: serverTls() }, local: "127.0.0.1:0", metrics: "127.0.0.1:0" };
  server = await startTestServer({}, undefined, http, undefined, undefined, undefined, more, { ca: CA });
  const asking = { doors: { tls: serverTls("ca.pem") } };
  strict = await startTestServer({}, undefined, undefined, undefined, undefined, undefined, asking, CLIENT);
});
afterAll(() => Promise.all([server.dispose(), strict.dispose()]));

const portOf = (address: string) => Number(address.split(":").at(-1));

async function versionBy(address: string, shown: Credentials): Promise<string> {
  const connection = await connect(address, 300, undefined, shown);
  onTestFinished(() => connection.close());
  return (await connection.getServerInfo()).serverVersion;
}

test("who believes the server's authority reaches it by an address and by a name", async () => {
  expect((await server.connection.getServerInfo()).openSessions).toBe(0);
  expect(await versionBy(server.address.replace("127.0.0.1", "localhost"), { ca: CA })).not.toBe("");
});

test("who believes another authority, or speaks in the clear, does not, and is told why where it is known", async () => {
  await expect(versionBy(server.address, { ca: pem("other-ca.pem") })).rejects.toThrow(/certificate/);
  await expect(versionBy(server.address, {})).rejects.toThrow(/no icrl server answers/);
});

test("a server that asks for certificates lets in those of its authority alone", async () => {
  expect(await versionBy(strict.address, CLIENT)).not.toBe("");
  await expect(versionBy(strict.address, STRANGER)).rejects.toThrow();
  await expect(versionBy(strict.address, { ca: CA })).rejects.toThrow();
});

test("the page and the metrics are https, too", async () => {
  for (const url of [server.pageUrl, `${server.metricsUrl}healthz`] as string[]) {
    expect(url).toMatch(/^https:/);
    const [answer] = (await once(get(url, { ca: CA }), "response")) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  }
});

test("a handshake that nobody goes on with ends by the deadline of first bytes", async () => {
  const clock = manualClock();
  const doors = { tls: serverTls() };
  const slow = await startTestServer({}, undefined, undefined, undefined, undefined, clock, { doors }, { ca: CA });
  onTestFinished(() => slow.dispose());
  // By hand: the beginning of a ClientHello, of which 512 bytes are announced and 1 comes.
  const begun = Buffer.from([0x16, 3, 1, 2, 0, 1]);
  for (const first of [Buffer.alloc(0), begun]) {
    const socket = connectTcp(portOf(slow.address), "127.0.0.1").on("error", () => {});
    await once(socket, "connect");
    socket.write(first);
    await slow.connection.getServerInfo(); // the server has accepted what came before
    const closed = new Promise((resolve) => socket.once("close", resolve));
    clock.pass(FIRST_BYTES_MS);
    await closed;
  }
});

test("who speaks TLS and then no HTTP/2, or does not ask for it, is not answered", async () => {
  for (const ALPNProtocols of [["h2"], ["http/1.1"], undefined]) {
    const socket = connectTls({ port: portOf(server.address), host: "localhost", ca: CA, ALPNProtocols });
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const said: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => said.push(bytes));
    socket.on("secureConnect", () => socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    await closed;
    expect(Buffer.concat(said).length).toBe(0);
  }
});

test.each([
  { listen: "0.0.0.0:0" },
  { listen: "127.0.0.1:0", http: { listen: "0.0.0.0:0" } },
  { listen: "127.0.0.1:0", metrics: "[::]:0" },
])("an address that others reach needs TLS, or a word that it is to be without: %j", async ({ http, ...more }) => {
  const start = startTestServer({}, undefined, http, undefined, undefined, undefined, more);
  await expect(start).rejects.toMatchObject({ reason: "TLS_REQUIRED" });
});

test("a token does not go over a network in the clear", async () => {
  const shown = { token: "icrl_0" };
  await expect(connect("icrl.invalid:50551", 100, undefined, shown)).rejects.toMatchObject({ reason: "TLS_REQUIRED" });
});
