/** What is played and read beside free play: loops that go on until they are stopped, whatever happens to the server. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Connection, connect } from "../../clients/typescript/connect.js";
import { IcrlError } from "../../common/errors.js";
import { startProgram } from "../../jobs/processes/program.js";
import { Behaviour, CollectionSpec, CollectionState, CollectionTask } from "../../proto/gen/icrl/v1/collection.js";
import { made } from "../attacks/raw.js";
import type { Ground } from "./ground.js";

/** What came of the loads of a ground. */
export interface LoadCounts {
  /** Tournaments that were played to their end, by a command that was given again when it broke off. */
  tournaments: number;
  /** Of those, by id: the trials that were played, by the results. */
  readonly tournamentTrials: Map<string, number>;
  /** Trials that were forfeited, where what their agents lost was more than the protocol forgives. */
  forfeits: number;
  /** Times that such a command was given again. */
  tournamentsResumed: number;
  collections: number;
  collectionsBegunAgain: number;
  /** Labels of the whole dataset. */
  labels: number;
  labelsResumed: number;
  /** Reads of the log and of lists that were answered. */
  reads: number;
  /** Reads that failed: the server was away, or its connection cut. */
  readsFailed: number;
  /** Why, by reason, or by the words of an error that has none. */
  readonly readErrors: Record<string, number>;
  /** Documents of the page. */
  pages: number;
  /** What should not have happened. */
  readonly wrong: string[];
}

/** None yet. */
export const noLoads = (): LoadCounts => ({
  ...{
    tournaments: 0,
    tournamentTrials: new Map(),
    forfeits: 0,
    tournamentsResumed: 0,
    collections: 0,
    collectionsBegunAgain: 0,
  },
  ...{ labels: 0, labelsResumed: 0, reads: 0, readsFailed: 0, readErrors: {}, pages: 0, wrong: [] },
});

/** What it reads of a tournament's results. */
interface Results {
  readonly tournament: { readonly id: string };
  readonly leaderboard: readonly { readonly trials: number; readonly forfeits: number }[];
}

/** What `tournament run` ends with where something was forfeited. */
const FORFEITED = 4;

/** Trials of a tournament's match. */
const TRIALS = 12;
/** How often a command is given again before that is a fault. */
const TRIES = 30;
/** How long each loop rests after what it has done, in milliseconds. */
const REST_MS = 3000;

/** The process of a load, while there is one: what an agent that is killed is. */
export interface Victim {
  kill: (() => void) | undefined;
}

/** Runs the program to its end. @returns whether it ended well */
async function ran(args: readonly string[], victim: Victim, signal: AbortSignal, well = [0]): Promise<boolean> {
  const program = startProgram(args);
  program.stdout.resume();
  return heard(
    args.slice(0, 2).join(" "),
    program.stderr,
    program.ended,
    () => program.kill("SIGKILL"),
    victim,
    signal,
    well,
  );
}

/** Labels a dataset, in a process. @returns whether it ended well */
function labelled(args: readonly string[], victim: Victim, signal: AbortSignal): Promise<boolean> {
  const child = fork(fileURLToPath(new URL("labeller.js", import.meta.url)), args, { silent: true });
  const ended = once(child, "exit").then(([by]) => ({ by: by as number }));
  return heard("labels", child.stderr as Readable, ended, () => child.kill("SIGKILL"), victim, signal, [0]);
}

/** Waits until a process has ended, which may be killed meanwhile. @returns whether it ended well */
async function heard(
  what: string,
  stderr: Readable,
  ended: Promise<{ readonly by: unknown }>,
  kill: () => void,
  victim: Victim,
  signal: AbortSignal,
  well: readonly number[],
): Promise<boolean> {
  let said = "";
  stderr.on("data", (text: Buffer | string) => {
    said = `${said}${text}`.slice(-2000);
  });
  victim.kill = kill;
  signal.addEventListener("abort", kill);
  const { by } = await ended;
  signal.removeEventListener("abort", kill);
  victim.kill = undefined;
  lastSaid = `${what} ended with ${by}: ${said.trim().slice(-500)}`;
  return well.includes(Number(by));
}

/** What the last program said, for whoever finds that it will not end well. */
let lastSaid = "";

/** Has the same done again until it ends well. @returns how often it was begun again; undefined where that was too often, or it was stopped */
async function untilDone(once: () => Promise<boolean>, counts: LoadCounts, signal: AbortSignal) {
  for (let again = 0; !signal.aborted; again++) {
    if (await once().catch(() => false)) return again;
    if (signal.aborted) return undefined;
    if (again === TRIES) {
      counts.wrong.push(`given ${TRIES} times, it did not end well: ${lastSaid}`);
      return undefined;
    }
    await wait(500);
  }
  return undefined;
}

/** Tournaments of built-in agents, one after the other, by the command line. */
export async function tournaments(
  ground: Ground,
  dir: string,
  counts: LoadCounts,
  victim: Victim,
  signal: AbortSignal,
) {
  mkdirSync(dir, { recursive: true });
  for (let count = 0; !signal.aborted; count++) {
    const file = join(dir, `${count}.json`);
    const out = join(dir, `${count}`);
    const spec = {
      name: `soak ${count}`,
      seed: count,
      trials: TRIALS,
      tasks: [
        { id: "bandit", task: "bernoulli-bandit", options: { arms: 3, horizon: 30 } },
        { id: "river", task: "river-swim", options: { states: 4, horizon: 5, episodes: 4 } },
      ],
      agents: [
        { name: "a", agent: "uniform" },
        { name: "b", agent: "uniform" },
      ],
    };
    writeFileSync(file, JSON.stringify(spec));
    const args = ["tournament", "run", file, "--out", out, "--server", ground.relay.address];
    const again = await untilDone(() => ran(args, victim, signal, [0, FORFEITED]), counts, signal);
    if (again === undefined) continue;
    counts.tournaments += 1;
    counts.tournamentsResumed += again;
    const { tournament, leaderboard } = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as Results;
    const forfeits = leaderboard.reduce((sum, row) => sum + row.forfeits, 0);
    counts.forfeits += forfeits;
    counts.tournamentTrials.set(tournament.id, leaderboard.reduce((sum, row) => sum + row.trials, 0) - forfeits);
    await wait(REST_MS, undefined, { signal }).catch(() => {});
  }
}

/** Collections, each by one agent's process. A server that was started again has forgotten it: then it is created again, and goes on. */
export async function collections(ground: Ground, counts: LoadCounts, victim: Victim, signal: AbortSignal) {
  for (let count = 0; !signal.aborted; count++) {
    const spec = made(CollectionSpec, {
      name: `soak ${count}`,
      seed: BigInt(count),
      tasks: [
        made(CollectionTask, { id: "a", task: "bernoulli-bandit", options: { arms: 3, horizon: 30 }, trials: 40 }),
      ],
      behaviours: [made(Behaviour, { name: "b", agent: "uniform", weight: 1 })],
    });
    const again = await untilDone(
      async () => {
        const connection = await connect(ground.relay.address);
        try {
          const { collection } = await connection.createCollection({ spec });
          const id = collection?.id ?? "";
          const args = ["agent", "uniform", "--connect", ground.relay.address, "--entrant", "b", "--collection", id];
          const well = await ran(args, victim, signal);
          const again = (await connection.createCollection({ spec })).collection;
          return well && again?.state === CollectionState.FINISHED;
        } finally {
          connection.close();
        }
      },
      counts,
      signal,
    );
    if (again === undefined) continue;
    counts.collections += 1;
    counts.collectionsBegunAgain += again;
    await wait(REST_MS, undefined, { signal }).catch(() => {});
  }
}

/** Labels of the whole dataset, under one name after the other. */
export async function labels(ground: Ground, counts: LoadCounts, victim: Victim, signal: AbortSignal) {
  for (let count = 0; !signal.aborted; count++) {
    const label = `${ground.name}-${count}`;
    const again = await untilDone(() => labelled([ground.relay.address, label], victim, signal), counts, signal);
    if (again === undefined) continue;
    counts.labels += 1;
    counts.labelsResumed += again;
    await wait(3 * REST_MS, undefined, { signal }).catch(() => {});
  }
}

/** Reads of everything that can be read; some are given up half-way. */
export async function reader(ground: Ground, counts: LoadCounts, signal: AbortSignal) {
  let connection: Connection | undefined;
  for (let count = 0; !signal.aborted; count++) {
    try {
      connection ??= await connect(ground.relay.address);
      await readOnce(connection, count);
      counts.reads += 1;
    } catch (error) {
      counts.readsFailed += 1;
      const why = error instanceof IcrlError ? error.reason : (error as Error).message.replaceAll(/\d+/g, "N");
      counts.readErrors[why] = (counts.readErrors[why] ?? 0) + 1;
      await wait(300);
    }
    await wait(500, undefined, { signal }).catch(() => {});
  }
  connection?.close();
}

async function readOnce(connection: Connection, count: number): Promise<void> {
  switch (count % 6) {
    case 0: {
      const first = await connection.listTrajectories({ filter: undefined, pageSize: 100, pageToken: "" });
      await connection.listTrajectories({ filter: undefined, pageSize: 100, pageToken: first.nextPageToken });
      return;
    }
    case 1: {
      let chunks = 0;
      for await (const _ of connection.streamTrajectories({ filter: undefined, limit: 2000n })) {
        chunks += 1;
        if (count % 12 === 1 && chunks === 1) return; // leaves
      }
      return;
    }
    case 2:
      await connection.getServerInfo();
      return;
    case 3:
      await connection.listTournaments({ pageSize: 10 });
      return;
    case 4:
      await connection.listCollections({ pageSize: 10 });
      return;
    default: {
      const { tournaments } = await connection.listTournaments({ pageSize: 1 });
      for (const { id } of tournaments) {
        for await (const _ of connection.watchTournament({ id })) return;
      }
    }
  }
}

/** The page, its data and the metrics. */
export async function browser(ground: Ground, counts: LoadCounts, signal: AbortSignal) {
  while (!signal.aborted) {
    const page = ground.server.pageUrl?.replace(/#.*/, "") ?? "";
    for (const path of ["", "metrics", "api/overview", "api/agents", "api/trajectories"]) {
      await fetch(`${page}${path}`, { signal: AbortSignal.timeout(10_000) })
        .then(async (response) => {
          await response.arrayBuffer();
          counts.pages += 1;
        })
        .catch(() => {});
    }
    await wait(1000, undefined, { signal }).catch(() => {});
  }
}
