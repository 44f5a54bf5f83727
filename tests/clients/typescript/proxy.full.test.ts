import { once } from "node:events";
import { connect as connectTcp, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { icrlHere } from "../../support/icrl-here.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { tournamentFile } from "../../support/tournament-file.js";

/** Every name under which environments name a proxy. */
const NAMES = ["http_proxy", "https_proxy", "grpc_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()]);

let server: TestServer;
/** A proxy for gRPC: whatever it is asked for, it leads to the server. */
let proxy: Server;
let proxyUrl: string;
const asked: string[] = [];

beforeAll(async () => {
  server = await startTestServer();
  proxy = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes) => {
      asked.push(String(bytes).split("\r\n")[0]);
      const onward = connectTcp(Number(server.address.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      }).on("error", () => {});
    });
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  proxyUrl = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
  for (const name of ["no_proxy", "no_grpc_proxy"]) vi.stubEnv(name, "");
  for (const name of NAMES) vi.stubEnv(name, proxyUrl);
});
afterEach(() => {
  asked.length = 0;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.dispose();
  proxy.close();
});

test.each(["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])(
  "a server on %s is asked itself, whatever proxy the environment names",
  async (host) => {
    const connection = await connect(server.address.replace("127.0.0.1", host));
    expect((await connection.getServerInfo()).openSessions).toBe(0);
    connection.close();
    expect(asked).toEqual([]);
  },
);

test("a server elsewhere is asked through the proxy", async () => {
  const connection = await connect("icrl.invalid:50551");
  expect((await connection.getServerInfo()).openSessions).toBe(0);
  connection.close();
  expect(asked).toEqual(["CONNECT icrl.invalid:50551 HTTP/1.1"]);
});

test("a command, its server and its agents' processes find each other", async () => {
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  const file = tournamentFile(folder.path, { trials: 2, tasks: [{ task: "chain" }], agents: [{ agent: "uniform" }] });
  const args = ["tournament", "run", file, "--out", join(folder.path, "out")];
  const { code, stderr } = await icrlHere(...args);
  expect(code, stderr).toBe(0);
  expect(asked).toEqual([]);
});
