/** HTTP/2 by hand: what no client library would send. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What a client says first. */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const TYPES = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7 } as const;
const END_HEADERS = 4;

/** A frame. */
export function frame(type: keyof typeof TYPES, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = TYPES[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A client's first words: the preface and its settings, all as they are by default. */
export const opening = (): Buffer => Buffer.concat([PREFACE, frame("settings", 0, 0, Buffer.alloc(0))]);

/** The headers of a gRPC call, none of them packed. */
export function callHeaders(stream: number, path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const fields = {
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "test",
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  };
  const texts = Object.entries(fields).map(([name, value]) =>
    Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]),
  );
  return frame("headers", END_HEADERS, stream, Buffer.concat(texts));
}

/** A message of a gRPC call. */
export function callMessage(stream: number, message: Buffer, packed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = Number(packed);
  head.writeUInt32BE(message.length, 1);
  return frame("data", 0, stream, Buffer.concat([head, message]));
}

/** The end of a stream by force. */
export function reset(stream: number): Buffer {
  const code = Buffer.alloc(4);
  code.writeUInt32BE(8); // CANCEL
  return frame("reset", 0, stream, code);
}

/** A socket to HOST:PORT that a test speaks over as it likes; closed when the test ends. */
export async function bareSocket(address: string, options: { allowHalfOpen?: boolean } = {}): Promise<BareSocket> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  const socket = connect({ port: Number(address.slice(at + 1)), host, ...options });
  socket.on("error", () => {}); // reset: it closes
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const ended = new Promise<void>((resolve) => socket.once("end", () => resolve()));
  let heard = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    heard = Buffer.concat([heard, bytes]);
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return {
    socket,
    closed,
    ended,
    get heard() {
      return heard;
    },
  };
}

/** Such a socket. */
export interface BareSocket {
  readonly socket: Socket;
  /** Resolves when it is closed, by whomever. */
  readonly closed: Promise<void>;
  /** Resolves when the other end has said its last. */
  readonly ended: Promise<void>;
  /** All that came. */
  readonly heard: Buffer;
}
