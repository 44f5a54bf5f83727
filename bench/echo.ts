/**
 * A bare grpc-js echo: the limit that a lock-step is held against. A stream's first message says how long the answers are; every
 * further message is answered by that many bytes. Nothing is encoded or decoded.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client, credentials, Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";

const PATH = "/bench.Echo/Play";
const identity = (bytes: Buffer): Buffer => bytes;

/** An echo server process. */
export interface EchoServer {
  /** Round trips per second with these message sizes, in bytes, measured for about `ms` milliseconds. */
  roundTripsPerSecond(requestBytes: number, responseBytes: number, ms: number): Promise<number>;
  close(): void;
}

/** Starts one, in a process of its own. */
export async function startEcho(): Promise<EchoServer> {
  const child = fork(fileURLToPath(import.meta.url), ["serve"], { stdio: "inherit" });
  const [port] = (await once(child, "message")) as [number];
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  return {
    async roundTripsPerSecond(requestBytes, responseBytes, ms) {
      const call = client.makeBidiStreamRequest<Buffer, Buffer>(PATH, identity, identity);
      const request = Buffer.alloc(requestBytes, 1);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(responseBytes);
      call.write(size);
      let count = 0;
      const rate = await new Promise<number>((resolve, reject) => {
        let startedAt = 0;
        call.on("data", () => {
          const now = performance.now();
          if (startedAt === 0) startedAt = now;
          else count += 1;
          if (now - startedAt >= ms) resolve((count / (now - startedAt)) * 1000);
          else call.write(request);
        });
        call.on("error", reject);
      });
      call.removeAllListeners("error");
      call.on("error", () => {});
      call.cancel();
      return rate;
    },
    close() {
      client.close();
      child.kill();
    },
  };
}

function serve(): void {
  const server = new Server();
  const method = {
    path: PATH,
    requestStream: true as const,
    responseStream: true as const,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  server.addService(
    { play: method },
    {
      play(stream: ServerDuplexStream<Buffer, Buffer>) {
        let answer: Buffer | undefined;
        stream.on("data", (bytes: Buffer) => {
          answer ??= Buffer.alloc(bytes.readUInt32LE(), 2);
          stream.write(answer);
        });
        stream.on("error", () => {});
      },
    },
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.send?.(port);
  });
  process.on("disconnect", () => process.exit());
}

if (process.argv[2] === "serve" && process.argv[1] === fileURLToPath(import.meta.url)) serve();
