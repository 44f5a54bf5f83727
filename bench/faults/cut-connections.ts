/** Plays a workload through a relay with faults, and without, and compares what is left of it. */
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Connection, type ConnectOptions, connect } from "../../clients/typescript/connect.js";
import type { PlayStream } from "../../clients/typescript/play-stream.js";
import { type PrivateServer, startPrivateServer } from "../../jobs/processes/private-server.js";
import { type FaultKind, type FaultRelay, startFaultRelay } from "./relay.js";
import type { Place, Workload } from "./workloads.js";

/** Beside the faults of a relay: the server is told to stop, and started again on the folder. */
export type Disturbance = FaultKind | "restart";

/** How a workload is disturbed. */
export interface CutPlan {
  readonly disturbance: Disturbance;
  readonly workload: Workload;
  readonly faults: number;
  readonly seed: bigint;
  /** A folder of its own. */
  readonly folder: string;
  /** A dataset to label, which is copied. */
  readonly datasetDir: string;
}

/** What came of it. */
export interface CutOutcome {
  readonly workload: string;
  readonly disturbance: Disturbance;
  readonly faults: number;
  /** Times that the agents' connections were lost and made again. */
  readonly reconnects: number;
  readonly rounds: number;
  /** Trials whose end an agent was told; of labels those that have them when it is over. */
  readonly acknowledged: number;
  /** Trials that are there afterwards, and how many there are without faults. */
  readonly found: number;
  readonly expected: number;
  /** Of all that is there with and without faults: what differs, is missing or is too much. */
  readonly different: readonly string[];
  /** What went wrong on the way. */
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Signs of life are asked for so often here, in milliseconds: what goes silent is noticed within the double. */
const KEEPALIVE_MS = 700;
const DELAY_MS = 150;
const WITHIN_BYTES = 12_000;
const FLAGS = [
  "--drain-ms",
  "100",
  "--keepalive-ms",
  String(KEEPALIVE_MS),
  "--resume-ms",
  "30000",
  "--entrant-timeout-ms",
  "60000",
];
/** Rounds that may be played to come to the faults. */
const MOST_ROUNDS = 1000;

/** Whether nothing was lost. */
export const isWhole = ({ different, failures, acknowledged, found }: CutOutcome): boolean =>
  different.length === 0 && failures.length === 0 && acknowledged <= found;

/** Plays rounds until so many faults were met, and as many without. */
export async function cutConnections(plan: CutPlan): Promise<CutOutcome> {
  const { workload, disturbance, seed } = plan;
  const startedAt = performance.now();
  const disturbed = await startPlace(plan, "disturbed", FLAGS);
  const relay = await startFaultRelay(disturbed.address, {
    kind: disturbance === "restart" ? "cut" : disturbance,
    faults: disturbance === "restart" ? 0 : plan.faults,
    seed,
    delayMs: DELAY_MS,
    withinBytes: WITHIN_BYTES,
  });
  const tally = { reconnects: 0, acknowledged: 0, restarts: 0 };
  const failures: string[] = [];
  const through = async () => {
    const options: ConnectOptions = {
      keepaliveMs: KEEPALIVE_MS,
      onReconnect: ({ is }) => {
        if (is === "back") tally.reconnects += 1;
      },
    };
    return counted(await connect(relay.address, undefined, undefined, undefined, options), tally, () =>
      disturbance === "restart" && tally.restarts < plan.faults ? maybeRestart() : undefined,
    );
  };
  let heard = 0;
  let restarting: Promise<void> | undefined;
  /** Every so many messages the server is started again. */
  function maybeRestart(): void {
    heard += 1;
    if (heard % 60 !== 30 || restarting !== undefined) return;
    tally.restarts += 1;
    restarting = disturbed.restart(relay).finally(() => {
      restarting = undefined;
    });
  }
  const met = () => (disturbance === "restart" ? tally.restarts : relay.injected);
  let rounds = 0;
  try {
    while (met() < plan.faults && failures.length === 0 && rounds < MOST_ROUNDS) {
      try {
        const before = tally.acknowledged;
        const told = await workload.round(rounds, through, disturbed.place);
        if (told !== undefined) tally.acknowledged = before + told;
      } catch (error) {
        failures.push(`round ${rounds}: ${(error as Error).message}`);
      }
      rounds += 1;
    }
    await restarting;
  } finally {
    await relay.close();
  }
  const undisturbed = await startPlace(plan, "undisturbed", []);
  for (let round = 0; round < rounds; round += 1) {
    await workload.round(round, undisturbed.place.direct, undisturbed.place);
  }
  const [found, expected] = [await disturbed.found(rounds), await undisturbed.found(rounds)];
  return {
    workload: workload.name,
    disturbance,
    faults: met(),
    reconnects: tally.reconnects,
    rounds,
    acknowledged: tally.acknowledged,
    found: trialsIn(found),
    expected: trialsIn(expected),
    different: differences(found, expected),
    failures,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

const trialsIn = (found: ReadonlyMap<string, string>): number =>
  [...found.keys()].filter((key) => !/^(file|results) /.test(key)).length;

/** What differs, each with where: its first characters that do. */
function differences(found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  const keys = [...new Set([...found.keys(), ...expected.keys()])];
  return keys.flatMap((key) => {
    const [is, should] = [found.get(key), expected.get(key)];
    if (is === should) return [];
    if (is === undefined) return [`${key}: missing`];
    if (should === undefined) return [`${key}: too much`];
    let at = 0;
    while (is[at] === should[at]) at += 1;
    const shown = (text: string) => text.slice(Math.max(0, at - 60), at + 60);
    return [`${key}: ${shown(is)} where ${shown(should)} was to be`];
  });
}

/** A server with folders of its own. */
async function startPlace({ folder, workload, datasetDir }: CutPlan, name: string, more: readonly string[]) {
  const dataDir = join(folder, name, "log");
  const copy = join(folder, name, "dataset");
  mkdirSync(dataDir, { recursive: true });
  if (workload.labels) cpSync(datasetDir, copy, { recursive: true });
  const flags = [...more, ...(workload.labels ? ["--dataset", copy] : [])];
  const start = () => startPrivateServer(dataDir, { flags });
  let server: PrivateServer = await start();
  let restarted = Promise.resolve();
  const direct = async () => {
    await restarted;
    return connect(server.address);
  };
  const place: Place = { dataDir, datasetDir: copy, direct };
  async function restart(relay: FaultRelay): Promise<void> {
    process.kill(server.pid, "SIGTERM");
    await server.close();
    server = await start();
    relay.target = server.address;
  }
  return {
    address: server.address,
    place,
    restart(relay: FaultRelay): Promise<void> {
      restarted = restart(relay);
      return restarted;
    },
    /** What is there; the server stops for it, and is asked once more for what only it knows. */
    async found(rounds: number): Promise<Map<string, string>> {
      await server.close();
      server = await start();
      try {
        return await workload.found(rounds, place);
      } finally {
        await server.close();
      }
    },
  };
}

/** A connection whose streams count the ends of trials that they hear of. */
function counted(connection: Connection, tally: { acknowledged: number }, onMessage: () => void): Connection {
  return {
    ...connection,
    play(): PlayStream {
      const stream = connection.play();
      return {
        get reconnects() {
          return stream.reconnects;
        },
        get ended() {
          return stream.ended;
        },
        send: (message) => stream.send(message),
        finish: () => stream.finish(),
        cancel: () => stream.cancel(),
        async next() {
          const message = await stream.next();
          if (message.$case === "observations") tally.acknowledged += message.value.trialEnds.length;
          onMessage();
          return message;
        },
      };
    },
  };
}
