/** A trial that was cut short between two of its episodes is short in the log, too: whatever cut it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import type { LimitOptions } from "#icrl/server/sessions/limits.js";
import { type ManualClock, manualClock } from "../../support/manual-clock.js";
import { actions, opened, type RawStream, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, startTestServer, type TestServer, verify } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

/** Episodes of three steps, four in a trial. */
const RIVER = { task: "river-swim", options: { states: 4, horizon: 3, episodes: 4 } };

/** Rows of a server that has stopped, after two envs have taken so many steps and something has cut their trials short. */
async function rowsAfter(
  steps: number,
  cut: (stream: RawStream, server: TestServer, clock: ManualClock) => Promise<unknown>,
  limits: Partial<LimitOptions> = {},
): Promise<TrajectoryRow[]> {
  const dir = tempDir();
  const clock = manualClock();
  const server = await startTestServer(limits, undefined, undefined, dir, "debug", clock);
  onTestFinished(() => server.dispose());
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  await opened(stream, { ...RIVER, numEnvs: 2, trials: 2n });
  for (let step = 0; step < steps; step += 1) {
    stream.send(actions(step, [0, 1]));
    await stream.expect("observations");
  }
  await cut(stream, server, clock);
  await server.close(0);
  expect((await verify(dir.path)).problems).toEqual([]);
  return readLog(dir.path);
}

/** What a reader needs to see that a trial is short. */
const shown = ({ episode_index, length, complete, truncated, end_reason, regret, observations }: TrajectoryRow) => ({
  episode_index,
  length,
  complete,
  truncated,
  end_reason,
  known: regret !== null,
  observations: observations?.length,
});

const whole = { episode_index: 0, length: 3, complete: true, truncated: false, end_reason: "horizon", known: true };

const CUTS: readonly [
  what: string,
  reason: string,
  cut: (stream: RawStream, server: TestServer, clock: ManualClock) => Promise<unknown>,
  limits?: Partial<LimitOptions>,
][] = [
  [
    "a close",
    "AGENT_CLOSED",
    (stream) => {
      stream.send({ $case: "close", value: { reason: "" } });
      return stream.expect("closed");
    },
  ],
  [
    "the end of the stream",
    "AGENT_CLOSED",
    (stream) => {
      stream.call.end();
      return stream.ended;
    },
  ],
  [
    "a lost connection",
    "CONNECTION_LOST",
    async (stream, server) => {
      stream.call.cancel();
      // Who hangs up does not wait until the server knows.
      while (!server.said.some(({ event }) => event === "session_ended")) await nextTurn();
    },
  ],
  [
    "a deadline",
    "ACT_TIMEOUT",
    (stream, _, clock) => {
      clock.pass(100);
      return stream.ended;
    },
    { act_timeout_ms: 100, act_overtime_ms: 0 },
  ],
  [
    "an action out of range",
    "ACTION_OUT_OF_RANGE",
    (stream) => {
      stream.send(actions(3, [77, 0]));
      return stream.ended;
    },
  ],
  [
    "a server that stops",
    "SERVER_DRAINING",
    (_, server, clock) => {
      const closed = server.close(0);
      clock.pass(0);
      return closed;
    },
  ],
];

test.each(CUTS)(
  "%s between two episodes is the end of a trial that the log shows as short",
  async (_, reason, cut, limits) => {
    const rows = await rowsAfter(3, cut, limits);
    const end = { episode_index: 1, length: 0, complete: false, truncated: true, end_reason: reason, known: false };
    const trial = [
      { ...whole, observations: 4 },
      { ...end, observations: 1 },
    ];
    const ids = [...new Set(rows.map((row) => row.trial_id))];
    expect(ids).toHaveLength(2);
    for (const id of ids) expect(rows.filter((row) => row.trial_id === id).map(shown)).toEqual(trial);
  },
);

test("a trial of which nothing was played leaves nothing", async () => {
  expect(
    await rowsAfter(0, (stream) => {
      stream.call.cancel();
      return stream.ended;
    }),
  ).toEqual([]);
});
