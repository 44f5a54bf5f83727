/** What a session says and does while the server computes its lock-steps over several turns of the event loop. */
import { expect, test, vi } from "vitest";
import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import { runAtOnce } from "#icrl/common/slices.js";
import type { Assignment } from "#icrl/server/matches/assignment.js";
import type { TrialResult } from "#icrl/server/matches/trial-source.js";
import { createPlay } from "#icrl/server/sessions/play.js";
import { playedDriver } from "#icrl/server/sessions/played-driver.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { createRecorder } from "#icrl/server/trajectories/recorder.js";
import type { RunInfo } from "#icrl/server/trajectories/sink.js";
import type { WorkQueue } from "#icrl/server/work/work-queue.js";
import { handSink } from "../../support/hand-sink.js";
import { handWork } from "../../support/hand-work.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, hello, open } from "../../support/raw-stream.js";
import { sessionOn } from "../../support/session-on.js";

/** Of which an instance takes about a dozen slices. */
const HEAVY = { task: "random-mdp", options: { states: 64, actions: 32, horizon: 20, episodes: 1 } };

const close: AgentMessage = { $case: "close", value: { reason: "" } };

/** Until what waits for promises that are resolved already has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Computes everything at once, however long it takes. */
const atOnce = (): WorkQueue => ({
  size: 0,
  line: () => expect.unreachable(),
  compute(slices, done) {
    done(runAtOnce(slices));
    return () => {};
  },
});

/** Trials of a task for an entrant, and what came of them. */
function assignmentOf(options: Record<string, number>, trials: number) {
  const results: TrialResult[] = [];
  let taken = 0;
  const assignment: Assignment = {
    tournamentId: "t",
    matchId: "mdp/a",
    taskId: "mdp",
    task: buildTask("random-mdp", options),
    agentOptions: {},
    source: {
      get remaining() {
        return BigInt(trials - taken);
      },
      take: () =>
        taken === trials
          ? undefined
          : { trialIndex: BigInt(taken++), seeds: { taskSeed: BigInt(taken), noiseSeed: 2n, agentSeed: 3n } },
      stepped() {},
      done: (result) => void results.push(result),
    },
    keepsTruncated: () => true,
  };
  return { assignment, results };
}

test("an open whose instances take long holds nobody up: another session is answered in every turn", () => {
  const { work, turn, waits, ...hand } = handWork();
  const heavy = sessionOn(work);
  const other = sessionOn(work);
  other.send(hello(), open({ trials: 1n, options: { arms: 2, horizon: 100 } }));
  heavy.send(hello(), open({ ...HEAVY, numEnvs: 8, trials: 8n }));
  expect(heavy.kinds()).toEqual(["welcome", "opened"]);
  expect(waits).toBe(false);
  let turns = 0;
  while (heavy.said.length === 2) {
    turn();
    other.send(actions(turns, [0]));
    expect(other.said.length).toBe(4 + turns++); // at once
  }
  // By hand: eight instances of 13 slices, four a turn.
  expect(turns).toBeGreaterThan(20);
  expect(turns).toBeLessThan(40);
  hand.turnAll();
  expect(work.size).toBe(0);
});

test.each([
  ["few long ones", { ...HEAVY, numEnvs: 2, trials: 4n }, 20],
  ["many short ones", { task: "bernoulli-bandit", options: { arms: 3, horizon: 2 }, numEnvs: 700, trials: 1500n }, 2],
])("trials are the same in slices as at once: %s", (_, message, steps) => {
  const { work, turnAll } = handWork();
  const [sliced, whole] = [sessionOn(work), sessionOn(atOnce())];
  let turns = 0;
  for (const { send, said } of [sliced, whole]) {
    send(hello(), open({ ...message, seed: 5n }));
    turns += turnAll();
    for (let k = 0; k < steps * 3; k++) {
      if (said.at(-1)?.$case === "observations") send(actions(k, new Array(message.numEnvs).fill(k % 2)));
      turns += turnAll();
    }
  }
  expect(turns).toBeGreaterThan(5);
  expect(sliced.said.length).toBeGreaterThan(steps * 2);
  expect(sliced.said.slice(1)).toEqual(whole.said.slice(1));
  expect(sliced.sink.appended.length).toBe(Number(message.trials));
  const rows = ({ sink }: typeof sliced) => sink.appended.map(({ run, ...row }) => row);
  expect(rows(sliced)).toEqual(rows(whole));
});

test("while a lock-step is computed no answer is due, the same actions are no second ones, and others are too early", () => {
  const { work, turn, turnAll } = handWork();
  const { send, kinds, clock, ends } = sessionOn(work);
  send(hello(), open({ ...HEAVY, numEnvs: 1, trials: 2n }));
  clock.pass(5000); // far above act_timeout_ms
  turnAll();
  for (let k = 0; k < 20; k++) send(actions(k, [0]));
  expect(kinds().length).toBe(22); // the last answer has a new trial to draw
  turn();
  send(actions(19, [0]));
  clock.pass(5000);
  expect(ends).toEqual([]);
  turnAll();
  expect(kinds().length).toBe(23);
  send(actions(19, [0])); // now the answer comes again
  expect(kinds().length).toBe(24);
  clock.pass(999);
  expect(ends).toEqual([]);
  clock.pass(1);
  expect(ends).toMatchObject([{ reason: "ACT_TIMEOUT" }]);

  const early = sessionOn(work);
  early.send(hello(), open({ ...HEAVY, numEnvs: 1, trials: 2n }), actions(0, [0]));
  expect(early.ends).toMatchObject([
    {
      reason: "STEP_GAP",
      message: "step_index 0 has not been sent: wait for the observations of step_index 0",
    },
  ]);
  expect(work.size).toBe(0);
});

test("who closes while trials begin waits for none of them, and who closes after actions has them taken", async () => {
  const { work, turn, turnAll } = handWork();
  const opening = sessionOn(work);
  opening.send(hello(), open({ ...HEAVY, numEnvs: 100, trials: 100n }));
  for (let i = 0; i < 10; i++) turn();
  opening.send(close);
  expect(turnAll()).toBeLessThan(5);
  await settled();
  expect(opening.said.at(-1)).toMatchObject({ $case: "closed", value: { completeTrials: 0n, steps: 0n } });

  const acting = sessionOn(work);
  acting.send(
    hello(),
    open({ task: "bernoulli-bandit", options: { arms: 2, horizon: 1 }, numEnvs: 900, trials: 4000n }),
  );
  turnAll();
  acting.send(actions(0, new Array(900).fill(0)), close);
  expect(acting.kinds()).toEqual(["welcome", "opened", "observations"]);
  turnAll();
  acting.sink.write();
  await settled();
  expect(acting.said.at(-1)).toMatchObject({
    $case: "closed",
    value: { completeTrials: 900n, steps: 900n, episodes: 900n },
  });
  expect(acting.sink.appended.length).toBe(900);
});

test("who ends its input after the last actions is still told all of the last lock-step", async () => {
  const { work, turnAll } = handWork();
  const { session, send, kinds, sink, ends } = sessionOn(work);
  send(hello(), open({ task: "bernoulli-bandit", options: { arms: 2, horizon: 1 }, numEnvs: 900, trials: 900n }));
  turnAll();
  send(actions(0, new Array(900).fill(0)));
  session.endOfInput();
  expect(kinds().length).toBe(3);
  turnAll();
  sink.write();
  await settled();
  expect(kinds()).toEqual(["welcome", "opened", "observations", "observations", "closed"]);
  expect(ends).toEqual([undefined]);
});

test("a session that is lost while its trials begin gives all of them back, and takes no more of the server's time", () => {
  const { work, turn, turnAll } = handWork();
  const { session, send, seats, left } = sessionOn(work);
  const { assignment, results } = assignmentOf(HEAVY.options, 10);
  send(hello({ entrant: "a", numEnvs: 4 }));
  seats[0].open(assignment);
  turn();
  turn();
  turn();
  turn(); // in the middle of the second instance
  session.lost();
  expect(left).toEqual([["CONNECTION_LOST", "the agent's connection was lost"]]);
  expect(results.map(({ ticket, complete, steps }) => [ticket.trialIndex, complete, steps])).toEqual([
    [1n, false, 0],
    [0n, false, 0],
  ]);
  expect(work.size).toBe(0);
  expect(turnAll()).toBeLessThanOrEqual(1);
});

test("what ended by itself is recorded as that, though the session was lost before the lock-step was over", () => {
  const { work, turn, turnAll } = handWork();
  const { session, send, sink } = sessionOn(work);
  send(hello(), open({ task: "bernoulli-bandit", options: { arms: 2, horizon: 1 }, numEnvs: 2000, trials: 2000n }));
  turnAll();
  send(actions(0, new Array(2000).fill(0)));
  turn();
  expect(sink.appended.length).toBeGreaterThan(0);
  expect(sink.appended.length).toBeLessThan(2000);
  session.lost();
  expect(sink.appended.length).toBe(2000);
  expect(sink.appended.every(({ terminated, endReason }) => terminated && endReason === "horizon")).toBe(true);
  expect(work.size).toBe(0);
});

test("steps that take long are in slices, too, and count only where they were taken", () => {
  const task = buildTask("linear-bandit", { dim: 64, actions: 1024, horizon: 3, arm_set: "fresh" });
  const stepped = vi.fn();
  const source = {
    remaining: 1n,
    take: () => ({ trialIndex: 0n, seeds: { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n } }),
    stepped,
    done() {},
  };
  const run = { task: task.name, taskVersion: 1, taskOptionsJson: "{}", agent: "x", agentOptionsJson: "{}" } as RunInfo;
  const recorder = createRecorder(handSink());
  const asked = { withholdTruth: false, wantsProbabilities: false };
  const driver = playedDriver({ task, numEnvs: 5, source, run, recorder, ...asked, clock: manualClock() });
  const play = createPlay(driver);
  runAtOnce(play.start());
  const slices = play.step({ actions: new Int32Array(5), agentMs: 1 });
  slices.next();
  slices.next();
  slices.return(undefined as never);
  play.abort("CONNECTION_LOST");
  expect(stepped.mock.calls).toEqual([[1], [1]]);
  expect(play.totals).toMatchObject({ steps: 2, incompleteTrials: 5 });
});
