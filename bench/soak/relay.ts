/** A relay between clients and a server that comes and goes, on whose connections faults can be injected. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A relay. */
export interface Relay {
  /** HOST:PORT that clients connect to. */
  readonly address: string;
  /** Connections that are open. */
  readonly size: number;
  /** Where it leads from now on; undefined: nowhere, whoever comes is thrown out. */
  lead(target: string | undefined): void;
  /** Breaks connections off, on both sides: those that `which` picks. */
  cut(which: (index: number) => boolean): number;
  /** Lets nothing through for a while, in milliseconds. */
  stall(ms: number): void;
  /** Ends one side of a connection that `which` picks, and lets the other one go on. */
  halfClose(which: (index: number) => boolean): number;
  close(): void;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Opens one on a free port of loopback. */
export async function openRelay(): Promise<Relay> {
  const pairs = new Set<Pair>();
  let target: string | undefined;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    near.on("error", () => {});
    if (target === undefined) {
      near.destroy();
      return;
    }
    const at = target.lastIndexOf(":");
    const far = connect({ host: target.slice(0, at), port: Number(target.slice(at + 1)), allowHalfOpen: true });
    far.setNoDelay(true);
    const pair = { near, far };
    pairs.add(pair);
    far.on("error", () => {});
    const gone = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.on("close", gone);
    far.on("close", gone);
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const picked = (which: (index: number) => boolean) => [...pairs].filter((_, index) => which(index));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get size() {
      return pairs.size;
    },
    lead(to) {
      target = to;
    },
    cut(which) {
      const some = picked(which);
      for (const { near, far } of some) {
        near.destroy();
        far.destroy();
      }
      return some.length;
    },
    stall(ms) {
      for (const { near, far } of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        setTimeout(() => {
          near.pipe(far);
          far.pipe(near);
        }, ms).unref();
      }
    },
    halfClose(which) {
      const some = picked(which);
      for (const { far } of some) far.end();
      return some.length;
    },
    close() {
      server.close();
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
    },
  };
}
