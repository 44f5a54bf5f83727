/** Forfeits and results take long where there are many trials: they are computed in slices, a few a turn of the event loop. */
import { expect, test } from "vitest";
import { inOneSlice, runAtOnce } from "#icrl/common/slices.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { computeResults } from "#icrl/server/tournaments/results.js";
import { checkSpec } from "#icrl/server/tournaments/spec.js";
import { createTournament, UNATTENDED } from "#icrl/server/tournaments/tournament.js";
import { handWork } from "../../support/hand-work.js";
import { manualClock } from "../../support/manual-clock.js";
import { spec, uniformRegrets } from "../../support/tournament.js";

/** A tournament of so many tasks that nobody plays, on a queue that is turned by hand. */
function tournamentOf(tasks: number, trials: number) {
  const of = spec(["nobody"], {
    trials,
    tasks: Array.from({ length: tasks }, (_, i) => ({ id: `t${i}`, task: "random-mdp", options: {} })),
  });
  const hand = handWork();
  const limits = resolveLimits();
  const checked = checkSpec(of, limits, () => 0n);
  const tournament = createTournament(
    checked,
    manualClock(),
    hand.work,
    () => UNATTENDED,
    () => {},
    () => {},
  );
  const forfeits = () => tournament.matches.reduce((sum, match) => sum + match.forfeits, 0);
  const forfeitAll = () => tournament.forfeit("nobody", { reason: "AGENT_FAILED", message: "a test" }, true);
  return { ...hand, of, tournament, forfeits, forfeitAll };
}

test("300 matches that are forfeited at once keep no turn, and none who asks for something waits for them", () => {
  const { work, turn, forfeits, forfeitAll } = tournamentOf(300, 10_000);
  expect(forfeitAll().length).toBe(300);
  expect(forfeits()).toBe(0);
  let asked = 0;
  let answered = 0;
  for (let i = 0; i < 10; i++) {
    const before = forfeits();
    asked += 1;
    work.compute(
      inOneSlice(() => {}),
      () => answered++,
      () => expect.unreachable(),
    );
    turn();
    expect(answered).toBe(asked);
    // By hand: an instance is drawn, solved and played in some 50,000 operations, and a turn has four slices of a million.
    expect(forfeits() - before).toBeLessThan(120);
    expect(forfeits() - before).toBeGreaterThan(20);
  }
});

test("forfeits in slices count as uniform play, exactly; so does what the results say of it", async () => {
  const { work, turnAll, of, tournament, forfeits, forfeitAll } = tournamentOf(3, 200);
  forfeitAll();
  expect(turnAll()).toBeGreaterThan(3);
  expect([forfeits(), tournament.over, work.size]).toEqual([600, true, 0]);
  for (const { taskId, regrets } of tournament.matches) expect([...regrets]).toEqual(uniformRegrets(of, taskId));
  const results = tournament.work.run(computeResults(tournament));
  expect(turnAll()).toBeGreaterThan(3);
  expect(await results).toEqual(runAtOnce(computeResults(tournament)));
});

test("a tournament that is closed forfeits no more, and its results are not computed", async () => {
  const { work, turn, turnAll, tournament, forfeits, forfeitAll } = tournamentOf(5, 1000);
  forfeitAll();
  turn();
  const results = tournament.work.run(computeResults(tournament));
  tournament.close();
  const before = forfeits();
  turnAll();
  expect([forfeits(), work.size]).toEqual([before, 0]);
  expect(await results).toBeUndefined();
});
