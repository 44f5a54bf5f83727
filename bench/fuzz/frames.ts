/** HTTP/2 as no client should speak it. Each case is bounded: some hundred frames, some hundred kilobytes. */
import type { Rng } from "../../common/rng.js";
import type { SocketCase } from "./case.js";
import { drawBytes, pick } from "./values.js";

const DATA = 0;
const HEADERS = 1;
const PRIORITY = 2;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;
const END_STREAM = 1;
const END_HEADERS = 4;

/** A frame, true or not: `length` is what it says of itself. */
function frame(type: number, flags: number, stream: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const setting = (id: number, value: number): Buffer => Buffer.concat([Buffer.from([0, id]), word(value)]);

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const HI = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, Buffer.alloc(0))]);

/** A length of HPACK, with a prefix of seven bits. */
function hpackLength(length: number): number[] {
  if (length < 127) return [length];
  const bytes = [127];
  let rest = length - 127;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}

/** A header as a literal; indexed: kept in the table for later. */
function header(name: string, value: string, indexed = false): Buffer {
  const [n, v] = [Buffer.from(name), Buffer.from(value)];
  return Buffer.concat([
    Buffer.from([indexed ? 0x40 : 0, ...hpackLength(n.length)]),
    n,
    Buffer.from(hpackLength(v.length)),
    v,
  ]);
}

const CALL: Readonly<Record<string, string>> = {
  ":method": "POST",
  ":scheme": "http",
  ":path": "/icrl.v1.EnvironmentService/Play",
  ":authority": "fuzz",
  "content-type": "application/grpc",
  te: "trailers",
};

const headers = (members: Readonly<Record<string, string>> = {}): Buffer =>
  Buffer.concat(Object.entries({ ...CALL, ...members }).map(([name, value]) => header(name, value)));

const many = (count: number, make: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));

/** A gRPC message: `length` is what it says of itself. */
const message = (payload: Buffer, flag = 0, length = payload.length): Buffer =>
  Buffer.concat([Buffer.from([flag]), word(length), payload]);

type Draw = (rng: Rng) => readonly (readonly [Buffer, number])[];

const FLOOD = 400;

const ABUSES: Readonly<Record<string, Draw>> = {
  noise: (rng) => [[many(10, () => drawBytes(rng)), 0]],
  "another protocol": (rng) => [
    [Buffer.from(pick(rng, ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00", "SSH-2.0-x\r\n"])), 5],
  ],
  "half a preface": (rng) => [[PREFACE.subarray(0, rng.integer(PREFACE.length)), 20]],
  "a preface by single bytes": () => [...PREFACE].map((byte) => [Buffer.from([byte]), 0] as const),
  "noise after the preface": (rng) => [[Buffer.concat([HI, many(10, () => drawBytes(rng))]), 5]],
  "frames of wrong sizes": (rng) => [
    [
      Buffer.concat([
        HI,
        frame(
          pick(rng, [PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE]),
          0,
          rng.integer(2),
          drawBytes(rng),
        ),
      ]),
      5,
    ],
  ],
  "a frame that says it is large": (rng) => [
    [Buffer.concat([HI, frame(rng.integer(12), 0, 1, drawBytes(rng), pick(rng, [16_385, 1 << 20, (1 << 24) - 1]))]), 5],
  ],
  "frames on streams that are not theirs": (rng) => [
    [
      Buffer.concat([
        HI,
        frame(
          pick(rng, [DATA, HEADERS, RST_STREAM, CONTINUATION, PUSH_PROMISE]),
          4,
          pick(rng, [0, 2, 2 ** 31 - 1]),
          headers(),
        ),
      ]),
      5,
    ],
  ],
  "frames that there are not": (rng) => [
    [
      Buffer.concat([
        HI,
        many(20, () => frame(10 + rng.integer(240), rng.integer(256), rng.integer(4), drawBytes(rng))),
      ]),
      5,
    ],
  ],
  "a flood of continuations": (rng) => [
    [Buffer.concat([HI, frame(HEADERS, 0, 1, headers())]), 0],
    [many(FLOOD, () => frame(CONTINUATION, 0, 1, rng.integer(2) === 0 ? Buffer.alloc(0) : header("a", "b"))), 5],
  ],
  "rapid resets": () => [
    [HI, 0],
    [
      many(FLOOD, (i) =>
        Buffer.concat([frame(HEADERS, END_HEADERS, 2 * i + 1, headers()), frame(RST_STREAM, 0, 2 * i + 1, word(8))]),
      ),
      20,
    ],
  ],
  "a flood of settings": (rng) => [
    [
      Buffer.concat([HI, many(FLOOD, () => frame(SETTINGS, 0, 0, setting(1 + rng.integer(6), rng.integer(70_000))))]),
      20,
    ],
  ],
  "a flood of pings": () => [[Buffer.concat([HI, many(FLOOD, () => frame(PING, 0, 0, Buffer.alloc(8)))]), 20]],
  "a flood of empty frames": () => [
    [
      Buffer.concat([
        HI,
        frame(HEADERS, END_HEADERS, 1, headers()),
        many(FLOOD, () => frame(DATA, 0, 1, Buffer.alloc(0))),
      ]),
      20,
    ],
  ],
  "a flood of priorities": () => [
    [
      Buffer.concat([
        HI,
        many(FLOOD, (i) => frame(PRIORITY, 0, 2 * i + 1, Buffer.concat([word(2 * i + 1), Buffer.from([9])]))),
      ]),
      5,
    ],
  ],
  "a header bomb": (rng) => {
    const once = header("x-bomb", "b".repeat(3900), true);
    const block = Buffer.concat([headers(), once, Buffer.alloc(pick(rng, [10, 1000, 10_000]), 0xbe)]);
    return [[Buffer.concat([HI, frame(HEADERS, END_HEADERS, 1, block)]), 10]];
  },
  "headers too long": (rng) => [
    [
      Buffer.concat([
        HI,
        frame(HEADERS, END_HEADERS, 1, headers({ "x-long": "l".repeat(pick(rng, [4000, 9000, 16_000])) })),
      ]),
      10,
    ],
  ],
  "headers that are none": (rng) => [[Buffer.concat([HI, frame(HEADERS, END_HEADERS, 1, drawBytes(rng))]), 5]],
  "headers that a call has not": (rng) => {
    const members = pick(rng, [
      { ":method": "GET" },
      { ":path": "*" },
      { ":path": `/${"a".repeat(3000)}` },
      { ":path": "/icrl.v1.EnvironmentService/Play?x=%00" },
      { "content-type": "text/html" },
      { te: "" },
      { "grpc-timeout": "0n" },
      { "grpc-timeout": "99999999H" },
      { "grpc-timeout": "-1S" },
      { "grpc-encoding": "gzip" },
      { "grpc-encoding": "\u00ff" },
      { "grpc-accept-encoding": "x".repeat(3000) },
      { authorization: `Bearer ${"k".repeat(3000)}` },
      { "x-bin": "*" },
      { "grpc-status-details-bin": "AAAA" },
      { connection: "close" },
      { UPPER: "case" },
    ] as Record<string, string>[]);
    return [[Buffer.concat([HI, frame(HEADERS, END_HEADERS | END_STREAM, 1, headers(members))]), 10]];
  },
  "messages that lie": (rng) => [
    [
      Buffer.concat([
        HI,
        frame(HEADERS, END_HEADERS, 1, headers()),
        frame(
          DATA,
          rng.integer(2),
          1,
          message(drawBytes(rng), pick(rng, [0, 1, 2, 255]), pick(rng, [0, 1, 100, 65_537, 2 ** 31, 2 ** 32 - 1])),
        ),
      ]),
      20,
    ],
  ],
  "padding longer than its frame": () => [
    [Buffer.concat([HI, frame(HEADERS, END_HEADERS | 8, 1, Buffer.concat([Buffer.from([255]), headers()]))]), 5],
  ],
  "a window of nothing": (rng) => [
    [Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, setting(4, 0)), frame(HEADERS, END_HEADERS, 1, headers())]), 0],
    [frame(DATA, 0, 1, message(Buffer.from([0x0a, 4, 0x08, 1, 0x10, 1]))), 20],
    [many(rng.integer(20), () => frame(WINDOW_UPDATE, 0, 1, word(1))), 20],
  ],
  "windows that overflow": (rng) => [
    [
      Buffer.concat([
        HI,
        many(2, () => frame(WINDOW_UPDATE, 0, 0, word(2 ** 31 - 1))),
        frame(SETTINGS, 0, 0, setting(4, pick(rng, [2 ** 31, 2 ** 32 - 1]))),
        frame(WINDOW_UPDATE, 0, 0, word(0)),
      ]),
      5,
    ],
  ],
  "more data than the window": () => [
    [
      Buffer.concat([
        HI,
        frame(HEADERS, END_HEADERS, 1, headers()),
        many(8, () => frame(DATA, 0, 1, Buffer.alloc(16_384))),
      ]),
      20,
    ],
  ],
  "calls after goodbye": (rng) => [
    [Buffer.concat([HI, frame(GOAWAY, 0, 0, Buffer.concat([word(0), word(rng.integer(20))]))]), 5],
    [frame(HEADERS, END_HEADERS, 1, headers()), 10],
  ],
  "a stream twice": () => [
    [Buffer.concat([HI, many(2, () => frame(HEADERS, END_HEADERS | END_STREAM, 1, headers()))]), 10],
  ],
  "streams that say nothing": () => [
    [Buffer.concat([HI, many(280, (i) => frame(HEADERS, END_HEADERS, 2 * i + 1, headers()))]), 20],
  ],
};

const NAMES = Object.keys(ABUSES);

/** One of them. */
export function drawFrames(rng: Rng): SocketCase {
  const what = pick(rng, NAMES);
  return { kind: "socket", what, chunks: ABUSES[what](rng) };
}
