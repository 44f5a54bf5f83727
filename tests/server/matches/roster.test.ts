import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Reason } from "#icrl/common/errors.js";
import type { Assignable, Assignment } from "#icrl/server/matches/assignment.js";
import { createRoster, type Waiting } from "#icrl/server/matches/roster.js";
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
function rosterOf(works: readonly Work[], waiting: Waiting = { timeoutMs: 100, processes: 1 }) {
  const clock = manualClock();
  const declared: string[] = [];
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
      changed() {},
    },
    clock,
    () => waiting,
  );
  /** A session of an entrant enters; resolves once it was offered something, if anything. */
  async function enter(name: string, agent: string, peer = "1") {
    const said: string[] = [];
    const place = roster.enter(
      { name, agent, peer, tournamentId: undefined, collectionId: undefined, tasks: [] },
      { open: ({ matchId }) => void said.push(matchId), finish: () => void said.push("finished"), fail() {} },
    );
    expect(said).toEqual([]); // not before the session has its place
    await nextTurn();
    return { place, said };
  }
  return { roster, clock, declared, enter };
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
    { name: "a", agent: "x", peer: "1", tournamentId: undefined, collectionId: undefined, tasks: [] },
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
