import { expect, onTestFinished, test } from "vitest";
import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import type { Clock } from "#icrl/common/clock.js";
import { inOneSlice } from "#icrl/common/slices.js";
import { PlayResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { Assignment } from "#icrl/server/matches/assignment.js";
import type { Lobby, Place, Seat } from "#icrl/server/matches/lobby.js";
import type { TrialResult } from "#icrl/server/matches/trial-source.js";
import { newCounters } from "#icrl/server/sessions/counters.js";
import type { LabelSeat, Labels } from "#icrl/server/sessions/labels.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import type { Link } from "#icrl/server/sessions/link.js";
import { createMemoryBudget } from "#icrl/server/sessions/memory-budget.js";
import { openSessions } from "#icrl/server/sessions/open-sessions.js";
import { createSession } from "#icrl/server/sessions/session.js";
import type { SessionEvent } from "#icrl/server/sessions/session-event.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import type { Env, Task } from "#icrl/server/tasks/task.js";
import type { TrajectorySink } from "#icrl/server/trajectories/sink.js";
import { createWorkQueue } from "#icrl/server/work/work-queue.js";
import { type HandSink, handSink } from "../../support/hand-sink.js";
import { keptNowhere } from "../../support/kept-nowhere.js";
import { type ManualClock, manualClock } from "../../support/manual-clock.js";
import { actions, encodeRequest, hello, open } from "../../support/raw-stream.js";

const BOOM = new Error("boom");
const boom = (): never => {
  throw BOOM;
};

const close: AgentMessage = { $case: "close", value: { reason: "" } };

/** Until what waits for promises that are resolved already has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** What a test puts in the place of a session's surroundings. */
interface Parts {
  /** Called with the kind of each message that is sent. */
  readonly send?: (kind: string) => void;
  readonly end?: () => void;
  readonly sink?: Partial<TrajectorySink>;
  readonly place?: Partial<Place>;
  readonly lobby?: Lobby;
  readonly labels?: Labels;
  readonly tell?: (event: SessionEvent) => void;
  readonly actTime?: () => void;
  readonly actTimeoutMs?: number;
  readonly now?: () => number;
}

/** A session without a transport, and what came of it. */
interface Played {
  readonly session: ReturnType<typeof createSession>;
  readonly said: string[];
  readonly ends: unknown[];
  readonly left: unknown[];
  readonly seats: Seat[];
  receive(...messages: AgentMessage[]): void;
}

function sessionOn(sink: HandSink, clock: Clock, parts: Parts = {}, events: SessionEvent[] = []): Played {
  const said: string[] = [];
  const ends: unknown[] = [];
  const left: unknown[] = [];
  const seats: Seat[] = [];
  const link: Link = {
    peer: "a test",
    send(bytes) {
      const kind = PlayResponse.decode(bytes).message?.$case ?? "nothing";
      parts.send?.(kind);
      said.push(kind);
    },
    whenFlushed: (then) => then(),
    end(error) {
      ends.push(error);
      parts.end?.();
    },
  };
  const lobby: Lobby = parts.lobby ?? {
    enter(_, seat) {
      seats.push(seat);
      return { free() {}, leave: (...why) => void left.push(why), ...parts.place };
    },
  };
  const session = createSession(link, {
    limits: resolveLimits({ act_timeout_ms: parts.actTimeoutMs ?? 1000 }),
    sink: Object.create(sink, Object.getOwnPropertyDescriptors(parts.sink ?? {})) as TrajectorySink,
    lobby,
    labels: parts.labels,
    clock: { ...clock, now: parts.now ?? clock.now },
    counters: newCounters(),
    sessions: openSessions(100),
    kept: keptNowhere(),
    memory: createMemoryBudget(1 << 30),
    work: createWorkQueue({ clock, onError: () => expect.unreachable() }),
    tell(event) {
      events.push(event);
      parts.tell?.(event);
    },
    times: { act: () => parts.actTime?.(), answer() {} },
  });
  return {
    session,
    said,
    ends,
    left,
    seats,
    receive(...messages) {
      for (const message of messages) session.receive(encodeRequest(message));
    },
  };
}

/** A bandit whose envs fail where a test says so. */
function brokenTask(break_: (env: Env) => Env): Task {
  const task = buildTask("bernoulli-bandit", { arms: 2, horizon: 4 });
  const broken = (taskSeed: bigint, noiseSeed: bigint) =>
    break_(Object.create(task.instantiate(taskSeed, noiseSeed)) as Env);
  return { ...task, instantiate: broken, draw: (...seeds) => inOneSlice(() => broken(...seeds)) };
}

/** An assignment of 4 trials, and what came back of them. */
function assignmentOf(task: Task, members: Partial<Assignment["source"]> = {}, done: TrialResult[] = []): Assignment {
  let taken = 0;
  return {
    tournamentId: "t",
    matchId: "task/a",
    taskId: "task",
    task,
    agentOptions: {},
    source: Object.create(
      {
        get remaining() {
          return BigInt(4 - taken);
        },
        take() {
          if (taken === 4) return undefined;
          return { trialIndex: BigInt(taken++), seeds: { taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n } };
        },
        stepped() {},
        done: (result: TrialResult) => void done.push(result),
      },
      Object.getOwnPropertyDescriptors(members),
    ),
    keepsTruncated: () => true,
  };
}

const sound = () => buildTask("bernoulli-bandit", { arms: 2, horizon: 4 });

/** What is around the session that fails. */
interface Around {
  readonly sink: HandSink;
  readonly clock: ManualClock;
  session(parts?: Parts): Played;
}

const oneStep = open({ options: { horizon: 1 } });
const entrant = hello({ entrant: "a" });

/** Where a session's code runs, and how a throw gets there; each gives the session that it happens in. */
const PLACES: Readonly<Record<string, (around: Around) => Played | Promise<Played>>> = {
  "a message that is sent at once"({ session }) {
    const it = session({ send: boom });
    it.receive(hello());
    return it;
  },
  "observations that are sent"({ session }) {
    const it = session({ send: (kind) => kind === "observations" && boom() });
    it.receive(hello(), open());
    return it;
  },
  "entering the lobby"({ session }) {
    const it = session({ lobby: { enter: boom } });
    it.receive(entrant);
    return it;
  },
  "an assignment that cannot be opened"({ session }) {
    const it = session();
    it.receive(entrant);
    it.seats[0].open(assignmentOf(brokenTask(boom)));
    return it;
  },
  "an assignment whose trials cannot be counted"({ session }) {
    const it = session();
    it.receive(entrant);
    it.seats[0].open(assignmentOf(sound(), Object.defineProperty({}, "remaining", { get: boom })));
    return it;
  },
  "an assignment that comes when none may"({ session }) {
    const it = session();
    it.receive(entrant);
    it.seats[0].open(assignmentOf(sound()));
    it.seats[0].open(assignmentOf(sound()));
    return it;
  },
  "the end of an entrant's assignments"({ session }) {
    const it = session({ send: (kind) => kind === "closed" && boom() });
    it.receive(entrant);
    it.seats[0].finish();
    return it;
  },
  "a schedule that fails for its session"({ session }) {
    const it = session();
    it.receive(entrant);
    it.seats[0].fail(BOOM);
    return it;
  },
  "a step of the task"({ session }) {
    const it = session();
    it.receive(entrant);
    it.seats[0].open(assignmentOf(brokenTask((env) => Object.assign(env, { step: boom }))));
    it.receive(actions(0, [0, 0]));
    return it;
  },
  "a step of the task whose trials cannot be recorded either"({ session }) {
    const it = session({ sink: { append: boom } });
    it.receive(entrant);
    let steps = 0;
    const breaking = (env: Env) =>
      Object.assign(env, {
        step: (action: number) => (++steps > 2 ? boom() : Object.getPrototypeOf(env).step(action)),
      });
    it.seats[0].open(assignmentOf(brokenTask(breaking)));
    it.receive(actions(0, [0, 0]), actions(1, [0, 0]));
    return it;
  },
  "the log, when an episode ends"({ session }) {
    const it = session({ sink: { append: boom } });
    it.receive(hello(), oneStep, actions(0, [0]));
    return it;
  },
  "the log, when it is tried"({ session, sink }) {
    const it = session({ sink: { probe: boom } });
    sink.fail();
    it.receive(hello(), open());
    return it;
  },
  async "the log, when its try fails"({ session, sink }) {
    const it = session({ sink: { probe: async () => boom() } });
    sink.fail();
    it.receive(hello(), open());
    await settled();
    return it;
  },
  async "an open once the log could be tried"({ session, sink }) {
    const it = session({ send: (kind) => kind === "opened" && boom() });
    sink.fail();
    it.receive(hello(), open());
    sink.mend();
    await settled();
    return it;
  },
  async "the wait for the disk"({ session }) {
    const it = session({ sink: { whenDurable: async () => boom() } });
    it.receive(hello(), oneStep, actions(0, [0]));
    await settled();
    return it;
  },
  async "closed, once the disk has it"({ session, sink }) {
    const it = session({ send: (kind) => kind === "closed" && boom() });
    it.receive(hello(), oneStep, actions(0, [0]));
    sink.write();
    await settled();
    return it;
  },
  async "a seat that becomes free"({ session, sink }) {
    const it = session({ place: { free: boom } });
    it.receive(entrant);
    it.seats[0].open(assignmentOf(buildTask("bernoulli-bandit", { arms: 2, horizon: 1 })));
    for (let step = 0; it.said.at(-1) === "observations" && step < 4; step++) it.receive(actions(step, [0, 0]));
    sink.write();
    await settled();
    return it;
  },
  async "an answer that waits for the disk"({ session, sink }) {
    let observations = 0;
    const it = session({ send: (kind) => kind === "observations" && ++observations === 2 && boom() });
    it.receive(hello(), open({ options: { horizon: 3 } }));
    sink.backlogBytes = 1 << 30;
    it.receive(actions(0, [0]));
    sink.write();
    await settled();
    sink.backlogBytes = 0;
    return it;
  },
  "a deadline that was missed, and a log that fails then"({ session, clock }) {
    const it = session({ sink: { append: boom } });
    it.receive(hello(), open(), actions(0, [0]));
    clock.pass(1000);
    return it;
  },
  "a deadline that was missed, and a link that fails then"({ session, clock }) {
    const it = session({ end: boom });
    it.receive(hello(), open());
    clock.pass(1000);
    return it;
  },
  "what a clock calls back"({ session, clock }) {
    let broken = false;
    const it = session({ now: () => (broken ? boom() : clock.now()) });
    it.receive(hello(), open());
    broken = true;
    clock.pass(1000);
    return it;
  },
  "the end of a time to drain"({ session, clock }) {
    const it = session({ end: boom, place: { leave: boom } });
    it.receive(entrant);
    it.seats[0].open(assignmentOf(sound()));
    it.session.session.drain(10);
    clock.pass(10);
    return it;
  },
  "word that the server will stop"({ session }) {
    const it = session({ send: (kind) => kind === "draining" && boom() });
    it.receive(hello(), open());
    it.session.session.drain(10);
    return it;
  },
  measuring({ session }) {
    const it = session({ actTime: boom });
    it.receive(hello(), open(), actions(0, [0]));
    return it;
  },
  "telling that it opens"({ session }) {
    const it = session({ tell: ({ event }) => event === "task_opened" && boom() });
    it.receive(hello(), open());
    return it;
  },
  "telling anything, once it ends"({ session }) {
    let ending = false;
    const it = session({ tell: () => ending && boom() });
    it.receive(hello(), open());
    ending = true;
    it.receive(close, hello());
    return it;
  },
  "leaving the lobby"({ session }) {
    const it = session({ place: { leave: boom } });
    it.receive(entrant, close);
    return it;
  },
  "the end of input, in the middle of trials"({ session }) {
    const it = session({ sink: { append: boom }, end: boom });
    it.receive(hello(), open(), actions(0, [0]));
    it.session.endOfInput();
    return it;
  },
  "a lost connection, in the middle of trials"({ session }) {
    const it = session({ sink: { append: boom }, end: boom });
    it.receive(hello(), open(), actions(0, [0]));
    it.session.lost();
    return it;
  },
  "asking for labels"({ session }) {
    const it = session({ labels: { request: boom } });
    it.receive(hello(), open({ label: "expert" }));
    return it;
  },
  "giving up labels"({ session }) {
    const it = session({ labels: { request: () => boom } });
    it.receive(hello(), open({ label: "expert" }));
    it.session.lost();
    return it;
  },
  "labels that are all there"({ session }) {
    const it = session({
      send: (kind) => kind === "closed" && boom(),
      labels: labelsThat((seat) => seat.finish()),
    });
    it.receive(hello(), open({ label: "expert" }));
    return it;
  },
  async "labels that cannot be opened"({ session }) {
    const it = session({ labels: labelsThat((seat) => setImmediate(() => seat.open(undefined as never, 1))) });
    it.receive(hello(), open({ label: "expert" }));
    await settled();
    return it;
  },
};

function labelsThat(act: (seat: LabelSeat) => void): Labels {
  return {
    request(_, seat) {
      act(seat);
      return () => {};
    },
  };
}

test.each(Object.keys(PLACES))("what throws in %s ends its session, and its neighbour plays on", async (place) => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));
  const sink = handSink();
  const clock = manualClock();
  const neighbour = sessionOn(sink, clock, { actTimeoutMs: 10_000 });
  neighbour.receive(hello(), open({ options: { horizon: 100 }, record: false }));
  let step = 0;
  const playsOn = () => {
    neighbour.receive(actions(step++, [0]));
    expect(neighbour.said.at(-1)).toBe("observations");
    expect([neighbour.said.length, neighbour.ends]).toEqual([3 + step, []]);
  };
  playsOn();
  const failed = await PLACES[place]({ sink, clock, session: (parts) => sessionOn(sink, clock, parts) });
  expect(failed.ends.length).toBe(1); // once
  failed.receive(actions(0, [0])); // nothing happens to it any more
  failed.session.lost();
  expect(failed.ends.length).toBe(1);
  playsOn();
  clock.pass(999);
  playsOn();
  await settled();
  await settled();
  expect(unheard).toEqual([]);
});

test("who fails is told of it, the event log too, and its schedule hears that the server failed, with nothing begun as with all", () => {
  for (const break_ of [boom, (env: Env) => Object.assign(env, { step: boom })]) {
    const events: SessionEvent[] = [];
    const it = sessionOn(handSink(), manualClock(), {}, events);
    it.receive(entrant);
    it.seats[0].open(assignmentOf(brokenTask(break_)));
    it.receive(actions(0, [0, 0]));
    expect(it.ends).toEqual([BOOM]); // which the link turns to INTERNAL, and logs
    expect(it.left).toEqual([["CONNECTION_LOST", "the server failed"]]);
    expect(events.at(-1)).toMatchObject({ event: "session_ended", reason: "INTERNAL", message: undefined });
  }
});

test("what fails beside the error that ends a session is told, and keeps it from no other part of its end", () => {
  const events: SessionEvent[] = [];
  const parts = { sink: { append: boom }, place: { leave: boom }, end: boom };
  const it = sessionOn(handSink(), manualClock(), parts, events);
  it.receive(entrant);
  it.seats[0].open(assignmentOf(sound()));
  it.receive(actions(0, [0, 0]));
  it.receive(actions(1, [7, 7])); // no action of this task
  expect(it.ends).toMatchObject([{ reason: "ACTION_OUT_OF_RANGE" }]);
  expect(events.slice(-4)).toMatchObject([
    { event: "internal_error", where: "session", err: BOOM }, // the trial
    { event: "session_ended", reason: "ACTION_OUT_OF_RANGE" },
    { event: "internal_error", where: "session", err: BOOM }, // the lobby
    { event: "internal_error", where: "session", err: BOOM }, // the link
  ]);
});

test("a link that cannot be ended is told of, though nothing else failed", () => {
  const events: SessionEvent[] = [];
  const it = sessionOn(handSink(), manualClock(), { end: boom }, events);
  it.receive(hello(), close);
  expect(events.at(-1)).toMatchObject({ event: "internal_error", where: "session", err: BOOM });
});

test("every trial that was taken comes back, whatever fails: in drawing it, in a step, in recording it", () => {
  let drawn = 0;
  const cases: readonly [break_: (env: Env) => Env, sink: Partial<TrajectorySink>, taken: number][] = [
    [(env) => (++drawn === 2 ? boom() : env), {}, 2],
    [(env) => Object.assign(env, { step: boom }), {}, 2],
    [(env) => env, { append: boom }, 2],
  ];
  for (const [break_, sink, taken] of cases) {
    const done: TrialResult[] = [];
    const it = sessionOn(handSink(), manualClock(), { sink });
    it.receive(entrant);
    it.seats[0].open(assignmentOf(brokenTask(break_), {}, done));
    it.receive(actions(0, [0, 0]));
    it.session.fail(BOOM);
    expect(done.map(({ ticket, complete }) => [ticket.trialIndex, complete]).sort()).toEqual(
      Array.from({ length: taken }, (_, trial) => [BigInt(trial), false]),
    );
  }
});
