/** A server on a folder, behind a relay: what is played on. */
import type { PrivateServer } from "../../jobs/processes/private-server.js";
import { startPrivateServer } from "../../jobs/processes/private-server.js";
import { isAlive } from "../server-process.js";
import { openRelay, type Relay } from "./relay.js";

/** One. */
export interface Ground {
  readonly name: string;
  readonly dataDir: string;
  readonly relay: Relay;
  /** The process that serves now. */
  readonly server: PrivateServer;
  /** What it said in its own log that was a warning or worse. */
  readonly said: string[];
  /** Ends its process, by force or by draining, and starts another one on the folder. */
  restart(how: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Drains it and ends it. */
  close(): Promise<void>;
}

/** Starts one. */
export async function openGround(name: string, dataDir: string, datasetDir: string): Promise<Ground> {
  const said: string[] = [];
  const start = () =>
    startPrivateServer(dataDir, {
      flags: [
        ...["--dataset", datasetDir],
        ...["--http", "127.0.0.1:0"],
        ...["--drain-ms", "2000"],
        ...["--resume-ms", "60000"],
      ],
      say: (line) => void said.push(line),
    });
  const relay = await openRelay();
  let server = await start();
  relay.lead(server.address);
  return {
    name,
    dataDir,
    relay,
    said,
    get server() {
      return server;
    },
    async restart(how) {
      const { pid } = server;
      process.kill(pid, how);
      await server.close();
      relay.lead(undefined);
      if (isAlive(pid)) throw new Error(`process ${pid} outlived ${how}`);
      server = await start();
      relay.lead(server.address);
    },
    async close() {
      await server.close();
      relay.close();
    },
  };
}
