/** Sessions that end trials early, or play a series for each env, on a server that is stopped and started again in the middle of them. */
import { expect, onTestFinished, test } from "vitest";
import type { AgentMessage, ServerMessage } from "#icrl/clients/typescript/play-stream.js";
import { boolElements } from "#icrl/common/tensor.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { type Closed, type Observations, type Open, ResetMode } from "#icrl/proto/gen/icrl/v1/environment.js";
import { actions, hello, open, type RawStream, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, serverAfter, serverForTest, type TestServer } from "../../support/server.js";

const { NEXT_EPISODE, NEXT_TRIAL, SEEDS } = ResetMode;

/** Three episodes of three steps. */
const RIVER: Partial<Open> = { task: "river-swim", options: { states: 4, horizon: 3, episodes: 3 }, numEnvs: 2 };

/** What an env is in, and how far. */
interface Trial {
  readonly index: bigint;
  steps: number;
  resets: number;
}

/** Ends a trial early, by its index, so many steps after it began: what a trial is does not depend on when, or beside which, it is played. */
const RESETS: readonly { readonly mode: ResetMode; readonly after: number }[][] = [
  [],
  [{ mode: NEXT_EPISODE, after: 2 }],
  [
    { mode: NEXT_EPISODE, after: 1 },
    { mode: NEXT_TRIAL, after: 5 },
  ],
  [{ mode: SEEDS, after: 4 }],
  [{ mode: NEXT_TRIAL, after: 3 }], // between two episodes
];

/** An agent that answers by what is shown alone. @param own whether each env has a series of its own: then it is reset in other trials */
function resettingAgent(modes: readonly ResetMode[], own: boolean) {
  const none = () => [0, 1].map((): Trial => ({ index: 0n, steps: 0, resets: 0 }));
  let trials = none();
  const resetsOf = (env: number) =>
    RESETS[(Number(trials[env].index) + (own ? env : 0)) % RESETS.length].filter(({ mode }) => modes.includes(mode));
  return {
    /** What is open begins anew. */
    forget() {
      trials = none();
    },
    answer({ stepIndex, active, trialStarts }: Observations): AgentMessage | undefined {
      for (const { env, trialIndex } of trialStarts) trials[env] = { index: trialIndex, steps: 0, resets: 0 };
      const acting = active === undefined ? trials.map(() => 1) : [...boolElements(active, "active")];
      const due = trials.map((trial, env) => {
        const next = acting[env] === 1 ? resetsOf(env)[trial.resets] : undefined;
        return next !== undefined && trial.steps >= next.after ? next.mode : undefined;
      });
      const mode = due.find((one) => one !== undefined);
      if (mode !== undefined) {
        const envs = due.flatMap((one, env) => (one === mode ? [env] : []));
        for (const env of envs) trials[env].resets += 1;
        const seedsOf = (env: number) => ({ taskSeed: trials[env].index, noiseSeed: BigInt(env), agentSeed: 5n });
        return { $case: "reset", value: { stepIndex, envs, mode, seeds: mode === SEEDS ? envs.map(seedsOf) : [] } };
      }
      if (!acting.includes(1)) return undefined;
      const chosen = trials.map(({ index, steps }) => Number(index + BigInt(steps)) % 2);
      for (const [env, trial] of trials.entries()) trial.steps += acting[env];
      return actions(stepIndex, chosen);
    },
  };
}

/** A server, which the test that runs now disposes of, and a client of it. */
function clientOf({ address }: TestServer) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return client;
}

/** The next message but draining. */
async function nextOf(stream: RawStream): Promise<ServerMessage> {
  for (;;) {
    const { message } = await stream.next();
    if (message.$case !== "draining") return message;
  }
}

/**
 * Plays to the end; after every so many messages, more than a trial has, the server is stopped and started again on its folder, before and after the answer by turns.
 */
async function playThrough(members: Partial<Open>, modes: readonly ResetMode[], every: number) {
  const first = await serverForTest();
  const agent = resettingAgent(modes, members.envSeeds !== undefined);
  let server = first;
  let stream = rawStream(clientOf(server));
  stream.send(hello({ capabilities: ["resume"] }));
  const { resumeToken } = await stream.expect("welcome");
  stream.send(open({ ...RIVER, ...members }));
  let received = 0;
  let restarts = 0;
  async function restart(): Promise<void> {
    await server.close();
    restarts += 1;
    server = await serverAfter(first);
    stream = rawStream(clientOf(server));
    stream.send({ $case: "resume", value: { resumeToken, received: BigInt(received) } });
    expect((await stream.expect("welcome")).restarted).toBe(true);
    received = 0;
  }
  let closed: Closed | undefined;
  for (let n = 1; closed === undefined; n += 1) {
    const message = await nextOf(stream);
    received += 1;
    if (message.$case === "opened") agent.forget();
    if (message.$case === "closed") closed = message.value;
    const answer = message.$case === "observations" ? agent.answer(message.value) : undefined;
    const stops = n % every === 0 && answer !== undefined;
    if (answer !== undefined && (!stops || restarts % 2 === 1)) stream.send(answer);
    if (stops) await restart();
  }
  await server.close();
  return { closed, restarts, rows: await readLog(first.dataDir) };
}

/** Columns that differ between runs that are the same. */
const OUTSIDE = ["session_id", "started_at", "agent_ms"];

/** Rows of trials as they were played at last: what a server that stopped cut short does not count, and what was before it stands twice. */
function lastOf(rows: readonly TrajectoryRow[], ...more: readonly string[]): string[] {
  const text = (row: TrajectoryRow) =>
    JSON.stringify(
      Object.entries(row).filter(([name]) => ![...OUTSIDE, ...more].includes(name)),
      (_, value: unknown) =>
        typeof value === "bigint" ? String(value) : ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value,
    );
  return [...new Set(rows.filter(({ end_reason }) => end_reason !== "SERVER_DRAINING").map(text))].sort();
}

test.each([12, 17])(
  "a session with env_seeds and resets logs what it would have logged where its server is started again after every %i messages",
  async (every) => {
    const members = { trials: 20n, envSeeds: [3n, 2n ** 64n - 1n] };
    const modes = [NEXT_EPISODE, NEXT_TRIAL, SEEDS];
    const quiet = await playThrough(members, modes, Number.POSITIVE_INFINITY);
    const disturbed = await playThrough(members, modes, every);
    expect(disturbed.restarts).toBeGreaterThan(3);
    expect(lastOf(disturbed.rows)).toEqual(lastOf(quiet.rows));
    expect(disturbed.closed).toEqual(quiet.closed);
    // by hand: of the ten trials in each env two are not reset, and two ask for given seeds in the place of the next one's
    expect(quiet.closed).toMatchObject({ completeTrials: 4n, incompleteTrials: 16n, durableTrials: 20n });
    const given = quiet.rows.filter(({ series_seed }) => series_seed === null);
    expect(new Set(given.map(({ trial_index }) => trial_index))).toEqual(new Set([4n, 9n, 3n, 8n]));
    expect(given.every(({ agent_seed }) => agent_seed === 5n)).toBe(true);
  },
);

test("so does one whose envs share a series and are reset", async () => {
  const members = { trials: 11n, seed: 9n };
  const modes = [NEXT_EPISODE, NEXT_TRIAL];
  const quiet = await playThrough(members, modes, Number.POSITIVE_INFINITY);
  const disturbed = await playThrough(members, modes, 13);
  expect(disturbed.restarts).toBeGreaterThan(3);
  expect(lastOf(disturbed.rows, "env_index")).toEqual(lastOf(quiet.rows, "env_index"));
  expect(disturbed.closed).toEqual(quiet.closed);
});
