/** What is played through the faulty relay, and what must be the same without it. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm";
import { findAgent } from "../../agents/registry.js";
import type { Connection } from "../../clients/typescript/connect.js";
import { labelDataset } from "../../clients/typescript/label-dataset.js";
import { playAgent } from "../../clients/typescript/play-agent.js";
import { serveMatches } from "../../clients/typescript/serve-matches.js";
import { labelFolder } from "../../datasets/folder/label-folder.js";
import { readEpisodes } from "../../datasets/log/read-episodes.js";
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";

/** Where it is played. */
export interface Place {
  /** Folder of the server's log. */
  readonly dataDir: string;
  /** Folder of the server's dataset. */
  readonly datasetDir: string;
  /** Reaches the server without faults. */
  readonly direct: () => Promise<Connection>;
}

/** A kind of work, in rounds. Each is a few seconds of it, decided by its number alone. */
export interface Workload {
  readonly name: "play" | "match" | "label";
  /** Whether the server is to have a dataset. */
  readonly labels: boolean;
  /**
   * Plays a round: agents over connections that `through` gives, whatever is not theirs directly. Resolves with the trials that were
   * acknowledged, where that is not each whose end was told: labels are durable only once all of what is open has them.
   */
  round(round: number, through: () => Promise<Connection>, place: Place): Promise<number | undefined>;
  /** Trials that there are when the server has stopped, and what they are: equal texts, equal content. */
  found(rounds: number, place: Place): Promise<Map<string, string>>;
}

const TASKS = [
  { id: "bandit", task: "bernoulli-bandit", options: { arms: 4, horizon: 30 } },
  { id: "river", task: "river-swim", options: { states: 4, horizon: 10, episodes: 4 } },
  { id: "linear", task: "linear-bandit", options: { dim: 3, actions: 5, horizon: 30 } },
] as const;
/** An agent for each of them. */
const AGENTS = ["thompson", "psrl", "lin-ucb"] as const;

/** Free play, two streams of one connection side by side. */
const play: Workload = {
  name: "play",
  labels: false,
  async round(round, through) {
    const { task, options } = TASKS[round % TASKS.length];
    const connection = await through();
    try {
      await playAgent(connection, findAgent(AGENTS[round % AGENTS.length]), {
        task,
        taskOptions: options,
        trials: 24,
        numEnvs: 8,
        streams: 2,
        seed: BigInt(round),
        tags: { round: String(round) },
      });
      return undefined;
    } finally {
      connection.close();
    }
  },
  found: (_, { dataDir }) =>
    trialsOf(dataDir, ({ tags, trial_id }) => `${(JSON.parse(tags) as { round: string }).round} ${trial_id}`),
};

/** A tournament of two entrants on two tasks, each entrant on a connection of its own, with two sessions. */
const match: Workload = {
  name: "match",
  labels: false,
  async round(round, through, { direct }) {
    const agents = ["thompson", "uniform"];
    const spec: TournamentSpec = {
      name: `round-${round}`,
      seed: BigInt(round),
      trials: 8,
      tasks: [TASKS[0], { id: "wide", task: "bernoulli-bandit", options: { arms: 9, horizon: 20 } }],
      agents: agents.map((agent) => ({ name: agent, agent, options: {}, tasks: [] })),
    };
    const connections: Connection[] = [];
    const failures: string[] = [];
    try {
      const creator = await direct();
      connections.push(creator);
      const { tournament } = await creator.createTournament({ spec, seedKey: Buffer.alloc(0) });
      const id = tournament?.id ?? "";
      await Promise.all(
        agents.map(async (agent) => {
          const connection = await through();
          connections.push(connection);
          await serveMatches(connection, findAgent(agent), {
            ...{ entrant: agent, tournamentId: id, numEnvs: 4 },
            onMatchFailed: (match, error) => failures.push(`${match}: ${error.message}`),
          });
        }),
      );
      const observer = await direct(); // the server may be another one by now
      connections.push(observer);
      for await (const update of observer.watchTournament({ id })) void update;
      if (failures.length > 0) throw new Error(failures.join("; "));
      return undefined;
    } finally {
      for (const connection of connections) connection.close();
    }
  },
  async found(rounds, { dataDir, direct }) {
    const trials = await trialsOf(
      dataDir,
      ({ agent_seed, entrant, task_id, trial_id }) => `${entrant} ${task_id} ${agent_seed} ${trial_id}`,
    );
    const observer = await direct();
    try {
      const { tournaments } = await observer.listTournaments();
      for (const { id, spec } of tournaments) {
        const { results } = await observer.getTournament({ id });
        trials.set(`results of ${spec?.name}`, text(results));
      }
      if (tournaments.length !== rounds) throw new Error(`${tournaments.length} tournaments, ${rounds} were played`);
    } finally {
      observer.close();
    }
    return trials;
  },
};

/** All trials of the dataset, under a name for each round, by two sessions. */
const label: Workload = {
  name: "label",
  labels: true,
  async round(round, through) {
    const connection = await through();
    try {
      let trials = 0; // of the dataset: all of them have durable labels once this is over
      await labelDataset(connection, findAgent("thompson"), {
        ...{ label: `round-${round}`, numEnvs: 6 },
        onProgress({ total }) {
          trials ||= total;
        },
      });
      return trials;
    } finally {
      connection.close();
    }
  },
  async found(rounds, { datasetDir }) {
    const found = new Map<string, string>();
    for (let round = 0; round < rounds; round += 1) {
      const folder = labelFolder(datasetDir, `round-${round}`);
      for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
        const bytes = readFileSync(join(folder, file));
        found.set(`file ${round} ${file}`, createHash("sha256").update(bytes).digest("hex"));
        if (!file.endsWith(".parquet")) continue;
        const episodes = tableFromIPC(readParquet(bytes).intoIPCStream()).getChild("episode_id");
        for (const episode of episodes ?? []) found.set(`${round} ${String(episode).replace(/-\d+$/, "")}`, "");
      }
    }
    return found;
  },
};

/** All of them. */
export const WORKLOADS: readonly Workload[] = [play, match, label];

/** Columns that differ between runs that are the same: who and when, and in which slot. */
const OUTSIDE = ["session_id", "started_at", "agent_ms", "tournament_id", "env_index"] as const;

/**
 * The trials of a log by a key of their rows, each with its episodes, in order. What a server that stopped cut short is played again from its
 * trial's beginning: the episode that was cut does not count, and those before it stand twice, equal.
 */
async function trialsOf(dataDir: string, keyOf: (row: TrajectoryRow) => string): Promise<Map<string, string>> {
  const trials = new Map<string, string[]>();
  for await (const row of readEpisodes(dataDir)) {
    if (row.end_reason === "SERVER_DRAINING") continue;
    const key = keyOf(row);
    const rows = trials.get(key) ?? [];
    trials.set(key, rows);
    rows.push(text(Object.fromEntries(Object.entries(row).filter(([name]) => !OUTSIDE.includes(name as never)))));
  }
  return new Map([...trials].map(([key, rows]) => [key, [...new Set(rows)].sort().join("\n")]));
}

/** JSON, with bigints and typed arrays. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "bigint") return String(member);
    return ArrayBuffer.isView(member) ? [...(member as unknown as Iterable<unknown>)].map(String) : member;
  });
}
