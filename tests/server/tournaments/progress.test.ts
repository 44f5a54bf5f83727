/** How far a tournament is: the same on the page, on the wire and in the metrics. */
import { expect, onTestFinished, test } from "vitest";
import { createProgress } from "#icrl/cli/print/progress.js";
import type { Connection } from "#icrl/clients/typescript/connect.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { progressItems, waitingText } from "#icrl/jobs/tournament/tournament-progress.js";
import type { Tournament, TournamentSpec } from "#icrl/proto/gen/icrl/v1/tournament.js";
import type { Overview, TournamentView } from "#icrl/server/http/api.js";
import { eventually } from "../../support/eventually.js";
import { api } from "../../support/http.js";
import { scrape } from "../../support/metrics.js";
import { actions, hello, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverAfter, serverWithPage, startTestServer } from "../../support/server.js";
import { BANDIT, create, finished, LINEAR, RIVER, randomAgent, spec } from "../../support/tournament.js";

/** Three tasks of which each built-in entrant plays some: 4 + 4 + 12 trials, and of "late" nobody knows. */
const OF = spec(["arms", "mdps", "any", "late"], { trials: 4, tasks: [BANDIT, LINEAR, RIVER] });
const DECLARATIONS = [
  { name: "arms", tasks: ["bernoulli-bandit"] },
  { name: "mdps", tasks: ["tabular-mdp"] },
  { name: "any", tasks: [] },
];

const createDeclared = async (connection: Connection, of: TournamentSpec) =>
  (await connection.createTournament({ spec: of, declarations: DECLARATIONS })).tournament as Tournament;

/** What the page's two views say of it: the numbers that both have. */
async function onThePage(pageUrl: string, id: string) {
  const [overview, view] = await Promise.all([
    api<Overview>(pageUrl, "/api/overview"),
    api<TournamentView>(pageUrl, `/api/tournaments/${id}`),
  ]);
  expect(overview.tournaments[0]).toEqual(view.tournament);
  return view;
}

/** The metrics whose names begin so. */
async function samples(pageUrl: string, ...names: readonly string[]): Promise<Record<string, number>> {
  const all = [...(await scrape(pageUrl)).samples];
  return Object.fromEntries(all.filter(([sample]) => names.some((name) => sample.startsWith(name))));
}

/** What a terminal says of it. */
function inTheTerminal(tournament: Tournament, elsewhere: readonly string[]): string {
  const written: string[] = [];
  const progress = createProgress({ stream: { write: (text) => written.push(text) }, nowMs: () => 0 });
  const entrants = (tournament.spec as TournamentSpec).agents;
  const sorted = { started: [], fromElsewhere: entrants.filter(({ name }) => elsewhere.includes(name)) };
  progress.update(progressItems(tournament, sorted), waitingText(tournament, sorted));
  return written.join("");
}

test("what entrants play is counted as soon as it is known, and apart until then: alike on page, wire, terminal and in the metrics", async () => {
  const { pageUrl, connection } = await serverWithPage();
  const tournament = await createDeclared(connection, OF);
  const { id } = tournament;
  expect(tournament.matches.map((match) => `${match.taskId} ${match.entrant}${match.undeclared ? "?" : ""}`)).toEqual([
    ...["bandit arms", "bandit any", "bandit late?"],
    ...["linear any", "linear late?"],
    ...["river mdps", "river any", "river late?"],
  ]);
  const { tournament: summary, tasks, task } = await onThePage(pageUrl, id);
  // By hand: 1 match of arms, 1 of mdps, 3 of any, 4 trials each; late may play 3.
  expect(summary).toMatchObject({
    matches: 5,
    undeclared_matches: 3,
    trials: 20,
    done_trials: 0,
    undeclared_trials: 12,
  });
  expect(tasks).toMatchObject([
    { id: "bandit", trials: 8, undeclared_trials: 4 },
    { id: "linear", trials: 4, undeclared_trials: 4 },
    { id: "river", trials: 8, undeclared_trials: 4 },
  ]);
  expect(task.standings.map(({ agent, undeclared }) => [agent, undeclared])).toEqual([
    [0, false],
    [2, false],
    [3, true],
  ]);
  expect(await samples(pageUrl, "icrl_tournament_trials", "icrl_matches{")).toEqual({
    'icrl_tournament_trials{state="undeclared"}': 12,
    'icrl_tournament_trials{state="left"}': 20,
    'icrl_tournament_trials{state="done"}': 0,
    'icrl_matches{state="undeclared"}': 3,
    'icrl_matches{state="pending"}': 5,
    'icrl_matches{state="running"}': 0,
    'icrl_matches{state="finished"}': 0,
    'icrl_matches{state="forfeited"}': 0,
  });
  expect(inTheTerminal(tournament, ["late"])).toBe("≥ 0 %  0 of 20 trials, up to 12 more: waiting for late\n");

  // One plays what it was said to play, and nothing else.
  await serveMatches(connection, randomAgent("arms"), { entrant: "arms", streams: 1 });
  const after = (await connection.getTournament({ id })).tournament as Tournament;
  expect(inTheTerminal(after, ["late"])).toMatch(/^≥ 12 % {2}4 of 20 trials, up to 12 more: .*, waiting for late\n$/); // 4 of 32
  await eventually(async () =>
    expect((await onThePage(pageUrl, id)).tournament).toMatchObject({ done_trials: 4, trials: 20 }),
  );

  // The last one comes, and plays one task of the three.
  const late = { ...randomAgent("late"), tasks: ["river-swim"] };
  await serveMatches(connection, late, { entrant: "late", streams: 1 });
  await eventually(async () =>
    expect((await onThePage(pageUrl, id)).tournament).toMatchObject({
      trials: 24,
      undeclared_trials: 0,
      done_trials: 8,
    }),
  );
  const told = (await connection.getTournament({ id })).tournament as Tournament;
  expect(told.matches.some(({ undeclared }) => undeclared)).toBe(false);
  expect(inTheTerminal(told, [])).toMatch(/^ 33 % {2}8 of 24 trials: /);
});

test("a watch of changes tells that a match is to be played, of an entrant that plays all that it was listed for", async () => {
  const { connection } = await serverWithPage();
  const id = await create(connection, spec(["one", "two"], { trials: 2, tasks: [BANDIT] }));
  const watch = connection.watchTournament({ id, changesOnly: true })[Symbol.asyncIterator]();
  onTestFinished(() => void watch.return?.());
  const first = (await watch.next()).value;
  expect(first.tournament.matches).toMatchObject([{ undeclared: true }, { undeclared: true }]);
  await serveMatches(connection, randomAgent("one"), { entrant: "one", streams: 1 });
  const { tournament, change } = (await watch.next()).value;
  expect(change).toBe(true);
  expect(tournament.matches).toMatchObject([{ entrant: "one", undeclared: false }]);
});

test("entrants that were declared before a restart are so after it, and creating it again tells of the others", async () => {
  const first = await startTestServer();
  onTestFinished(() => first.dispose());
  const { id } = await createDeclared(first.connection, OF);
  await first.close();
  const second = await serverAfter(first);
  const undeclared = async () =>
    (await second.connection.getTournament({ id })).tournament?.matches.filter((match) => match.undeclared).length;
  expect(await undeclared()).toBe(3);
  const declarations = [{ name: "late", tasks: ["linear-bandit"] }];
  const { tournament } = await second.connection.createTournament({ spec: OF, declarations });
  expect(tournament?.matches.map((match) => `${match.taskId} ${match.entrant}`)).toEqual([
    ...["bandit arms", "bandit any"],
    ...["linear any", "linear late"],
    ...["river mdps", "river any"],
  ]);
  expect(await undeclared()).toBe(0);
});

test("what is said of an entrant after it stayed away changes nothing: it has forfeited", async () => {
  const { connection, pageUrl } = await serverWithPage({ entrant_timeout_ms: 10 });
  const of = spec(["never"], { trials: 3, tasks: [BANDIT, RIVER] });
  const id = await create(connection, of);
  const { results } = await finished(connection, id);
  const again = await connection.createTournament({
    spec: of,
    declarations: [{ name: "never", tasks: ["river-swim"] }],
  });
  expect(again.tournament?.matches).toMatchObject([{ forfeits: 3 }, { forfeits: 3 }]);
  expect((await connection.getTournament({ id })).results).toEqual(results);
  expect((await onThePage(pageUrl, id)).tournament).toMatchObject({ trials: 6, done_trials: 6, undeclared_trials: 0 });
});

test("a declaration of somebody who is no entrant is refused", async () => {
  const { connection } = await serverWithPage();
  const declarations = [{ name: "nobody", tasks: [] }];
  await expect(connection.createTournament({ spec: OF, declarations })).rejects.toMatchObject({
    reason: "SPEC_INVALID",
    message: expect.stringContaining('"nobody" is declared to play tasks, but the entrants are arms, mdps, any, late'),
  });
});

test("a match has its steps while its first trials are under way, and what they can be at most", async () => {
  const { connection, address, pageUrl } = await serverWithPage();
  const id = await create(connection, spec(["one"], { trials: 2, tasks: [RIVER] }));
  const client = rawClient(address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  stream.send(hello({ agent: "one", entrant: "one", tournamentId: id, numEnvs: 1 }));
  for (const kind of ["welcome", "opened", "observations"] as const) await stream.expect(kind);
  for (let step = 0; step < 5; step++) {
    stream.send(actions(step, [0]));
    await stream.expect("observations");
  }
  // By hand: the env has taken 5 of a trial's 3 * 4 steps.
  const { tournament } = await connection.getTournament({ id });
  expect(tournament?.matches).toMatchObject([{ completeTrials: 0, steps: 5n, maxSteps: 24n }]);
  expect((await onThePage(pageUrl, id)).tournament).toMatchObject({ done_trials: 0, steps: 5 });
  for (let step = 5; step < 24; step++) {
    stream.send(actions(step, [0]));
    await stream.expect("observations");
  }
  expect((await finished(connection, id)).tournament.matches).toMatchObject([{ completeTrials: 2, steps: 24n }]);
});

test("episodes on disk are all that the log has, those of earlier processes too", async () => {
  const first = await startTestServer();
  onTestFinished(() => first.dispose());
  const id = await create(first.connection, spec(["one"], { trials: 5, tasks: [BANDIT, RIVER] }));
  await serveMatches(first.connection, randomAgent("one"), { entrant: "one", streams: 1 });
  await finished(first.connection, id);
  // By hand: 5 episodes of the bandit, 5 * 4 of the river.
  expect(await first.connection.getServerInfo()).toMatchObject({ durableEpisodes: 25n, logEpisodes: 25n });
  await first.close();
  const second = await startTestServer({}, undefined, { listen: "127.0.0.1:0" }, { path: first.dataDir, remove() {} });
  onTestFinished(() => second.dispose());
  const pageUrl = second.pageUrl as string;
  expect(await second.connection.getServerInfo()).toMatchObject({ durableEpisodes: 0n, logEpisodes: 25n });
  expect((await api<Overview>(pageUrl, "/api/overview")).server.durable_episodes).toBe(25);
  expect(await samples(pageUrl, "icrl_log_episodes")).toMatchObject({ icrl_log_episodes: 25 });
  const again = await create(second.connection, spec(["one"], { trials: 2, tasks: [BANDIT] }));
  await serveMatches(second.connection, randomAgent("one"), { entrant: "one", streams: 1 });
  await finished(second.connection, again);
  expect(await second.connection.getServerInfo()).toMatchObject({ durableEpisodes: 2n, logEpisodes: 27n });
});
