import { expect, test, vi } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { introduce } from "#icrl/clients/typescript/session.js";
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
    await vi.waitFor(async () => expect((await server.connection.getServerInfo()).openSessions).toBe(0), 20_000);
    await open(300); // three connections, and the test's own: a fifth would be refused
    expect((await server.connection.getServerInfo()).openSessions).toBe(300);
  } finally {
    connection.close();
  }
});
