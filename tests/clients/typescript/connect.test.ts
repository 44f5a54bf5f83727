import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { introduce } from "#icrl/clients/typescript/session.js";
import { eventually } from "../../support/eventually.js";
import { serverForTest } from "../../support/server.js";

test("more sessions than a connection takes are opened on others, and those that are over make room again", async () => {
  const server = await serverForTest({ max_streams_per_connection: 100, max_connections: 4 });
  const connection = await connect(server.address);
  const open = async (count: number) => {
    const streams = Array.from({ length: count }, () => connection.play());
    await Promise.all(streams.map((stream) => introduce(stream, { agent: "many" })));
    return streams;
  };
  try {
    const first = await open(250);
    expect((await server.connection.getServerInfo()).openSessions).toBe(250);
    for (const stream of first) stream.finish();
    await eventually(async () => expect((await server.connection.getServerInfo()).openSessions).toBe(0));
    await open(300); // three connections, and the test's own: a fifth would be refused
    expect((await server.connection.getServerInfo()).openSessions).toBe(300);
  } finally {
    connection.close();
  }
});

/** A relay to a server; breaks the connections on which `cuts` says so, where the client speaks next. */
async function relayTo(address: string, cuts: () => boolean): Promise<string> {
  const [host, port] = address.split(":");
  const relay = createServer((near) => {
    const far = connectSocket(Number(port), host);
    for (const socket of [near, far])
      socket.on("error", () => {}).on("close", () => [near, far].map((s) => s.destroy()));
    near.on("data", (bytes) => void (cuts() ? near.destroy() : far.write(bytes)));
    far.on("data", (bytes) => near.write(bytes));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void relay.close());
  await once(relay, "listening");
  return `127.0.0.1:${(relay.address() as AddressInfo).port}`;
}

test("a call that changes nothing is made again where its connection breaks; one that may have changed something is not", async () => {
  const server = await serverForTest();
  let left = 0;
  const relay = await relayTo(server.address, () => left > 0 && left-- > 0);
  const connection = await connect(relay);
  onTestFinished(() => connection.close());
  left = 2;
  expect((await connection.listTasks()).tasks.length).toBeGreaterThan(0);
  expect(left).toBe(0);
  left = 1;
  await expect(connection.cancelTournament({ id: "none" })).rejects.toMatchObject({ name: "ConnectionError" });
});
