/** Requests that hurt. Each is bounded in count and time, and ends what it began. */
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { Client } from "@grpc/grpc-js";
import { int32Tensor } from "../../common/tensor.js";
import {
  Behaviour,
  CollectionSpec,
  CollectionTask,
  CreateCollectionRequest,
} from "../../proto/gen/icrl/v1/collection.js";
import { PlayRequest } from "../../proto/gen/icrl/v1/environment.js";
import {
  CreateTournamentRequest,
  CreateTournamentResponse,
  ListTournamentsRequest,
  type Tournament,
  TournamentEntrant,
  TournamentSpec,
  TournamentTask,
  WatchTournamentRequest,
} from "../../proto/gen/icrl/v1/tournament.js";
import { ListTrajectoriesRequest, StreamTrajectoriesRequest } from "../../proto/gen/icrl/v1/trajectory.js";
import { channel, counted, hello, made, open, play, type Stream, unary } from "./raw.js";

/** Where to attack. */
export interface Target {
  readonly address: string;
  /** Where its page is. */
  readonly page: string;
  /** How long an attack that only has to last goes on, in milliseconds. */
  readonly lastMs: number;
}

/** One attack. */
export interface Attack {
  readonly name: string;
  /** Resolves with what came back, once it is over. */
  run(target: Target): Promise<string>;
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const HEAVY = { states: 64, actions: 32, horizon: 1000, episodes: 1, concentration: 0.5 };

/** What a call answered: its size, or its reason. */
const said = (answer: Buffer | string) => (typeof answer === "string" ? answer : "ok");

/** Uses one connection, and closes it. */
async function withClient<T>({ address }: Target, use: (client: Client) => Promise<T>): Promise<T> {
  const client = channel(address);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** The last thing that a stream said within a time. */
async function lastOf(stream: Stream, ms: number, until: readonly string[] = ["ended"]): Promise<string> {
  let last = "silence";
  const over = wait(ms).then(() => undefined);
  for (;;) {
    const came = await Promise.race([stream.next(), over]);
    if (came === undefined) return last;
    last = came.$case === "ended" ? came.reason : came.$case;
    if (until.includes(came.$case)) return last;
  }
}

function tournament(name: string, tasks: number, entrants: number, trials: number, task: string, options: object) {
  const spec = made(TournamentSpec, {
    name,
    trials,
    tasks: range(tasks).map((i) => made(TournamentTask, { id: `t${i}`, task, options: { ...options } })),
    agents: range(entrants).map((i) => made(TournamentEntrant, { name: `e${i}`, agent: "nobody" })),
  });
  return CreateTournamentRequest.encode(made(CreateTournamentRequest, { spec })).finish();
}

const create = (client: Client, request: Uint8Array) =>
  unary(client, "TournamentService/CreateTournament", request).then(said);

function collection(name: string, tasks: number, trials: number, task: string, options: object, agent: string) {
  const spec = made(CollectionSpec, {
    name,
    seed: 1n,
    tasks: range(tasks).map((i) => made(CollectionTask, { id: `t${i}`, task, options: { ...options }, trials })),
    behaviours: [made(Behaviour, { name: "b", agent, weight: 1 })],
  });
  return CreateCollectionRequest.encode(made(CreateCollectionRequest, { spec })).finish();
}

/** Options nested so deep, as bytes of a tournament's request. */
function nested(depth: number): Buffer {
  const varint = (n: number): number[] => (n > 127 ? [(n & 127) | 128, ...varint(n >>> 7)] : [n]);
  const field = (no: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(no << 3) | 2, ...varint(bytes.length)]), bytes]);
  const text = (words: string) => Buffer.from(words);
  let value = Buffer.from([0x32, 0]);
  for (let i = 0; i < depth; i++) {
    value = field(5, field(1, Buffer.concat([field(1, text("a")), field(2, value)])));
  }
  const options = field(1, Buffer.concat([field(1, text("a")), field(2, value)]));
  const task = field(4, Buffer.concat([field(1, text("t")), field(2, text("bernoulli-bandit"))]));
  const entrant = field(5, Buffer.concat([field(1, text("e")), field(2, text("a")), field(3, options)]));
  return field(1, Buffer.concat([field(1, text(`deep ${depth}`)), Buffer.from([0x18, 1]), task, entrant]));
}

/** Sockets that say a few bytes, or nothing. */
async function sockets(port: number, host: string, count: number, lastMs: number, bytes?: Buffer): Promise<string> {
  const opened: Socket[] = [];
  let closed = 0;
  for (const i of range(count)) {
    const socket = connectTcp(port, host, () => bytes && socket.write(bytes));
    socket.on("error", () => {});
    socket.on("close", () => (closed += 1));
    opened.push(socket);
    if (i % 50 === 49) await wait(20);
  }
  await wait(lastMs);
  const text = `${closed} of ${count} closed`;
  for (const socket of opened) socket.destroy();
  return text;
}

const addressOf = (url: string) => {
  const { hostname, port } = new URL(url.includes("://") ? url : `http://${url}`);
  return { host: hostname, port: Number(port) };
};

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const PREFACE = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0, Buffer.alloc(0))]);

/** A Play stream whose first message is packed: gRPC's own clients could not send it so. */
function packedMessage(address: string, message: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${address}`);
    const done = (what: string) => {
      session.destroy();
      resolve(what);
    };
    session.on("error", () => done("no connection"));
    const stream = session.request({
      ":method": "POST",
      ":path": "/icrl.v1.EnvironmentService/Play",
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-encoding": "gzip",
    });
    stream.on(
      "response",
      (headers) => headers["grpc-status"] !== undefined && done(`status ${headers["grpc-status"]}`),
    );
    stream.on("trailers", (headers) => done(`status ${headers["grpc-status"]}`));
    stream.on("error", () => done("reset"));
    stream.setTimeout(10_000, () => done("silence"));
    stream.resume();
    stream.write(message);
  });
}

/** All of them. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "open 200 envs of the largest random MDP",
    run: (target) =>
      withClient(target, async (client) => {
        const stream = play(client);
        stream.send(hello());
        await stream.next();
        stream.send(open({ task: "random-mdp", options: HEAVY, numEnvs: 200, trials: 200n, record: false }));
        const last = await lastOf(stream, target.lastMs, ["ended", "observations"]);
        stream.call.cancel();
        return last;
      }),
  },
  {
    name: "20 sessions, each 50 envs of middling MDPs",
    run: (target) =>
      withClient(target, async (client) => {
        const options = { ...HEAVY, horizon: 100, episodes: 10 };
        const streams = range(20).map(() => play(client));
        for (const stream of streams) {
          stream.send(hello());
          stream.send(open({ task: "random-mdp", options, numEnvs: 50, trials: 50n, record: false }));
        }
        const last = await Promise.all(
          streams.map((stream) => lastOf(stream, target.lastMs, ["ended", "observations"])),
        );
        for (const { call } of streams) call.cancel();
        return counted(last);
      }),
  },
  {
    name: "a tournament of 300 x 10,000 trials that nobody plays",
    run: (target) =>
      withClient(target, async (client) => {
        const answer = await create(client, tournament("storm", 300, 1, 10_000, "random-mdp", {}));
        await wait(target.lastMs); // the attacked server waits 3 s for entrants
        return answer;
      }),
  },
  {
    name: "50 readers of the log that do not read on",
    run: (target) =>
      withClient(target, async () => {
        const clients = range(50).map(() => channel(target.address));
        const bytes = Buffer.from(StreamTrajectoriesRequest.encode(made(StreamTrajectoriesRequest, {})).finish());
        const reasons: string[] = [];
        const calls = clients.map((client) => {
          const path = "/icrl.v1.TrajectoryService/StreamTrajectories";
          const call = client.makeServerStreamRequest(
            path,
            (b: Buffer) => b,
            (b: Buffer) => b,
            bytes,
          );
          call.once("data", () => call.pause());
          call.on("error", (error) => reasons.push(error.message.split(":")[0]));
          return call;
        });
        await wait(target.lastMs);
        for (const call of calls) call.cancel();
        for (const client of clients) client.close();
        return `${reasons.length} refused`;
      }),
  },
  {
    name: "100 lists of 10,000 rows at once",
    run: (target) =>
      withClient(target, async (client) => {
        const bytes = ListTrajectoriesRequest.encode(made(ListTrajectoriesRequest, { pageSize: 10_000 })).finish();
        const answers = range(100).map(() =>
          unary(client, "TrajectoryService/ListTrajectories", bytes, target.lastMs * 2).then(said),
        );
        return counted(await Promise.all(answers));
      }),
  },
  {
    name: "128 hellos of 7 MB",
    run: async (target) => {
      const clients = range(128).map(() => channel(target.address));
      const fat = "v".repeat(7 << 20);
      const said: string[] = [];
      for (const client of clients) {
        const stream = play(client);
        stream.send(hello({ agentVersion: fat }));
        said.push(await lastOf(stream, 10_000, ["ended", "welcome"]));
      }
      for (const client of clients) client.close();
      return counted(said);
    },
  },
  {
    name: "a tag of 7 MB in 256 recorded envs",
    run: (target) =>
      withClient(target, async (client) => {
        const stream = play(client);
        stream.send(hello());
        await stream.next();
        const tags = { x: "t".repeat(7 << 20) };
        stream.send(open({ options: { horizon: 1 }, numEnvs: 256, trials: 256n, tags }));
        let last = await lastOf(stream, 10_000, ["ended", "observations"]);
        if (last === "observations") {
          const value = { stepIndex: 0n, actions: int32Tensor(new Int32Array(256), [256]) };
          stream.send({ $case: "actions", value: { ...value, propensities: undefined, probabilities: undefined } });
          last = await lastOf(stream, target.lastMs);
        }
        stream.call.cancel();
        return last;
      }),
  },
  {
    name: "20,000 streams opened and cancelled on one connection",
    run: (target) =>
      withClient(target, async (client) => {
        for (const i of range(20_000)) {
          const stream = play(client);
          stream.send(hello());
          stream.call.cancel();
          if (i % 200 === 199) await wait(5);
        }
        return "cancelled";
      }),
  },
  {
    name: "2,000 silent streams on one connection",
    run: (target) =>
      withClient(target, async (client) => {
        const streams = range(2000).map(() => play(client));
        await wait(target.lastMs);
        const honest = play(channel(target.address));
        honest.send(hello());
        const last = await lastOf(honest, 5000, ["ended", "welcome"]);
        honest.call.cancel();
        for (const { call } of streams) call.cancel();
        return `an honest one: ${last}`;
      }),
  },
  {
    name: "1,100 idle sockets",
    run: (target) => {
      const { host, port } = addressOf(target.address);
      return sockets(port, host, 1100, target.lastMs);
    },
  },
  {
    name: "200 connections with half a header",
    run: (target) => {
      const { host, port } = addressOf(target.address);
      return sockets(port, host, 200, target.lastMs, Buffer.concat([PREFACE, frame(1, 0, 1, Buffer.from([0x83]))]));
    },
  },
  {
    name: "50 messages of 31 MB, packed to 31 KB",
    run: (target) =>
      withClient(target, async () => {
        const packed = gzipSync(Buffer.alloc(31 << 20));
        const head = Buffer.alloc(5);
        head[0] = 1;
        head.writeUInt32BE(packed.length, 1);
        const said = await Promise.all(
          range(50).map(() => packedMessage(target.address, Buffer.concat([head, packed]))),
        );
        return counted(said);
      }),
  },
  {
    name: "tournaments of 1,000 x 1,000 matches, and their list",
    run: (target) =>
      withClient(target, async (client) => {
        const said: string[] = [];
        for (const i of range(3)) {
          const request = tournament(`big ${i}`, 1000, 1000, 1, "bernoulli-bandit", { horizon: 1 });
          said.push(await create(client, request));
        }
        const list = ListTournamentsRequest.encode(made(ListTournamentsRequest, {})).finish();
        said.push(
          `list ${await unary(client, "TournamentService/ListTournaments", list).then((a) => (typeof a === "string" ? a : `of ${a.length} B`))}`,
        );
        return counted(said);
      }),
  },
  {
    name: "a collection of 1,000 x 1,000,000 trials",
    run: (target) =>
      withClient(target, (client) =>
        unary(
          client,
          "CollectionService/CreateCollection",
          collection("endless", 1000, 1_000_000, "bernoulli-bandit", {}, "nobody"),
        ).then(said),
      ),
  },
  {
    name: "oracle-noise on the largest random MDP",
    run: (target) =>
      withClient(target, async (client) => {
        const request = collection("heavy", 1, 1000, "random-mdp", HEAVY, "oracle-noise");
        const answer = await unary(client, "CollectionService/CreateCollection", request).then(said);
        await wait(target.lastMs);
        return answer;
      }),
  },
  {
    name: "options nested to 31 and to 10,000 levels, and a list",
    run: (target) =>
      withClient(target, async (client) => {
        const said = [await create(client, nested(31)), await create(client, nested(10_000))];
        const list = await unary(client, "TournamentService/ListTournaments", new Uint8Array());
        return `${counted(said)}, list ${typeof list === "string" ? list : "ok"}`;
      }),
  },
  {
    name: "20 sessions that do not read 4,096 envs' arms",
    run: (target) =>
      withClient(target, async () => {
        const clients = range(20).map(() => channel(target.address));
        const calls = clients.map((client) => {
          const { call, send, sendBytes } = play(client);
          call.pause();
          call.removeAllListeners("data");
          send(hello());
          const options = { dim: 20, actions: 50, horizon: 50, arms: "fresh" };
          send(open({ task: "linear-bandit", options, numEnvs: 1024, trials: 100_000n, record: false }));
          for (const step of range(30)) {
            const value = { stepIndex: BigInt(step), actions: int32Tensor(new Int32Array(1024), [1024]) };
            sendBytes(
              Buffer.from(
                PlayRequest.encode({
                  message: { $case: "actions", value: { ...value, propensities: undefined, probabilities: undefined } },
                }).finish(),
              ),
            );
          }
          return call;
        });
        await wait(target.lastMs);
        for (const call of calls) call.cancel();
        for (const client of clients) client.close();
        return "unread";
      }),
  },
  {
    name: "300 page sockets, and the metrics",
    run: async (target) => {
      const { host, port } = addressOf(target.page);
      const held = sockets(port, host, 300, target.lastMs, Buffer.from("GET / HTTP/1.1\r\nHost: "));
      await wait(target.lastMs / 2);
      const metrics = await fetch(`${target.page}metrics`, { signal: AbortSignal.timeout(5000) }).then(
        ({ status }) => `metrics ${status}`,
        (error: Error) => `metrics ${error.name}`,
      );
      return `${await held}, ${metrics}`;
    },
  },
  {
    name: "500 watchers of a tournament of 10,000 matches",
    run: (target) =>
      withClient(target, async (client) => {
        const request = tournament("watched", 100, 100, 1, "bernoulli-bandit", { horizon: 1 });
        const answer = await unary(client, "TournamentService/CreateTournament", request);
        if (typeof answer === "string") return answer;
        const { id } = CreateTournamentResponse.decode(answer).tournament as Tournament;
        const reasons: string[] = [];
        const bytes = Buffer.from(WatchTournamentRequest.encode({ id, changesOnly: false }).finish());
        const calls = range(500).map(() => {
          const path = "/icrl.v1.TournamentService/WatchTournament";
          const call = client.makeServerStreamRequest(
            path,
            (b: Buffer) => b,
            (b: Buffer) => b,
            bytes,
          );
          call.on("data", () => {});
          call.on("error", (error) => reasons.push(error.message.split(":")[0]));
          return call;
        });
        await wait(target.lastMs);
        for (const call of calls) call.cancel();
        return `${reasons.length} refused`;
      }),
  },
];
