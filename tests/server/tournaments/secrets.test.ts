/** What an agent can know of the trials that it is yet to play: no more than it is shown. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Connection } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import type { TournamentSpec } from "#icrl/proto/gen/icrl/v1/tournament.js";
import type { Overview, TournamentView, TrajectoriesView } from "#icrl/server/http/api.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { readable, seedByAgentSeed, seedByFeatures } from "../../support/cheating.js";
import { api, http } from "../../support/http.js";
import { hello, rawClient, rawStream } from "../../support/raw-stream.js";
import { readLog, serverAfter, serverForTest, serverWithPage, startTestServer, verify } from "../../support/server.js";
import {
  agentThat,
  BANDIT,
  create,
  finished,
  LINEAR,
  NO_KEY,
  RIVER,
  randomAgent,
  spec,
} from "../../support/tournament.js";

/** Enters for the only task of a tournament; resolves with what the first observations show. */
async function glimpse(address: string, of: TournamentSpec, entrant: string) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: entrant, entrant, numEnvs: 1 }));
  await stream.expect("welcome");
  await stream.expect("opened");
  const { trialStarts } = await stream.expect("observations");
  const [{ id: taskId, task, options }] = of.tasks;
  return { taskId, entrant, task: buildTask(task, options ?? {}), start: trialStarts[0] };
}

const playAs = (connection: Connection, entrant: string, tournamentId: string) =>
  serveMatches(connection, randomAgent(entrant), { entrant, tournamentId, streams: 1 });

test("a small seed is guessed neither by the agent's seed nor by what is shown of an instance", async () => {
  const { connection, address } = await serverForTest();
  const of = spec(["cheater"], { seed: 247n, trials: 2, tasks: [LINEAR] });
  await create(connection, of);
  const keyed = await glimpse(address, of, "cheater");
  expect(seedByAgentSeed(keyed, 1000n)).toBeUndefined();
  expect(seedByFeatures(keyed, 1000n)).toBeUndefined();

  // The same guesses find the seed where there is no key: they are no worse than they were.
  const other = await serverForTest();
  await create(other.connection, of, NO_KEY);
  const open = await glimpse(other.address, of, "cheater");
  expect(seedByAgentSeed(open, 1000n)).toBe(247n);
  expect(seedByFeatures(open, 1000n)).toBe(247n);
});

test("the key is told with the results and not before, and every recorded seed follows from it", async () => {
  const server = await serverWithPage();
  const { connection, pageUrl } = server;
  const of = spec(["early", "late"], { trials: 3, tasks: [BANDIT, LINEAR] });
  const seedKey = Buffer.from("00c0ffee".repeat(16), "hex"); // 64 bytes
  const id = await create(connection, of, seedKey);
  await playAs(connection, "early", id);
  const before = await connection.getTournament({ id });
  expect([before.results, before.tournament?.spec?.seed]).toEqual([undefined, undefined]);
  const texts = ["", "api/overview", "api/agents", "api/trajectories", `api/tournaments/${id}`, "metrics"];
  for (const path of texts) expect((await http(pageUrl + path)).body.toString()).not.toContain("00c0ffee");
  expect(JSON.stringify(server.said)).not.toContain("00c0ffee");

  await playAs(connection, "late", id);
  const { results } = await finished(connection, id);
  expect(results.seedKey).toEqual(seedKey);
  await server.close();
  const rows = await readLog(server.dataDir);
  expect(rows.length).toBe(2 * 2 * 3);
  for (const row of rows) {
    const series = { purpose: "tournament", seed: 5n, taskId: row.task_id, entrant: row.entrant as string } as const;
    const keyed = trialSeeds({ ...series, key: "00c0ffee".repeat(16) }, row.trial_index);
    expect([row.task_seed, row.noise_seed, row.agent_seed]).toEqual([keyed.taskSeed, keyed.noiseSeed, keyed.agentSeed]);
    const unkeyed = trialSeeds(series, row.trial_index);
    for (const seed of Object.keys(keyed) as (keyof typeof keyed)[]) expect(keyed[seed]).not.toBe(unkeyed[seed]);
  }
  expect(await verify(server.dataDir)).toMatchObject({ problems: [] });
});

test("a key survives a restart in the middle, and the tournament ends as one that was not interrupted", async () => {
  const of = spec(["first", "second"], { trials: 4, tasks: [BANDIT, RIVER] });
  const first = await startTestServer();
  onTestFinished(() => first.dispose());
  const id = await create(first.connection, of); // the server draws it
  await playAs(first.connection, "first", id);
  await first.close();
  const second = await serverAfter(first);
  expect((await second.connection.createTournament({ spec: of })).existed).toBe(true);
  await playAs(second.connection, "second", id);
  const { results } = await finished(second.connection, id);
  expect(results.seedKey).toHaveLength(32);

  const whole = await serverForTest();
  await create(whole.connection, of, Buffer.from(results.seedKey));
  await Promise.all(["first", "second"].map((name) => playAs(whole.connection, name, id)));
  expect((await finished(whole.connection, id)).results).toEqual(results);
  // Read anew after it was over, it has the same key.
  await second.close();
  const third = await serverAfter(first);
  expect((await third.connection.getTournament({ id })).results).toEqual(results);
});

test("whoever creates a tournament again gets its key, and is refused with another or with one that is too long", async () => {
  const { connection } = await serverForTest();
  const of = spec(["x"], { tasks: [BANDIT] });
  const refused = { reason: "SPEC_INVALID" };
  const key = Buffer.from("abcd", "hex");
  await expect(create(connection, of, Buffer.alloc(65))).rejects.toMatchObject(refused);
  const id = await create(connection, of, key);
  expect(await create(connection, of, key)).toBe(id);
  expect(await create(connection, of)).toBe(id);
  await expect(create(connection, of, Buffer.from("abce", "hex"))).rejects.toMatchObject(refused);
  await expect(create(connection, of, NO_KEY)).rejects.toMatchObject(refused);
  const drawn = spec(["x"], { tasks: [BANDIT], name: "drawn" });
  await create(connection, drawn);
  await expect(create(connection, drawn, NO_KEY)).rejects.toMatchObject(refused);
});

test("what a rival did and was paid is read by nobody before all have played, by either RPC, with any filter", async () => {
  const { connection } = await serverForTest();
  const id = await create(connection, spec(["scout", "copycat"], { trials: 5, tasks: [RIVER] }));
  await playAs(connection, "scout", id);
  // Of somebody else's free play nothing is withheld meanwhile.
  const free = await create(connection, spec(["alone"], { trials: 1, tasks: [BANDIT], name: "alone" }));
  await playAs(connection, "alone", free);
  await finished(connection, free);
  for (const filter of [
    undefined,
    { tournamentId: id },
    { entrant: "scout" },
    { agent: "scout" },
    { task: "river-swim" },
  ]) {
    expect((await readable(connection, filter)).size).toBe(filter === undefined ? 1 : 0);
  }
  await expect(connection.streamTrials({ id })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    reason: "TOURNAMENT_RUNNING",
  });
  await playAs(connection, "copycat", id);
  await finished(connection, id);
  expect((await readable(connection, { tournamentId: id })).size).toBe(2 * 5 * 4); // entrants, trials, episodes
});

test("the page tells nobody but the operator a regret, a curve or a trajectory of a tournament that is not over", async () => {
  const { connection, pageUrl, operatorKey } = await serverWithPage();
  const of = spec(["scout", "main"], { trials: 20, tasks: [BANDIT] });
  const id = await create(connection, of);
  await playAs(connection, "scout", id);
  const path = `/api/tournaments/${id}`;
  for (const key of [undefined, "no such key, and long enough"]) {
    const view = await api<TournamentView>(pageUrl, path, key);
    expect(view).toMatchObject({ withheld: true, trajectories: [], server: { operator: false, withholds: true } });
    expect(view.tournament).toMatchObject({ state: "running", done_trials: 20, steps: 20 * 6 });
    expect(view.task.curves).toEqual([]);
    expect(view.task.standings).toMatchObject([
      { agent: 0, done_trials: 20, regret: null, se: null, ci95: null, rank: null, regret_trials: 0 },
      { agent: 1, done_trials: 0, regret: null, se: null, ci95: null, rank: null, regret_trials: 0 },
    ]);
    expect((await api<TrajectoriesView>(pageUrl, "/api/trajectories", key)).trajectories).toEqual([]);
    expect((await api<Overview>(pageUrl, "/api/overview", key)).trajectories).toEqual([]);
  }
  const full = await api<TournamentView>(pageUrl, path, operatorKey);
  expect(full).toMatchObject({ withheld: false, server: { operator: true, withholds: false } });
  expect(full.task.curves).toMatchObject([{ agent: 0 }]);
  expect(full.task.standings[0]).toMatchObject({ agent: 0, rank: 1, regret: expect.any(Number), regret_trials: 20 });
  const [{ id: trajectory }] = full.trajectories;
  const one = `${pageUrl}api/trajectories/${trajectory}`;
  const refused = await http(one);
  expect([refused.status, JSON.parse(refused.body.toString()).reason]).toEqual([403, "KEY_REFUSED"]);
  expect((await http(one, { Authorization: `Bearer ${operatorKey}` })).status).toBe(200);

  await playAs(connection, "main", id);
  await finished(connection, id);
  await expect.poll(async () => (await api<TournamentView>(pageUrl, path)).withheld).toBe(false);
  expect((await http(one)).status).toBe(200);
});

/** Whether anything of a tournament that is over is to be had. */
async function toldOf(connection: Connection, pageUrl: string, id: string) {
  const { tournament, results } = await connection.getTournament({ id });
  const { tournaments } = await connection.listTournaments({ pageSize: 0, pageToken: "" });
  const view = await api<TournamentView>(pageUrl, `/api/tournaments/${id}`);
  return {
    rows: (await readable(connection, { tournamentId: id })).size > 0,
    seed: tournament?.spec?.seed !== undefined,
    listedSeed: tournaments.find((one) => one.id === id)?.spec?.seed !== undefined,
    results: results !== undefined,
    trials: await connection
      .streamTrials({ id })
      [Symbol.asyncIterator]()
      .next()
      .then(
        () => true,
        ({ reason }: { reason: string }) => reason !== "TOURNAMENT_RUNNING",
      ),
    page: !view.withheld || view.trajectories.length > 0 || view.task.curves.length > 0,
    regret: view.task.standings.some(({ regret }) => regret !== null),
  };
}

const everything = (told: boolean) => ({
  ...{ rows: told, seed: told, listedSeed: told, results: told, trials: told, page: told, regret: told },
});

test("a tournament that is over is withheld by every route while another with its instances is played", async () => {
  const { connection, pageUrl } = await serverWithPage();
  const of = spec(["a"], { seed: 99n, trials: 2, tasks: [BANDIT], name: "A" });
  const id = await create(connection, of);
  await playAs(connection, "a", id);
  const { results } = await finished(connection, id);
  expect(await toldOf(connection, pageUrl, id)).toEqual(everything(true));
  // Its seed with another key is another tournament's.
  const others = await create(connection, spec(["a", "b"], { seed: 99n, trials: 2, tasks: [BANDIT], name: "C" }));
  expect(await toldOf(connection, pageUrl, id)).toEqual(everything(true));
  const more = spec(["a", "b"], { seed: 99n, trials: 2, tasks: [BANDIT], name: "B" });
  const again = await create(connection, more, Buffer.from(results.seedKey));
  await expect.poll(() => toldOf(connection, pageUrl, id)).toEqual(everything(false));
  await Promise.all(["a", "b"].map((entrant) => playAs(connection, entrant, again)));
  await finished(connection, again);
  for (const over of [id, again]) await expect.poll(() => toldOf(connection, pageUrl, over)).toEqual(everything(true));
  expect((await toldOf(connection, pageUrl, others)).seed).toBe(false);
});

test("what another version of the server may go on with is withheld, and so is what has its instances", async () => {
  const first = await startTestServer();
  onTestFinished(() => first.dispose());
  const over = await create(first.connection, spec(["a"], { trials: 2, tasks: [BANDIT], name: "A" }), NO_KEY);
  await playAs(first.connection, "a", over);
  await finished(first.connection, over);
  const left = await create(first.connection, spec(["a", "b"], { trials: 2, tasks: [BANDIT], name: "B" }), NO_KEY);
  await playAs(first.connection, "a", left);
  await first.close();
  // Its version of the task has another option: here it cannot be played.
  const journals = join(first.dataDir, "tournaments");
  const path = join(journals, `${left}.jsonl`);
  writeFileSync(path, readFileSync(path, "utf8").replace('"arms":3', '"arms":3,"colour":1'));

  const second = await serverAfter(first);
  const { connection } = second;
  expect((await connection.listTournaments({ pageSize: 0, pageToken: "" })).tournaments.map(({ id }) => id)).toEqual([
    over,
  ]);
  expect((await readable(connection)).size).toBe(0);
  expect(await connection.getTournament({ id: over })).toMatchObject({ results: undefined });
  await second.close();

  // Not knowing it at all is no better: its rows are there.
  writeFileSync(path, "");
  const third = await serverAfter(first);
  expect((await readable(third.connection, { tournamentId: left })).size).toBe(0);
  expect((await readable(third.connection, { tournamentId: over })).size).toBe(2);
});

test("the metrics name nobody and nothing of what is played", async () => {
  const { connection, pageUrl } = await serverWithPage();
  const watched = agentThat("scout-agent", ({ numActions }) => ({ act: () => numActions - 1 }));
  const id = await create(
    connection,
    spec(["scout=scout-agent", "other"], { trials: 2, tasks: [BANDIT], name: "cup" }),
  );
  await serveMatches(connection, watched, { entrant: "scout", streams: 1 });
  const text = (await http(`${pageUrl}metrics`)).body.toString();
  for (const word of ["scout", "cup", "bandit", id, "regret", "reward", "return", "seed"])
    expect(text).not.toContain(word);
});
