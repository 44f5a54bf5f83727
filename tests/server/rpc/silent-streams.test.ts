/** Streams that come, and leave or say nothing: nobody else notices. */
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.js";
import { bareSocket, callHeaders, callMessage, opening, reset } from "../../support/http2-frames.js";
import { manualClock } from "../../support/manual-clock.js";
import { encodeRequest, hello, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverForTest, type TestServer } from "../../support/server.js";

const PLAY = "/icrl.v1.EnvironmentService/Play";

function streamTo({ address }: TestServer) {
  const client = rawClient(address);
  const stream = rawStream(client);
  onTestFinished(() => {
    stream.call.cancel();
    client.close();
  });
  return stream;
}

const openSessions = async ({ connection }: TestServer) => (await connection.getServerInfo()).openSessions;

/** Ids of so many streams of a client. */
const ids = (count: number) => Array.from({ length: count }, (_, i) => 2 * i + 1);

const HELLO = encodeRequest(hello());

test.each<[how: string, frames: (id: number) => Buffer[]]>([
  ["and its cancel in one packet", (id) => [callHeaders(id, PLAY), callMessage(id, HELLO), reset(id)]],
  ["cancelled before it", (id) => [callHeaders(id, PLAY), reset(id)]],
  ["by halves, and its cancel", (id) => [callHeaders(id, PLAY), callMessage(id, HELLO).subarray(0, 9), reset(id)]],
])("a hello %s leaves no session", async (_, frames) => {
  const server = await serverForTest({ max_sessions: 5 });
  const { socket, heard } = await bareSocket(server.address);
  expect(heard.length).toBe(0);
  // Half a frame would swallow what follows: those come one a connection.
  const whole = frames(1).every((bytes) => bytes.length === 9 + bytes.readUIntBE(0, 3));
  socket.write(Buffer.concat([opening(), ...ids(whole ? 50 : 1).flatMap(frames)]));
  if (!whole) socket.destroy();
  await eventually(async () => expect(await openSessions(server)).toBe(0));
  await opened(streamTo(server));
});

test("a hello that was answered, and a cancel a moment later, leaves no session", async () => {
  const server = await serverForTest({ max_sessions: 5 });
  const socket = await bareSocket(server.address);
  socket.socket.write(
    Buffer.concat([opening(), ...ids(5).flatMap((id) => [callHeaders(id, PLAY), callMessage(id, HELLO)])]),
  );
  await eventually(async () => expect(await openSessions(server)).toBe(5));
  socket.socket.write(Buffer.concat(ids(5).map(reset)));
  await eventually(async () => expect(await openSessions(server)).toBe(0));
});

test("a session ends with its connection, however that ends", async () => {
  const server = await serverForTest({ max_sessions: 5 });
  for (const end of ["destroy", "end", "resetAndDestroy"] as const) {
    const { socket } = await bareSocket(server.address);
    socket.write(Buffer.concat([opening(), callHeaders(1, PLAY), callMessage(1, HELLO)]));
    await eventually(async () => expect(await openSessions(server)).toBe(1));
    socket[end]();
    await eventually(async () => expect(await openSessions(server)).toBe(0));
  }
});

test("many silent streams keep nobody out, and end in their time", async () => {
  const clock = manualClock();
  const server = await serverForTest({ max_sessions: 20, max_streams_per_connection: 1000 }, undefined, clock);
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const silent = Array.from({ length: 100 }, () => rawStream(client));
  const endings: string[] = [];
  for (const { ended } of silent) void ended.then(({ reason }) => endings.push(reason ?? "none"));
  await eventually(() => expect(endings.length).toBe(80)); // more than there may be sessions
  const honest = streamTo(server);
  await opened(honest);
  expect(await openSessions(server)).toBe(1);
  clock.pass(server.limits.helloTimeoutMs);
  await eventually(() => expect(endings.length).toBe(100));
  // The honest one was a stream too many, too, until it said hello.
  expect([endings.slice(0, 81), endings.slice(81)].map((some) => new Set(some))).toEqual([
    new Set(["SERVER_BUSY"]),
    new Set(["HELLO_TIMEOUT"]),
  ]);
  expect(await openSessions(server)).toBe(1);
});

test("idle sessions make room for those who play, and are told why", async () => {
  const clock = manualClock();
  const server = await serverForTest({ max_sessions: 3 }, undefined, clock);
  const idle = [streamTo(server), streamTo(server)];
  for (const stream of idle) {
    stream.send(hello());
    await stream.expect("welcome");
    clock.pass(1000);
  }
  await opened(streamTo(server));
  clock.pass(10_000);
  await opened(streamTo(server));
  expect(await idle[0].ended).toMatchObject({
    reason: "TOO_MANY_SESSIONS",
    text: expect.stringMatching(/nothing was open for 12 s/),
  });
  expect(await openSessions(server)).toBe(3);
});

test("a stream that is over, and whose end nobody reads, is broken off", async () => {
  const clock = manualClock();
  const server = await serverForTest({}, undefined, clock);
  const socket = await bareSocket(server.address);
  // A window of no bytes: the status, whose trailers need none, comes; the answer before it does not.
  const noWindow = Buffer.from([0, 4, 0, 0, 0, 0]);
  const settings = Buffer.concat([opening().subarray(0, 24), Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0]), noWindow]);
  socket.socket.write(Buffer.concat([settings, callHeaders(1, PLAY), callMessage(1, HELLO), callMessage(1, HELLO)]));
  const ended = () => server.said.some(({ event, reason }) => event === "session_ended" && reason === "PROTOCOL_ORDER");
  await eventually(() => expect(ended()).toBe(true));
  const isReset = () => resets(socket.heard).includes(1);
  expect(isReset()).toBe(false);
  clock.pass(10_000);
  await eventually(() => expect(isReset()).toBe(true));
});

/** Streams that were reset, among frames. */
function resets(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === 3) found.push(bytes.readUInt32BE(at + 5));
  }
  return found;
}
