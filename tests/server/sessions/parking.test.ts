/** Sessions without a stream: what passes in the meantime, and how long it may last. On the wire: resume.test.ts. */
import { expect, test } from "vitest";
import type { Assignment } from "#icrl/server/matches/assignment.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { createWorkQueue } from "#icrl/server/work/work-queue.js";
import { manualClock } from "../../support/manual-clock.js";
import { actions, hello, open } from "../../support/raw-stream.js";
import { sessionOn } from "../../support/session-on.js";

/** A session that can be resumed, after 1000 ms for an answer and 5000 without a stream at most. */
function resumable(limits: Record<string, number> = {}, entrant?: string) {
  const work = createWorkQueue({ clock: manualClock(), onError: () => expect.unreachable() });
  const it = sessionOn(work, { resume_ms: 5000, ...limits });
  it.send(hello({ capabilities: ["resume"], entrant }));
  const [welcome] = it.said;
  const token = welcome?.$case === "welcome" ? welcome.value.resumeToken : "";
  const resume = (received: number) =>
    it.stream({ $case: "resume", value: { resumeToken: token, received: BigInt(received) } });
  return { ...it, resume };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

const assignment = (trials = 1): Assignment => {
  let left = trials;
  return {
    tournamentId: "t",
    matchId: "bandit/a",
    taskId: "task",
    task: buildTask("bernoulli-bandit", { arms: 2, horizon: 20 }),
    agentOptions: {},
    source: {
      get remaining() {
        return BigInt(left);
      },
      take: () => (left-- > 0 ? { trialIndex: 0n, seeds: { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n } } : undefined),
      stepped() {},
      done() {},
    },
    keepsTruncated: () => false,
  };
};

test("a session that nobody resumes in time ends as lost, and holds nothing any more", () => {
  const { send, session, clock, sink, resume, memory } = resumable();
  send(open(), actions(0, [1]));
  session.lost();
  clock.pass(4999);
  expect(sink.appended).toEqual([]);
  clock.pass(1);
  expect(sink.appended).toMatchObject([{ length: 1, endReason: "CONNECTION_LOST" }]);
  expect(memory.usedBytes).toBe(0);
  expect(resume(3).ends).toMatchObject([{ reason: "RESUME_UNKNOWN" }]);
  expect(clock.waiting).toBe(0);
});

test("while a session has no stream no time passes for its agent, and what it had left it has left", () => {
  const { send, session, clock, sink, resume } = resumable();
  send(open({ options: { horizon: 2 } }));
  clock.pass(600);
  session.lost();
  clock.pass(4000);
  const second = resume(2);
  expect(second.kinds()).toEqual(["welcome"]);
  clock.pass(399);
  expect(second.ends).toEqual([]);
  second.send(actions(0, [0]));
  clock.pass(300);
  second.session.lost();
  clock.pass(4000);
  const third = resume(3);
  clock.pass(700);
  expect(third.ends).toMatchObject([{ reason: "ACT_TIMEOUT" }]);
  expect(sink.appended).toMatchObject([{ length: 1, agentMs: 999, endReason: "ACT_TIMEOUT" }]);
});

test("in free play each loss may last as long as any, in a match all of them together", () => {
  const free = resumable();
  free.send(open());
  free.session.lost();
  for (let i = 0; i < 5; i += 1) {
    free.clock.pass(4000);
    const stream = free.resume(2);
    expect(stream.kinds()).toEqual(["welcome"]);
    stream.session.lost();
  }
  const match = resumable({}, "a");
  match.seats[0].open(assignment());
  match.session.lost();
  match.clock.pass(4000);
  const second = match.resume(2);
  second.session.lost();
  match.clock.pass(999);
  expect(match.left).toEqual([]);
  match.clock.pass(1);
  expect(match.left).toEqual([["CONNECTION_LOST", "the agent's connection was lost"]]);
});

test("a loss gains no overtime in a match", () => {
  const { seats, session, clock, resume } = resumable({ act_overtime_ms: 500 }, "a");
  seats[0].open(assignment());
  clock.pass(1300); // 200 of the overtime are left
  session.lost();
  clock.pass(1000);
  const second = resume(2);
  second.send(actions(0, [0]));
  clock.pass(1199);
  expect(second.ends).toEqual([]);
  clock.pass(1);
  expect(second.ends).toMatchObject([{ reason: "ACT_TIMEOUT" }]);
});

test("an entrant without a stream is given its match when it is back, and forfeits nothing where it never is", () => {
  const back = resumable({}, "a");
  back.session.lost();
  back.seats[0].open(assignment());
  back.clock.pass(1000);
  const stream = back.resume(0);
  expect(stream.kinds()).toEqual(["welcome", "opened", "observations"]);
  const gone = resumable({}, "a");
  gone.session.lost();
  gone.seats[0].open(assignment());
  gone.clock.pass(5000);
  expect(gone.left).toEqual([[undefined, "the agent's connection was lost"]]);
});

test("what ends while a session has no stream is told to the next one, and what was said twice is said again twice", async () => {
  const { send, session, sink, resume, memory } = resumable();
  send(open({ options: { horizon: 2 } }), actions(0, [0]), actions(0, [0]), actions(1, [0]));
  session.lost();
  const open_ = memory.usedBytes;
  sink.write();
  await settled();
  // its envs are gone, what its agent may not have got is held
  expect(memory.usedBytes).toBeLessThan(open_);
  const held = memory.usedBytes;
  const stream = resume(4);
  expect(stream.kinds()).toEqual(["welcome", "observations", "closed"]);
  stream.send(open({ options: { horizon: 2 } }));
  stream.session.endOfInput();
  expect(held).toBeGreaterThan(0);
  expect(memory.usedBytes).toBe(0);
});

test("of messages that an agent asks for again and again and never reads a few are kept", () => {
  const { send, session, resume } = resumable();
  send(open(), actions(0, [1]));
  for (let i = 0; i < 1000; i += 1) send(actions(0, [1]));
  session.lost();
  // by hand: opened, two observations, and a thousand times the second of them
  expect(resume(3).ends).toMatchObject([{ reason: "RESUME_CONFLICT" }]);
  expect(resume(1003 - 16).kinds()).toEqual(["welcome", ...new Array(16).fill("observations")]);
});

test("a session that is told that the server stops is told so again on its next stream, and ends in time", () => {
  const { send, session, clock, resume } = resumable({ act_timeout_ms: 60_000 });
  send(open());
  session.session.drain(3000);
  session.lost();
  clock.pass(1000);
  const stream = resume(2);
  expect(stream.said.at(-1)).toMatchObject({ $case: "draining", value: { deadlineMs: 2000 } });
  clock.pass(999);
  stream.send(actions(0, [0]));
  clock.pass(1001);
  expect(stream.ends).toMatchObject([{ reason: "SERVER_DRAINING" }]);
});

test("a stream is heard no more once another has taken its place, and ends by itself", () => {
  const { send, session, ends, resume } = resumable();
  send(open());
  const stream = resume(2);
  expect(ends).toMatchObject([{ reason: "SESSION_RESUMED" }]);
  send(actions(7, [0]));
  session.endOfInput();
  session.lost();
  session.fail(new Error("a message that is too large"));
  stream.send(actions(0, [0]));
  expect([stream.ends, stream.kinds()]).toEqual([[], ["welcome", "observations"]]);
});
