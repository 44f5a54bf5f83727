import { expect, onTestFinished, test } from "vitest";
import { FIRST_BYTES_MS } from "#icrl/server/rpc/listener.js";
import { eventually } from "../../support/eventually.js";
import { bareSocket, callHeaders, frame, opening, PREFACE } from "../../support/http2-frames.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverForTest, startTestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

const PLAY = "/icrl.v1.EnvironmentService/Play";

function streamTo(address: string) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return rawStream(client);
}

test("whoever says nothing, or the half of what HTTP/2 begins with, is let go", async () => {
  const clock = manualClock();
  const { address } = await serverForTest({}, undefined, clock);
  const silent = await bareSocket(address);
  const half = await bareSocket(address);
  half.socket.write(PREFACE.subarray(0, 20));
  const whole = await bareSocket(address);
  whole.socket.write(opening().subarray(0, 30));
  whole.socket.write(opening().subarray(30));
  await eventually(() => expect(whole.heard.length).toBeGreaterThan(0));
  await eventually(() => expect(clock.waiting).toBe(2));
  clock.pass(FIRST_BYTES_MS);
  await Promise.all([silent.closed, half.closed]);
  expect(whole.socket.closed).toBe(false);
});

test("whoever speaks something else is not answered", async () => {
  const { address } = await serverForTest();
  const other = await bareSocket(address);
  other.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await other.closed;
  expect(other.heard.length).toBe(0);
});

test("a crowd of silent sockets keeps nobody out, and stays as small as it may be", async () => {
  const { address } = await serverForTest({ max_connections: 8, max_connections_per_address: 8 });
  const playing = streamTo(address);
  await opened(playing);
  const crowd = await Promise.all(Array.from({ length: 40 }, () => bareSocket(address)));
  const late = streamTo(address);
  await opened(late);
  playing.send(actions(0, [0]));
  await playing.expect("observations");
  // Eight in all: the test's own connection, which has no call, makes room like the rest.
  await eventually(() => expect(crowd.filter(({ socket }) => !socket.closed).length).toBeLessThanOrEqual(6));
});

test("half of a call's headers, and a connection that gives no sign of life, are closed", async () => {
  const { address } = await serverForTest({ keepalive_ms: 100 });
  const half = await bareSocket(address);
  half.socket.write(Buffer.concat([opening(), callHeaders(1, PLAY).subarray(0, 30)]));
  const dead = await bareSocket(address);
  dead.socket.write(Buffer.concat([opening(), callHeaders(1, PLAY)]));
  await Promise.all([half.closed, dead.closed]);
});

test("a client that answers is kept however short the keepalive", async () => {
  const { address } = await serverForTest({ keepalive_ms: 100, hello_timeout_ms: 60_000 });
  const stream = streamTo(address);
  await opened(stream);
  const dead = await bareSocket(address);
  dead.socket.write(opening());
  await dead.closed; // the other one was asked as often
  stream.send(actions(0, [0]));
  await stream.expect("observations");
});

test("a client may ask for a sign of life as often as it likes: each is answered, and none with GOAWAY", async () => {
  const { address } = await serverForTest();
  const eager = await bareSocket(address);
  const kinds = () => kindsOf(eager.heard);
  eager.socket.write(opening());
  const ping = frame("ping", 0, 0, Buffer.alloc(8));
  for (let asked = 0; asked < 1000; ) {
    asked += 100;
    eager.socket.write(Buffer.concat(Array.from({ length: 100 }, () => ping)));
    await eventually(() => expect(kinds().filter((kind) => kind === PING).length).toBe(asked), { intervalMs: 1 });
  }
  expect(kinds()).not.toContain(GO_AWAY);
});

const PING = 6;
const GO_AWAY = 7;

/** The types of the frames in some bytes. */
function kindsOf(bytes: Buffer): number[] {
  const kinds: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) kinds.push(bytes[at + 3]);
  return kinds;
}

test("a connection without a call is closed in time, also where the other end does not close it", async () => {
  const clock = manualClock();
  const { address } = await serverForTest({ idle_timeout_ms: 100, keepalive_ms: 60_000 }, undefined, clock);
  const idle = await bareSocket(address, { allowHalfOpen: true });
  idle.socket.write(opening());
  await idle.ended;
  expect(idle.socket.closed).toBe(false);
  await eventually(() => {
    clock.pass(1000);
    idle.socket.write(Buffer.alloc(1)); // to hear that it is closed
    expect(idle.socket.closed).toBe(true);
  });
});

test("an address that is taken is an error with a code, and names and IPv6 are listened on", async () => {
  const { address } = await serverForTest();
  await expect(
    startTestServer({}, undefined, undefined, undefined, undefined, undefined, { listen: address }),
  ).rejects.toMatchObject({ code: "EADDRINUSE" });
  for (const listen of ["localhost:0", "[::1]:0"]) {
    const folder = tempDir();
    const server = await startTestServer({}, undefined, undefined, folder, undefined, undefined, { listen });
    onTestFinished(() => server.dispose());
    expect(server.address.slice(0, server.address.lastIndexOf(":"))).toBe(listen.slice(0, -2));
    expect((await server.connection.getServerInfo()).limits?.maxConnections).toBe(512);
  }
});
