/** What a call must keep to before a handler sees it. */
import { type Client, compressionAlgorithms, Metadata } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { CreateTournamentRequest } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { REQUEST_MS } from "#icrl/server/rpc/call-guard.js";
import { eventually } from "../../support/eventually.js";
import { bareSocket, callHeaders, opening } from "../../support/http2-frames.js";
import { manualClock } from "../../support/manual-clock.js";
import {
  type Ending,
  endingOf,
  hello,
  open,
  opened,
  rawClient,
  rawServerStream,
  rawStream,
  rawUnary,
} from "../../support/raw-stream.js";
import { serverForTest } from "../../support/server.js";

const identity = (bytes: Buffer): Buffer => bytes;
const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

function clientOf(address: string): Client {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return client;
}

/** A call of which the test sends what it likes; how it ends. */
function call(client: Client, path: string, begin: (write: (bytes: Buffer) => void, end: () => void) => void) {
  const stream = client.makeBidiStreamRequest(path, identity, identity, new Metadata());
  const ended = new Promise<Ending>((resolve) => stream.on("status", (status) => resolve(endingOf(status))));
  stream.on("error", () => {});
  stream.on("data", () => {});
  begin(
    (bytes) => void stream.write(bytes),
    () => void stream.end(),
  );
  return ended;
}

test("a packed message is refused and not unpacked, in sessions and in other calls", async () => {
  const { address, connection } = await serverForTest();
  const client = rawClient(address, { "grpc.default_compression_algorithm": compressionAlgorithms.gzip });
  onTestFinished(() => client.close());
  const refused = { code: 12, reason: "NOT_IMPLEMENTED", text: expect.stringMatching(/^grpc-encoding "gzip":/) };
  const bomb = Buffer.alloc(7 << 20);
  expect(await rawUnary(client, "/icrl.v1.EnvironmentService/GetTask", bomb)).toMatchObject(refused);
  for (const path of ["/icrl.v1.EnvironmentService/Play", REFLECTION]) {
    expect(await call(client, path, (write) => write(bomb))).toMatchObject(refused);
  }
  expect((await connection.getServerInfo()).openSessions).toBe(0);
});

test("a message that is too large is refused by its length, with the reason, whatever the call", async () => {
  const { address } = await serverForTest({ max_message_bytes: 100_000 });
  const client = clientOf(address);
  const large = Buffer.alloc(100_001);
  const refused = { code: 8, reason: "MESSAGE_TOO_LARGE", text: "a message of 100001 bytes: send at most 100000" };
  expect(await rawUnary(client, "/icrl.v1.EnvironmentService/GetTask", large)).toMatchObject(refused);
  expect((await rawServerStream(client, "/icrl.v1.TournamentService/WatchTournament", large)).ending).toMatchObject(
    refused,
  );
  expect(await call(client, REFLECTION, (write) => write(large))).toMatchObject(refused);
  const stream = rawStream(client);
  await opened(stream);
  stream.sendBytes(large);
  expect(await stream.ended).toMatchObject(refused);
});

test("a session takes large messages only while something is open: its hello is not read before its length is known", async () => {
  const { address, said } = await serverForTest({ max_hello_bytes: 5000 });
  const client = clientOf(address);
  const fat = rawStream(client);
  fat.send(hello({ agentVersion: "x".repeat(6000) }));
  expect(await fat.ended).toMatchObject({ reason: "MESSAGE_TOO_LARGE", text: expect.stringMatching(/at most 5000/) });
  const ready = rawStream(client);
  ready.send(hello());
  await ready.expect("welcome");
  ready.send(open({ tags: { filler: "x".repeat(6000) } }));
  expect(await ready.ended).toMatchObject({ reason: "MESSAGE_TOO_LARGE" });
  const playing = rawStream(client);
  await opened(playing);
  playing.sendBytes(Buffer.alloc(6000));
  expect(await playing.ended).toMatchObject({ reason: "MALFORMED_MESSAGE" });
  // The session says why it ended, as it does of all its errors.
  expect(said.filter(({ event }) => event === "session_ended").map(({ reason }) => reason)).toEqual([
    "MESSAGE_TOO_LARGE",
    "MESSAGE_TOO_LARGE",
    "MALFORMED_MESSAGE",
  ]);
});

test("a call whose request does not come, or comes by halves, ends; one that is served does not", async () => {
  const clock = manualClock();
  const { address } = await serverForTest({}, undefined, clock);
  const client = clientOf(address);
  const late = { code: 4, reason: "HELLO_TIMEOUT" };
  const calls = [
    call(client, "/icrl.v1.EnvironmentService/GetTask", () => {}),
    call(client, "/icrl.v1.TournamentService/WatchTournament", () => {}),
    call(client, "/icrl.v1.TournamentService/CreateTournament", (write) =>
      write(Buffer.from(CreateTournamentRequest.encode(CreateTournamentRequest.decode(Buffer.alloc(0))).finish())),
    ),
    call(client, REFLECTION, () => {}),
  ];
  const watch = client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", identity, identity, Buffer.alloc(0));
  watch.on("error", () => {});
  await new Promise((resolve) => watch.once("data", resolve));
  await eventually(() => expect(clock.waiting).toBe(calls.length));
  clock.pass(REQUEST_MS);
  for (const ending of await Promise.all(calls)) expect(ending).toMatchObject(late);
  let over = false;
  watch.on("status", () => {
    over = true;
  });
  expect(await rawUnary(client, "/icrl.v1.ServerInfoService/GetServerInfo", Buffer.alloc(0))).toBeInstanceOf(Buffer);
  expect([over, clock.waiting]).toEqual([false, 0]);
  watch.cancel();
});

test("whoever calls, and is gone before it is served, leaves nothing behind", async () => {
  const clock = manualClock();
  const { address, said, connection } = await serverForTest({}, undefined, clock);
  const socket = await bareSocket(address);
  const path = "/icrl.v1.TournamentService/WatchTournament";
  const calls = Array.from({ length: 20 }, (_, i) => callHeaders(2 * i + 1, path));
  socket.socket.write(Buffer.concat([opening(), ...calls]));
  await eventually(() => expect(clock.waiting).toBe(20));
  socket.socket.destroy();
  await eventually(() => expect(clock.waiting).toBe(0));
  await connection.getServerInfo();
  expect(said.filter(({ event }) => event === "internal_error")).toEqual([]);
});
