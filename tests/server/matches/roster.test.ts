import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Reason } from "#icrl/common/errors.js";
import type { Assignable, Assignment } from "#icrl/server/matches/assignment.js";
import { createEntrantKeys } from "#icrl/server/matches/entrant-keys.js";
import { createRoster, type Schedule, type Waiting } from "#icrl/server/matches/roster.js";
import type { TrialSource } from "#icrl/server/matches/trial-source.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { manualClock } from "../../support/manual-clock.js";

const task = buildTask("bernoulli-bandit", { arms: 2, horizon: 4 });

/** Something to play, with a number of trials that nobody has; and why it was left. */
interface Work extends Assignable {
  readonly id: string;
  finished: boolean;
  remaining: bigint;
  readonly left: [Reason, string][];
}

function work(id: string, entrant: string, trials = 5n): Work {
  const left: [Reason, string][] = [];
  const made: Work = {
    id,
    entrant,
    finished: false,
    remaining: trials,
    left,
    abandoned: (reason, message) => void left.push([reason, message]),
    source: {
      get remaining() {
        return made.remaining;
      },
    } as TrialSource,
  };
  return made;
}

/** A roster of entrants a (agent "x") and b, and what happened there. */
function rosterOf(
  works: readonly Work[],
  waiting: Waiting = { timeoutMs: 100, processes: 1 },
  parts: Partial<Schedule<Work>> = {},
) {
  const clock = manualClock();
  const declared: string[] = [];
  const failures: unknown[] = [];
  const roster = createRoster<Work>(
    {
      name: "tournament 12ab",
      entrants: [
        { name: "a", agent: "x" },
        { name: "b", agent: "y" },
      ],
      assignmentsOf: (entrant) => works.filter((one) => one.entrant === entrant),
      declared: ({ name }) => void declared.push(name),
      describe: ({ id, source }): Assignment => ({
        matchId: id,
        taskId: "task",
        task,
        agentOptions: {},
        source,
        keepsTruncated: () => true,
      }),
      keys: createEntrantKeys("tournament 12ab", () => {}),
      changed() {},
      failed: (error) => void failures.push(error),
      ...parts,
    },
    clock,
    () => waiting,
  );
  /** A session of an entrant enters; resolves once it was offered something, if anything. */
  async function enter(name: string, agent: string, peer = "1", key?: string) {
    const said: string[] = [];
    const place = roster.enter(
      { name, agent, peer, tournamentId: undefined, collectionId: undefined, key, tasks: [] },
      {
        open: ({ matchId }) => void said.push(matchId),
        finish: () => void said.push("finished"),
        fail: (error) => void said.push(String(error)),
      },
    );
    expect(said).toEqual([]); // not before the session has its place
    await nextTurn();
    return { place, said };
  }
  return { roster, clock, declared, failures, enter };
}

test("a free seat gets the entrant's first assignment with trials left, and the end when all are finished", async () => {
  const [one, two] = [work("one", "a", 0n), work("two", "a")];
  const { enter, roster } = rosterOf([one, two]);
  const { place, said } = await enter("a", "x");
  expect(said).toEqual(["two"]);
  expect([roster.plays(one), roster.plays(two)]).toEqual([false, true]);
  two.remaining = 0n;
  place.free();
  expect(said).toEqual(["two"]); // both may yet come back
  one.remaining = 2n;
  roster.offerAll();
  expect(said).toEqual(["two", "one"]);
  one.finished = true;
  two.finished = true;
  place.free();
  roster.offerAll();
  expect(said).toEqual(["two", "one", "finished"]); // told once
});

test("an entrant is declared by its first session alone, and only as the agent that is listed", async () => {
  const { enter, declared } = rosterOf([work("one", "a")]);
  await expect(enter("a", "y")).rejects.toMatchObject({
    reason: "AGENT_MISMATCH",
    message: 'entrant "a" of tournament 12ab is agent "x", not "y"',
  });
  expect(declared).toEqual([]);
  await enter("a", "x");
  await enter("a", "x");
  expect(declared).toEqual(["a"]);
});

test("who leaves tells what it played why, but for faults of the server and free seats", async () => {
  const one = work("one", "a");
  const { enter } = rosterOf([one]);
  for (const reason of ["SERVER_DRAINING", "LOG_UNWRITABLE", undefined] as const) {
    const { place } = await enter("a", "x");
    place.leave(reason, "text");
  }
  expect(one.left).toEqual([]);
  const playing = await enter("a", "x");
  playing.place.leave("CONNECTION_LOST", "gone");
  expect(one.left).toEqual([["CONNECTION_LOST", "gone"]]);
  const free = await enter("a", "x");
  free.place.free();
  one.finished = true;
  free.place.free();
  free.place.leave("CONNECTION_LOST", "gone");
  expect(one.left.length).toBe(1);
});

test("who leaves before it was offered anything is offered nothing", async () => {
  const { roster } = rosterOf([work("one", "a")]);
  const said: string[] = [];
  const place = roster.enter(
    { name: "a", agent: "x", peer: "1", tournamentId: undefined, collectionId: undefined, key: undefined, tasks: [] },
    { open: ({ matchId }) => void said.push(matchId), finish() {}, fail() {} },
  );
  place.leave(undefined, "");
  await nextTurn();
  expect(said).toEqual([]);
});

test("an entrant without a session for the time counts as absent, in all that it has not finished", async () => {
  const [one, two, others] = [work("one", "a"), work("two", "a"), work("three", "b")];
  two.finished = true;
  const { clock, enter, roster } = rosterOf([one, two, others]);
  clock.pass(99);
  const { place } = await enter("b", "y");
  clock.pass(1);
  expect(one.left).toEqual([["AGENT_ABSENT", "no session under this name for 100 ms"]]);
  expect([two.left, others.left]).toEqual([[], []]);
  // Whoever was there has the whole time again from when it left.
  place.leave(undefined, "");
  clock.pass(99);
  expect(others.left).toEqual([]);
  clock.pass(1);
  expect(others.left.map(([reason]) => reason)).toEqual(["AGENT_ABSENT"]);
  roster.close();
  expect(clock.waiting).toBe(0);
});

test("nothing is offered until as many processes have come as are awaited; then they may go again", async () => {
  const { roster, enter } = rosterOf([work("one", "a")], { timeoutMs: undefined, processes: 2 });
  const first = await enter("a", "x", "1");
  const again = await enter("a", "x", "1");
  roster.offerAll();
  expect([first.said, again.said]).toEqual([[], []]);
  expect(roster.presenceOf("a")).toEqual({ processes: 1, awaited: 2 });
  const second = await enter("a", "x", "2");
  expect(second.said).toEqual(["one"]);
  second.place.leave(undefined, "");
  roster.offerAll();
  expect(first.said).toEqual(["one"]);
});

const boom = (): never => {
  throw new Error("boom");
};

test("a schedule that fails for one session ends that one, whoever asked, and the others are offered theirs", async () => {
  const [broken, sound] = [work("one", "a"), work("two", "b")];
  const assignment = (id: string, { source }: Work): Assignment => ({
    matchId: id,
    taskId: "task",
    task,
    agentOptions: {},
    source,
    keepsTruncated: () => true,
  });
  const { enter, roster } = rosterOf([broken, sound], undefined, {
    describe: (one) => (one === broken ? boom() : assignment(one.id, one)),
  });
  const first = await enter("a", "x");
  expect(first.said).toEqual(["Error: boom"]);
  const second = await enter("b", "y");
  expect(second.said).toEqual(["two"]);
  Object.defineProperty(sound.source, "remaining", { get: boom });
  const third = await enter("b", "y");
  expect(third.said).toEqual(["Error: boom"]);
  second.place.free();
  expect(second.said).toEqual(["two", "Error: boom"]);
  first.place.leave("CONNECTION_LOST", "");
  roster.offerAll(); // goes through all of them
});

test("what an absent entrant's assignment throws is told, and the others count as absent all the same", () => {
  const [broken, sound] = [work("one", "a"), work("two", "a")];
  const { clock, failures } = rosterOf([Object.assign(broken, { abandoned: boom }), sound]);
  clock.pass(100);
  expect(failures).toEqual([new Error("boom")]);
  expect(sound.left.map(([reason]) => reason)).toEqual(["AGENT_ABSENT"]);
});

test("one who leaves an assignment that throws is waited for all the same", async () => {
  const broken = Object.assign(work("one", "a"), { abandoned: boom });
  let changes = 0;
  const { clock, enter, failures } = rosterOf([broken], undefined, { changed: () => void changes++ });
  const { place } = await enter("a", "x");
  const before = changes;
  expect(() => place.leave("ACT_TIMEOUT", "")).toThrow("boom"); // its session hears of it
  expect(changes).toBe(before + 1);
  clock.pass(100);
  expect(failures.length).toBe(1); // absent, which throws again
});

test("one who is refused when it first says what it plays is waited for as before", async () => {
  const one = work("one", "a");
  const { clock, enter } = rosterOf([one], undefined, { declared: boom });
  await expect(enter("a", "x")).rejects.toThrow("boom");
  clock.pass(100);
  expect(one.left.map(([reason]) => reason)).toEqual(["AGENT_ABSENT"]);
});

test("whoever shows another key, or none, than the entrant's first session is refused, and takes no seat", async () => {
  const one = work("one", "a");
  const { clock, enter, roster } = rosterOf([one]);
  const { place, said } = await enter("a", "x", "1", "correct-horse-battery");
  for (const key of [undefined, "correct-horse-batterz"]) {
    await expect(enter("a", "x", "2", key)).rejects.toMatchObject({ reason: "KEY_REFUSED" });
  }
  expect(roster.presenceOf("a").processes).toBe(1);
  expect((await enter("a", "x", "2", "correct-horse-battery")).said).toEqual(["one"]);
  expect([said, one.left]).toEqual([["one"], []]);
  place.leave(undefined, "");
  clock.pass(1000);
  expect(one.left).toEqual([]);
});

test("a stranger's key claims no name that is another agent's", async () => {
  const { enter } = rosterOf([work("one", "a")]);
  await expect(enter("a", "y", "1", "a-stranger's-key")).rejects.toMatchObject({ reason: "AGENT_MISMATCH" });
  expect((await enter("a", "x", "1", "the-entrant's-key")).said).toEqual(["one"]);
});
