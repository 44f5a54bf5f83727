/** Agents that cheat do no better than honest play; `npm run cheaters` prints what each reached. */
import { afterAll, expect, onTestFinished, test } from "vitest";
import { tokenFor } from "../support/access.js";
import { datasetForTest } from "../support/dataset.js";
import { startTestServer, type TestServer } from "../support/server.js";
import {
  type Arena,
  armOrChance,
  CHEATER,
  cheat,
  createArena,
  enter,
  type Gain,
  gainOf,
  SEED,
  TASKS,
  TRIALS,
} from "./arena.js";
import { CHEATERS, type Cheater } from "./cheaters.js";

/** Beyond this many standard errors play is better, or worse, than another: one in 30,000 by chance. */
const Z = 4;

const table: string[] = [];

/** A dataset that is as near to the tournament as one can be. */
const SAME_TRIALS = {
  name: "same trials",
  seed: SEED,
  tasks: [{ id: "t", ...TASKS.bernoulli, trials: TRIALS }],
  behaviours: [{ name: "uniform", agent: "uniform", options: {}, weight: 1 }],
};

/** @param asking whether the server asks for tokens, and the cheater has a player's and a reader's */
async function play(cheater: Cheater, asControl: boolean, asking = false): Promise<Gain> {
  const dataset = cheater.labels ? (await datasetForTest(SAME_TRIALS, { labels: [] })).dir : undefined;
  const server = await startTestServer(
    { entrant_timeout_ms: 600_000 },
    dataset,
    { listen: "127.0.0.1:0" },
    ...([undefined, undefined, undefined] as const),
    { doors: { requireTokens: asking } },
    ({ operatorKey }) => ({ token: operatorKey }),
  );
  onTestFinished(() => server.dispose());
  const operatorKey = (server as TestServer & { operatorKey: string }).operatorKey;
  const arena = await createArena(server as Arena["server"], cheater.task, [CHEATER, ...(cheater.others ?? [])], {
    seedKey: asControl && cheater.control === "no seed key" ? Buffer.alloc(0) : undefined,
    mayLeave: cheater.mayLeave,
    tokens: asking
      ? { player: tokenFor(server.dataDir, "player").text, reader: tokenFor(server.dataDir, "reader").text }
      : undefined,
    leak: asControl && cheater.control === "operator's key" ? { operatorKey } : undefined,
  });
  onTestFinished(() => arena.client.close());
  await cheat(arena, await cheater.spy(arena));
  const gain = await gainOf(arena);
  const figures = [gain.regret, gain.honest, gain.z].map((x) => x.toFixed(1).padStart(6)).join(" ");
  table.push(
    `${figures}  ${cheater.name}${asking ? " (tokens)" : ""}${asControl ? ` (control: ${cheater.control})` : ""}`,
  );
  return gain;
}

test.each(CHEATERS)("$name: no better than honest play", async (cheater) => {
  expect((await play(cheater, false)).z).toBeLessThan(Z);
});

test.each(CHEATERS)("$name, with tokens of a player and a reader: no better than honest play", async (cheater) => {
  expect((await play(cheater, false, true)).z).toBeLessThan(Z);
});

test.each(CHEATERS.filter(({ control }) => control !== undefined))(
  "control: $name, given $control, wins",
  async (cheater) => {
    expect((await play(cheater, true)).z).toBeGreaterThan(Z);
  },
);

test("impostors: who joins under a rival's name, forfeits it, cancels the tournament or deletes it is refused, and changes nothing", async () => {
  const server = await startTestServer({ entrant_timeout_ms: 600_000 }, undefined, { listen: "127.0.0.1:0" });
  onTestFinished(() => server.dispose());
  const key = "a-key-of-the-rivals-own";
  const arena = await createArena(server as Arena["server"], "bernoulli", ["rival"], {
    keys: { rival: key },
  });
  onTestFinished(() => arena.client.close());
  const { id } = arena;
  const { connection } = server;
  const playBadly = (entrantKey?: string) => enter(arena, "rival", async () => () => 0, 4, entrantKey);
  const refused = /KEY_REFUSED/;
  await expect(playBadly()).rejects.toThrow(refused);
  await expect(playBadly("a-key-that-is-not-it")).rejects.toThrow(refused);
  const said = { id, entrant: "rival", message: "it is dead, believe me", all: true };
  for (const wrong of ["", "a-key-that-is-not-it"]) {
    const no = { reason: "KEY_REFUSED" };
    await expect(connection.forfeitMatches({ ...said, key: wrong })).rejects.toMatchObject(no);
    await expect(connection.cancelTournament({ id, ownerKey: wrong })).rejects.toMatchObject(no);
    await expect(connection.deleteTournament({ id, ownerKey: wrong })).rejects.toMatchObject(no);
  }
  await enter(arena, "rival", async ({ agentSeed }) => armOrChance(undefined, 5, agentSeed), TRIALS, key);
  const gain = await gainOf(arena, "rival");
  expect(Math.abs(gain.z)).toBeLessThan(Z);
  const { results } = await connection.getTournament({ id });
  expect(results?.tasks[0].agents[0]).toMatchObject({ forfeits: 0, trials: TRIALS });
});

afterAll(() => {
  console.log(
    `regret honest      z  (mean regret of a trial; uniform play's; how far apart, in standard errors)\n${table.join("\n")}`,
  );
});
