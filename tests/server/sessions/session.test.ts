import { expect, test } from "vitest";
import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import { PlayResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { Assignment } from "#icrl/server/matches/assignment.js";
import type { Seat } from "#icrl/server/matches/lobby.js";
import { newCounters } from "#icrl/server/sessions/counters.js";
import type { LabelSeat, Labels } from "#icrl/server/sessions/labels.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { createMemoryBudget } from "#icrl/server/sessions/memory-budget.js";
import { openSessions } from "#icrl/server/sessions/open-sessions.js";
import { createSession } from "#icrl/server/sessions/session.js";
import type { SessionEvent } from "#icrl/server/sessions/session-event.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { createWorkQueue } from "#icrl/server/work/work-queue.js";
import { handSink } from "../../support/hand-sink.js";
import { keptNowhere } from "../../support/kept-nowhere.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, encodeRequest, hello, open } from "../../support/raw-stream.js";

const close: AgentMessage = { $case: "close", value: { reason: "" } };

/** A session without a transport, and all that it says and does. */
function sessionWith(
  limits: Record<string, number> = {},
  labels?: Labels,
  memory = createMemoryBudget(1 << 30),
  whenFlushed = (then: () => void) => then(),
) {
  const clock = manualClock();
  const sink = handSink();
  const events: SessionEvent[] = [];
  const said: string[] = [];
  const left: unknown[] = [];
  const ends: unknown[] = [];
  const seats: Seat[] = [];
  const session = createSession(
    {
      peer: "a test",
      whenFlushed,
      send: (bytes) => void said.push(PlayResponse.decode(bytes).message?.$case ?? "nothing"),
      end: (error) => void ends.push(error),
    },
    {
      limits: resolveLimits({ act_timeout_ms: 1000, ...limits }),
      sink,
      lobby: {
        enter(_, seat) {
          seats.push(seat);
          return { free: () => void left.push("free"), leave: (...why) => void left.push(why) };
        },
      },
      labels,
      clock,
      counters: newCounters(),
      sessions: openSessions(100),
      kept: keptNowhere(),
      memory,
      work: createWorkQueue({ clock: manualClock(), onError: () => expect.unreachable() }),
      tell: (event) => void events.push(event),
    },
  );
  return {
    session,
    clock,
    sink,
    events,
    said,
    left,
    ends,
    seats,
    receive: (...messages: AgentMessage[]) => {
      for (const message of messages) session.receive(encodeRequest(message));
    },
  };
}

/** Until what waits for promises that are resolved already has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const assignment = (): Assignment => {
  const seeds = { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n };
  let left = 1;
  return {
    tournamentId: "t",
    matchId: "bandit/a",
    taskId: "task",
    task: buildTask("bernoulli-bandit", { arms: 2, horizon: 4 }),
    agentOptions: {},
    source: {
      get remaining() {
        return BigInt(left);
      },
      take: () => (left-- > 0 ? { trialIndex: 0n, seeds } : undefined),
      stepped() {},
      done() {},
    },
    keepsTruncated: () => false,
  };
};

test("each answer is due in its time, counted from when the agent was asked", () => {
  const { receive, clock, ends, sink } = sessionWith();
  receive(hello(), open({ options: { horizon: 10 } }));
  clock.pass(999);
  receive(actions(0, [0]));
  clock.pass(999);
  expect(ends).toEqual([]);
  clock.pass(1);
  expect(ends).toMatchObject([
    {
      reason: "ACT_TIMEOUT",
      message: "no actions for step_index 1 within 1000 ms: answer each observations in time",
    },
  ]);
  expect(sink.appended).toMatchObject([{ length: 1, endReason: "ACT_TIMEOUT", agentMs: 999, startedAtMs: 0 }]);
  expect(clock.waiting).toBe(0);
});

test("in a match late answers use up an overtime, and the one who is late after that forfeits it", () => {
  const { receive, clock, ends, seats, left } = sessionWith({ act_overtime_ms: 500 });
  receive(hello({ entrant: "a" }));
  seats[0].open(assignment());
  clock.pass(1300);
  receive(actions(0, [0]));
  clock.pass(1199);
  expect(ends).toEqual([]);
  clock.pass(1);
  expect(ends).toMatchObject([{ reason: "ACT_TIMEOUT", message: expect.stringContaining("overtime of 500 ms") }]);
  expect(left).toMatchObject([["ACT_TIMEOUT", expect.stringContaining("step_index 1")]]);
});

test("nothing is due while the session is ready, or waits for its disk", async () => {
  const { receive, clock, sink, ends, said } = sessionWith();
  receive(hello());
  clock.pass(100_000);
  receive(open({ options: { horizon: 1 } }));
  receive(actions(0, [0])); // the last
  clock.pass(100_000);
  expect(said).toEqual(["welcome", "opened", "observations", "observations"]);
  sink.write();
  await settled();
  expect(said.at(-1)).toBe("closed");
  clock.pass(100_000);
  expect(ends).toEqual([]);
});

test("a hello is due at once, and something to open in a while; who waits for a match, or plays, has all the time", async () => {
  const silent = sessionWith({ hello_timeout_ms: 500 });
  silent.clock.pass(499);
  expect(silent.ends).toEqual([]);
  silent.clock.pass(1);
  expect(silent.ends).toMatchObject([{ reason: "HELLO_TIMEOUT", message: expect.stringContaining("500 ms") }]);

  const idle = sessionWith({ hello_timeout_ms: 500, idle_timeout_ms: 2000 });
  idle.receive(hello());
  idle.clock.pass(1900);
  expect([idle.ends, idle.session.session.idleMs]).toEqual([[], 1900]);
  idle.receive(open({ options: { horizon: 1 } }));
  idle.clock.pass(900); // on its own deadline now
  expect([idle.ends, idle.session.session.idleMs]).toEqual([[], 0]);
  idle.receive(actions(0, [0]));
  idle.sink.write();
  await settled();
  idle.clock.pass(1999);
  expect([idle.said.at(-1), idle.ends]).toEqual(["closed", []]);
  idle.clock.pass(1);
  expect(idle.ends).toMatchObject([{ reason: "IDLE_TIMEOUT", message: expect.stringContaining("2000 ms") }]);

  const entrant = sessionWith({ hello_timeout_ms: 500, idle_timeout_ms: 2000 });
  entrant.receive(hello({ entrant: "a" }));
  entrant.clock.pass(1_000_000);
  expect([entrant.ends, entrant.session.session.idleMs]).toEqual([[], 0]);
  for (const { clock } of [silent, idle, entrant]) expect(clock.waiting).toBe(0);
});

test("what is closed while its answer waits for the disk shows no more", async () => {
  const { receive, sink, clock, said } = sessionWith();
  receive(hello(), open({ options: { horizon: 2 }, trials: 3n }), actions(0, [0]));
  sink.backlogBytes = 1 << 30;
  receive(actions(1, [0])); // the first trial ends: its answer waits
  clock.pass(100_000); // and the agent with it
  receive(close);
  sink.write();
  await settled();
  expect(said).toEqual(["welcome", "opened", "observations", "observations", "closed"]);
});

test("a server that is about to stop lets what is open finish, but not for longer than it says", async () => {
  const late = sessionWith({ act_timeout_ms: 100_000 });
  late.receive(hello(), open());
  late.session.session.drain(5000);
  late.clock.pass(4999);
  expect(late.ends).toEqual([]);
  late.clock.pass(1);
  expect(late.ends).toMatchObject([{ reason: "SERVER_DRAINING" }]);
  expect(late.sink.appended).toEqual([]); // of a trial without a step there is nothing to say

  const inTime = sessionWith();
  inTime.receive(hello(), open({ options: { horizon: 1 } }));
  inTime.session.session.drain(5000);
  inTime.receive(actions(0, [0]));
  inTime.sink.write();
  await settled();
  expect(inTime.said.slice(-3)).toEqual(["draining", "observations", "closed"]);
  expect(inTime.ends).toMatchObject([{ reason: "SERVER_DRAINING" }]);
  expect(inTime.clock.waiting).toBe(0);

  const idle = sessionWith();
  idle.receive(hello());
  idle.session.session.drain(5000);
  expect(idle.ends).toMatchObject([{ reason: "SERVER_DRAINING" }]);
});

test("every state says its name, as the protocol's page has it, to whoever sends what it does not take", async () => {
  const never: Labels = { request: () => () => {} };
  const states: [state: string, wrong: AgentMessage, ...before: AgentMessage[]][] = [
    ["new", close],
    ["ready", actions(0, [0]), hello()],
    ["opening", actions(0, [0]), hello(), open({ label: "expert" })],
    ["playing", hello(), hello(), open()],
    ["closing", open(), hello(), open({ options: { horizon: 2 } }), actions(0, [0]), close],
  ];
  for (const [state, wrong, ...before] of states) {
    const { receive, ends } = sessionWith({}, never);
    receive(...before);
    expect(ends).toEqual([]);
    receive(wrong);
    expect(ends).toMatchObject([
      { reason: "PROTOCOL_ORDER", message: expect.stringContaining(`came while the session was ${state}:`) },
    ]);
  }
});

test("who waits for a log that cannot be written, or for labels, and leaves, is opened nothing afterwards", async () => {
  const blocked = sessionWith();
  blocked.sink.fail();
  blocked.receive(hello(), open());
  blocked.sink.mend(); // so that the try succeeds
  blocked.session.endOfInput();
  await settled();
  expect(blocked.said).toEqual(["welcome"]);
  expect(blocked.ends).toEqual([undefined]);

  const waiting: LabelSeat[] = [];
  let gaveUp = 0;
  const labelled = sessionWith(
    {},
    {
      request(_, seat) {
        waiting.push(seat);
        return () => {
          gaveUp += 1;
        };
      },
    },
  );
  labelled.receive(hello(), open({ label: "expert" }));
  labelled.session.lost();
  expect(gaveUp).toBe(1);
  waiting[0].open(undefined as never, 1);
  expect(labelled.said).toEqual(["welcome"]);
});

test("labels that are all there lead from opening back to ready", () => {
  const { receive, said, ends } = sessionWith(
    {},
    {
      request(_, seat) {
        seat.finish();
        return () => {};
      },
    },
  );
  receive(hello(), open({ label: "expert" }));
  expect(said).toEqual(["welcome", "closed"]);
  receive(close);
  expect(ends).toEqual([undefined]);
});

test("a log that cannot be written opens nothing that it should record, and what it need not", async () => {
  const { receive, sink, ends, said } = sessionWith();
  sink.fail();
  receive(hello(), open({ record: false, options: { horizon: 1 } }), actions(0, [0]));
  await settled();
  expect(said).toEqual(["welcome", "opened", "observations", "observations", "closed"]);
  receive(open());
  await settled();
  expect(ends).toMatchObject([{ reason: "LOG_UNWRITABLE" }]);
});

test("a session tells how it ended, with all that it did in every open", async () => {
  const { receive, clock, events, sink, session } = sessionWith();
  receive(hello(), open({ options: { horizon: 1 } }), actions(0, [0]));
  sink.write();
  await settled();
  receive(open({ options: { horizon: 3 }, numEnvs: 2, trials: 2n }), actions(0, [0, 1]));
  expect(session.session.status()).toMatchObject({ playing: true, activeEnvs: 2, steps: 3, completeTrials: 1 });
  clock.pass(500);
  session.lost();
  session.lost();
  session.fail(new Error("too late"));
  expect(events.map(({ event }) => event)).toEqual(["session_opened", "task_opened", "task_opened", "session_ended"]);
  expect(events.at(-1)).toMatchObject({
    agent: "test-agent",
    reason: "CONNECTION_LOST",
    message: "the agent's connection was lost",
    steps: 3,
    trials: 1,
    seconds: 0.5,
  });
  expect(sink.appended.map(({ endReason }) => endReason)).toEqual(["horizon", "CONNECTION_LOST", "CONNECTION_LOST"]);
});

const BANDIT = { task: "bernoulli-bandit", options: { arms: 3, horizon: 4 }, numEnvs: 10, trials: 10n };

test("memory is reserved before it is used, refused where others hold it, and given back at the end of each open", async () => {
  const memory = createMemoryBudget(1 << 20);
  const playing = sessionWith({}, undefined, memory);
  playing.receive(hello());
  const ready = memory.usedBytes;
  playing.receive(open({ ...BANDIT, numEnvs: 1, trials: 1n, record: false }));
  const perEnv = memory.usedBytes - ready;
  expect(perEnv).toBeGreaterThan(1000);
  const others = memory.hold((1 << 20) - memory.usedBytes - 5 * perEnv);
  const refused = sessionWith({}, undefined, memory);
  refused.receive(hello(), open(BANDIT));
  expect(refused.ends).toEqual([expect.objectContaining({ reason: "SERVER_BUSY" })]);
  const text = /^10 envs of task "bernoulli-bandit" would take \d+ bytes/;
  expect(refused.ends[0]).toMatchObject({ message: expect.stringMatching(text) });
  for (let k = 0; k < 4; k++) playing.receive(actions(k, [0]));
  await settled();
  expect(playing.said.at(-1)).toBe("closed");
  others();
  expect(memory.usedBytes).toBe(ready); // its own is free again, and the refused one holds nothing
  playing.receive(open({ ...BANDIT, numEnvs: 1, record: false }));
  expect(memory.usedBytes).toBe(ready + perEnv);
  playing.session.lost();
  expect(memory.usedBytes).toBe(0);
});

test("nobody is welcome while all memory is held, and whoever was not holds none", () => {
  const memory = createMemoryBudget(1 << 20);
  memory.hold((1 << 20) - 10);
  const { receive, ends } = sessionWith({}, undefined, memory);
  receive(hello());
  expect(ends).toEqual([expect.objectContaining({ reason: "SERVER_BUSY" })]);
  expect(memory.usedBytes).toBe((1 << 20) - 10);
});

test("an open that never fits is refused for its envs", () => {
  const { receive, ends } = sessionWith({ max_session_bytes: 1 << 20 });
  receive(hello(), open({ ...BANDIT, numEnvs: 1000, trials: 1000n }));
  expect(ends).toEqual([
    expect.objectContaining({
      reason: "ENVS_INVALID",
      message: expect.stringMatching(
        /num_envs is 1000: \d+ envs of this task fit in a session's memory, 1048576 bytes/,
      ),
    }),
  ]);
});

test("what a schedule gives waits for memory, forfeits nothing meanwhile, and is opened in its turn", async () => {
  const memory = createMemoryBudget(1 << 20);
  const [first, second] = [0, 1].map(() => {
    const entrant = sessionWith({}, undefined, memory);
    entrant.receive(hello({ entrant: "a" }));
    return entrant;
  });
  const release = memory.hold(1 << 20);
  for (const { seats } of [first, second]) seats[0].open(assignment());
  expect([first.said, second.said]).toEqual([["welcome"], ["welcome"]]);
  first.session.lost();
  expect(first.left).toEqual([[undefined, expect.anything()]]); // it held nothing: no reason
  release();
  expect(first.said).toEqual(["welcome"]);
  expect(second.said).toEqual(["welcome", "opened", "observations"]);
  second.session.lost();
  expect(memory.usedBytes).toBe(0);
});

test("what an agent has not read when its session ends is held until it is gone", () => {
  const memory = createMemoryBudget(1 << 20);
  let flushed = () => {};
  const { session, receive } = sessionWith({}, undefined, memory, (then) => (flushed = then));
  receive(hello(), open({ ...BANDIT, numEnvs: 1, record: false }));
  session.fail(new Error("over"));
  expect(memory.usedBytes).toBeGreaterThan(1000);
  flushed();
  expect(memory.usedBytes).toBe(0);
});
