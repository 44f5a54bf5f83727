import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { metadataProblem } from "#icrl/jobs/conformance/error-metadata.js";
import { EnvironmentServiceService, PlayRequest } from "#icrl/proto/gen/icrl/v1/environment.js";
import { ServerInfoServiceService } from "#icrl/proto/gen/icrl/v1/server_info.js";
import { CreateTournamentRequest, TournamentServiceService } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { ListTrajectoriesRequest, TrajectoryServiceService } from "#icrl/proto/gen/icrl/v1/trajectory.js";
import {
  actions,
  encodeRequest,
  hello,
  open,
  rawClient,
  rawServerStream,
  rawStream,
  rawUnary,
} from "../../support/raw-stream.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { type Witnesses, witnessesOf } from "../../support/witness.js";

let server: TestServer;
let witnesses: Witnesses;
let client: Client;
beforeAll(async () => {
  server = await startTestServer({ max_envs: 64, max_steps_in_flight: 100_000 });
  witnesses = witnessesOf(server);
  client = rawClient(server.address);
});
afterAll(async () => {
  client.close();
  await server.dispose();
});

const rng = rngFromSeed(20240607n);
const randomBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => rng.integer(256)));

/** Good bytes with some of them changed, cut off or doubled: garbage that gets further in than noise does. */
function damaged(good: Buffer): Buffer {
  const bytes = Buffer.from(good);
  const kind = rng.integer(4);
  if (kind === 0) return bytes.subarray(0, rng.integer(bytes.length + 1));
  if (kind === 1) return Buffer.concat([bytes, bytes.subarray(rng.integer(bytes.length + 1))]);
  for (let i = 0; i <= rng.integer(4) && bytes.length > 0; i += 1) bytes[rng.integer(bytes.length)] = rng.integer(256);
  return bytes;
}

const REQUESTS = [
  encodeRequest(hello()),
  encodeRequest(open({ trials: 2n, numEnvs: 2 })),
  encodeRequest(actions(0, [0, 1])),
  encodeRequest({ $case: "close", value: { reason: "" } }),
];

test("random bytes and damaged messages on Play always end in a status with a reason, or in an answer", async () => {
  await witnesses.beside(async () => {
    for (let round = 0; round < 150; round += 1) {
      const stream = rawStream(client);
      for (let i = 0; i < REQUESTS.length; i += 1) {
        const hurt = rng.integer(3) === 0;
        stream.sendBytes(
          !hurt ? REQUESTS[i] : rng.integer(2) === 0 ? damaged(REQUESTS[i]) : randomBytes(rng.integer(200)),
        );
      }
      stream.call.end();
      const ending = await stream.ended;
      if (ending.code !== 0)
        expect(metadataProblem(ending.reason ?? "none", ending.metadata), ending.text).toBeUndefined();
    }
  });
});

const SPEC = CreateTournamentRequest.encode({
  attendance: [],
  declarations: [],
  ownerKey: "",
  entrantKeys: [],
  spec: {
    name: "fuzz",
    seed: 1n,
    trials: 2,
    tasks: [{ id: "a", task: "river-swim", options: { episodes: 2 } }],
    agents: [{ name: "x", agent: "y", options: {}, tasks: [] }],
  },
}).finish();
const PAGE = ListTrajectoriesRequest.encode({
  filter: { task: "river-swim", complete: true },
  pageSize: 3,
  pageToken: Buffer.from('[0,"[]"]').toString("base64url"),
}).finish();

const methods = [
  EnvironmentServiceService,
  TournamentServiceService,
  TrajectoryServiceService,
  ServerInfoServiceService,
]
  .flatMap((service) => Object.values(service))
  .filter((method) => !method.requestStream);

test.each(methods.map((method) => ({ path: method.path, streams: method.responseStream })))(
  "$path answers garbage with a status that has a reason",
  async ({ path, streams }) => {
    const good = path.includes("CreateTournament")
      ? SPEC
      : path.includes("Trajectories")
        ? PAGE
        : Buffer.from("\n\nriver-swim");
    // Each list or stream of trajectories opens DuckDB: fewer of those.
    const rounds = path.includes("Trajector") ? 30 : 100;
    await witnesses.beside(async () => {
      for (let round = 0; round < rounds; round += 1) {
        const bytes = round % 2 === 0 ? damaged(Buffer.from(good)) : randomBytes(rng.integer(100));
        if (path.includes("WatchTournament") && bytes.includes("fuzz")) continue;
        if (streams) {
          const { ending } = await rawServerStream(client, path, bytes);
          if (ending.code !== 0)
            expect(metadataProblem(ending.reason ?? "none", ending.metadata), ending.text).toBeUndefined();
        } else {
          const answer = await rawUnary(client, path, bytes);
          if (!Buffer.isBuffer(answer))
            expect(metadataProblem(answer.reason ?? "none", answer.metadata), answer.text).toBeUndefined();
        }
      }
    });
  },
);

test("a text that gRPC cannot put into a status does not take the server with it", async () => {
  // By the 40th unit the quoted token is cut: in the middle of the pair that the smiling face is.
  const pageToken = `${"a".repeat(39)}\u{1f600}`;
  const bytes = Buffer.from(ListTrajectoriesRequest.encode({ filter: undefined, pageSize: 0, pageToken }).finish());
  const answer = await rawUnary(client, TrajectoryServiceService.listTrajectories.path, bytes);
  expect(answer).toMatchObject({ code: 3, reason: "PAGE_INVALID" });
  const stream = rawStream(client);
  stream.send(hello());
  await stream.expect("welcome");
  stream.send(open({ task: `${"\u{1f600}".repeat(100)}a${"\u{1f600}".repeat(100)}` }));
  expect(await stream.ended).toMatchObject({ reason: "TASK_UNKNOWN" });
});

test("a request above limits.maxMessageBytes is refused by every method", async () => {
  const small = await startTestServer({ max_message_bytes: 65_536 });
  const own = rawClient(small.address);
  try {
    const padding = Buffer.concat([Buffer.from([0x7a, 0x80, 0x80, 0x04]), Buffer.alloc(65_536)]); // unknown field 15
    for (const { path, responseStream } of methods) {
      const answer = responseStream
        ? (await rawServerStream(own, path, padding)).ending
        : await rawUnary(own, path, padding);
      expect(answer, path).toMatchObject({ code: 8, reason: "MESSAGE_TOO_LARGE" });
    }
  } finally {
    own.close();
    await small.dispose();
  }
});

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** An HTTP/2 frame. */
const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const SETTINGS = frame(4, 0, 0, Buffer.alloc(0));

test("noise on the socket is nobody's problem but its own", async () => {
  const [host, port] = server.address.split(":");
  const noises: (() => Buffer)[] = [
    () => randomBytes(1000),
    () => Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    () => Buffer.concat([PREFACE, randomBytes(1000)]),
    () => Buffer.concat([PREFACE, SETTINGS, frame(1, 4, 1, randomBytes(50))]), // headers that are no HPACK
    () => Buffer.concat([PREFACE, SETTINGS, frame(0, 0, 1, randomBytes(50))]), // data before headers
    () => Buffer.concat([PREFACE, SETTINGS, frame(8, 0, 0, Buffer.alloc(4))]), // a window update of 0
    () => Buffer.concat([PREFACE, frame(4, 0, 0, Buffer.alloc(5))]), // settings of a wrong length
  ];
  const sockets: Socket[] = [];
  await witnesses.beside(async () => {
    for (let round = 0; round < 42; round += 1) {
      const socket = connectTcp(Number(port), host);
      sockets.push(socket);
      socket.on("error", () => {}); // being thrown out is what it asks for
      await once(socket, "connect");
      socket.resume();
      await new Promise((resolve) => socket.write(noises[round % noises.length](), resolve));
      if (round % 3 === 0) socket.end();
      else if (round % 3 === 1) socket.destroy();
    }
    // One that is never finished stays open, and is nobody's problem.
    const silent = connectTcp(Number(port), host);
    await once(silent, "connect");
    silent.write(PREFACE.subarray(0, 5));
    sockets.push(silent);
    expect((await server.connection.getServerInfo()).openSessions).toBe(1);
  });
  for (const socket of sockets) socket.destroy();
});

test("gRPC frames that lie about their length, or are compressed in an unknown way, end their call alone", async () => {
  // A gRPC message is a flag (1: compressed), a length and the bytes.
  await witnesses.beside(async () => {
    const session = connectHttp2(`http://${server.address}`);
    session.on("error", () => {});
    for (const [flag, length] of [
      [1, 4],
      [0, 0xffffffff],
      [0, 100],
      [9, 4],
    ]) {
      const request = session.request({
        ":method": "POST",
        ":path": "/icrl.v1.EnvironmentService/Play",
        "content-type": "application/grpc",
        te: "trailers",
      });
      const head = Buffer.alloc(5);
      head[0] = flag;
      head.writeUInt32BE(length, 1);
      request.on("error", () => {});
      request.end(Buffer.concat([head, Buffer.alloc(4)]));
      request.resume();
      await new Promise((resolve) => request.on("close", resolve));
    }
    session.close();
  });
});

test("an unknown method is UNIMPLEMENTED", async () => {
  expect(await rawUnary(client, "/icrl.v1.EnvironmentService/Dance", Buffer.alloc(0))).toMatchObject({ code: 12 });
  expect(await rawUnary(client, "/no.Such/Service", Buffer.alloc(0))).toMatchObject({ code: 12 });
});

test("after all that nothing is left open, the server has met no error of its own, and its log verifies", async () => {
  await expect.poll(async () => (await server.connection.getServerInfo()).openSessions).toBe(0);
  expect(server.said.filter((line) => (line.level as number) >= 50)).toEqual([]);
  await witnesses.checkLog();
  expect(PlayRequest.decode(REQUESTS[0]).message?.$case).toBe("hello"); // what was damaged was good before
});
