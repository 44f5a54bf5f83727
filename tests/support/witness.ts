/**
 * A session that plays while something goes wrong beside it: it must not notice, and what it played must be in the log.
 */
import type { Client } from "@grpc/grpc-js";
import { expect } from "vitest";
import { float32Elements } from "#icrl/common/tensor.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { actions, opened, rawClient, rawStream } from "./raw-stream.js";
import { readLog, type TestServer, verify } from "./server.js";

const ENVS = 2;
const TRIALS = 3;
const HORIZON = 3;
const EPISODES = 2;
/** Two envs play three trials of 2 x 3 steps: six lock-steps of both, six of env 0. */
const LOCK_STEPS = 12;

/** What a witness did and saw, by trial: actions and rewards in order. */
interface Seen {
  readonly sessionId: string;
  readonly trials: Map<bigint, { actions: number[]; rewards: number[] }>;
}

/** Witnesses of one server. */
export interface Witnesses {
  /** Plays half, awaits `disturb`, and plays the other half. */
  beside<T>(disturb: () => Promise<T>): Promise<T>;
  /** Stops the server; what every witness played is in the log, once, and the whole log verifies. Returns the log's rows. */
  checkLog(): Promise<TrajectoryRow[]>;
}

async function play<T>(client: Client, disturb: () => Promise<T>): Promise<{ seen: Seen; result: T }> {
  const stream = rawStream(client);
  let result: T | undefined;
  const { welcome, observations: first } = await opened(
    stream,
    {
      task: "river-swim",
      options: { states: 4, horizon: HORIZON, episodes: EPISODES },
      numEnvs: ENVS,
      trials: BigInt(TRIALS),
      seed: 3n,
    },
    { agent: "witness" },
  );
  const seen: Seen = { sessionId: welcome.sessionId, trials: new Map() };
  const trialOf = new Map<number, bigint>();
  let observations = first;
  for (let step = 0; step < LOCK_STEPS; step += 1) {
    if (step === LOCK_STEPS / 2) result = await disturb();
    for (const { env, trialIndex } of observations.trialStarts) {
      trialOf.set(env, trialIndex);
      seen.trials.set(trialIndex, { actions: [], rewards: [] });
    }
    const chosen = Array.from({ length: ENVS }, (_, env) => (step + env) % 2);
    const active = observations.active?.data ?? Buffer.alloc(ENVS, 1);
    stream.send(actions(step, chosen));
    observations = await stream.expect("observations");
    expect(observations.stepIndex).toBe(BigInt(step + 1));
    const rewards = float32Elements(observations.reward as never, "reward");
    for (let env = 0; env < ENVS; env += 1) {
      if (active[env] === 0) continue;
      const trial = seen.trials.get(trialOf.get(env) as bigint);
      trial?.actions.push(chosen[env]);
      trial?.rewards.push(rewards[env]);
    }
  }
  const closed = await stream.expect("closed");
  expect(closed).toMatchObject({
    completeTrials: 3n,
    incompleteTrials: 0n,
    episodes: 6n,
    steps: 18n,
    durableTrials: 3n,
  });
  stream.call.end();
  expect((await stream.ended).code).toBe(0);
  return { seen, result: result as T };
}

/** Witnesses of a server, on a connection of their own, which ends with `checkLog`. */
export function witnessesOf(server: TestServer): Witnesses {
  const all: Seen[] = [];
  const client = rawClient(server.address);
  return {
    async beside(disturb) {
      const { seen, result } = await play(client, disturb);
      all.push(seen);
      return result;
    },
    async checkLog() {
      client.close();
      await server.close();
      const report = await verify(server.dataDir);
      // Sessions of a test play the same trials, again and again: that is said, and nothing else.
      expect(report.problems.map(({ problem }) => problem)).toEqual(
        report.repeatedTrials > 0 ? [expect.stringContaining("are there more than once")] : [],
      );
      const rows = await readLog(server.dataDir);
      expect(rows.length).toBe(report.episodes);
      for (const { sessionId, trials } of all) {
        const own = rows.filter((row) => row.session_id === sessionId);
        expect(own.length).toBe(TRIALS * EPISODES);
        for (const [trialIndex, { actions: acted, rewards }] of trials) {
          const episodes = own.filter((row) => row.trial_index === trialIndex);
          expect(episodes.map((row) => row.episode_index)).toEqual([0, 1]);
          expect(episodes.every((row) => row.complete)).toBe(true);
          expect(episodes.flatMap((row) => [...row.actions])).toEqual(acted);
          expect(episodes.flatMap((row) => [...row.rewards])).toEqual(rewards);
        }
      }
      return rows;
    },
  };
}
