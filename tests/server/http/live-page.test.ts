/** The live page's API and files, of a real server. */
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { digitsForIntervals } from "#icrl/common/digits.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import type { AgentsView, Overview, TournamentView, TrajectoriesView, TrajectoryView } from "#icrl/server/http/api.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { eventually } from "../../support/eventually.js";
import { api, http } from "../../support/http.js";
import { actions, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverWithPage } from "../../support/server.js";
import { BANDIT, create, finished, NO_KEY, randomAgent, spec } from "../../support/tournament.js";

const GRID = { id: "room", task: "dark-room", options: { size: 4, horizon: 8, episodes: 2 } };

test("a server without anything says so", async () => {
  const { pageUrl, address } = await serverWithPage();
  const { server, ...lists } = await api<Overview>(pageUrl, "/api/overview");
  expect(lists).toEqual({ tournaments: [], tournaments_total: 0, agents: [], trajectories: [] });
  expect(server).toMatchObject({ address, steps: 0, sessions: 0, agents: 0, log_writable: true });
  expect((await api<AgentsView>(pageUrl, "/api/agents")).agents).toEqual([]);
  expect((await api<TrajectoriesView>(pageUrl, "/api/trajectories")).trajectories).toEqual([]);
});

test("while a tournament runs its seeds are told to nobody but the operator, who sees all; once it is over everybody does", async () => {
  const { pageUrl, connection, operatorKey } = await serverWithPage();
  const of = spec(["first", "second"], { trials: 3, tasks: [BANDIT, GRID] });
  const id = await create(connection, of, NO_KEY);
  // Plays all its matches; the tournament waits for the second.
  await serveMatches(connection, randomAgent("first"), { entrant: "first", streams: 1 });

  const running = await eventually(async () => {
    const view = await api<TournamentView>(pageUrl, `/api/tournaments/${id}`, operatorKey);
    expect(view.tournament.finished_matches).toBe(2);
    return view;
  });
  expect(running.tournament.state).toBe("running");
  expect(running.task).toMatchObject({ id: "bandit", curves: [{ agent: 0, step: [1, 2, 3, 4, 5, 6], forfeits: 0 }] });
  expect(running.task.standings).toMatchObject([
    { agent: 0, state: "finished", done_trials: 3, regret: expect.any(Number), regret_trials: 3, rank: 1, ci95: null },
    { agent: 1, state: "pending", done_trials: 0, regret: null, rank: null },
  ]);

  const { trajectories } = await api<TrajectoriesView>(pageUrl, "/api/trajectories", operatorKey);
  expect(new Set(trajectories.map(({ task }) => task))).toEqual(new Set(["bernoulli-bandit", "dark-room"]));
  for (const summary of trajectories) expect(summary).toMatchObject({ tournament: id, entrant: "first", place: 0 });
  const paths = ["overview", "agents", "trajectories", `tournaments/${id}`, `tournaments/${id}?task=room`];
  const textsFor = (headers: Record<string, string>) =>
    Promise.all(
      [...paths, ...trajectories.map((one) => `trajectories/${one.id}`)].map(async (path) =>
        (await http(`${pageUrl}api/${path}`, headers)).body.toString(),
      ),
    );
  const seeds = of.tasks.flatMap(({ id: taskId }) =>
    [0n, 1n, 2n].flatMap((trial) => {
      const series = { purpose: "tournament", seed: of.seed as bigint, taskId, entrant: "first" } as const;
      return Object.values(trialSeeds(series, trial)).map(String);
    }),
  );
  const told = async (headers: Record<string, string>) => {
    const texts = (await textsFor(headers)).join("");
    return seeds.some((seed) => texts.includes(seed));
  };
  expect(await told({})).toBe(false);
  expect(await told({ Authorization: `Bearer ${operatorKey}` })).toBe(true);

  await serveMatches(connection, randomAgent("second"), { entrant: "second", streams: 1 });
  await finished(connection, id);
  const bandit = trajectories.find(({ task }) => task === "bernoulli-bandit");
  const room = trajectories.find(({ task }) => task === "dark-room");
  await eventually(async () => {
    const view = await api<TrajectoryView>(pageUrl, `/api/trajectories/${bandit?.id}`);
    const { task_seed: seed, means, regrets, optimal_actions: best } = view.revealed;
    const { truth } = buildTask("bernoulli-bandit", view.options).instantiate(BigInt(seed), 0n);
    expect(means).toEqual(truth.type === "bandit" && [...truth.means]);
    const largest = Math.max(...(means ?? []));
    expect(best).toEqual(view.actions.map(() => means?.indexOf(largest)));
    for (const [t, action] of view.actions.entries()) {
      expect(regrets[t]).toBeCloseTo(largest - (means?.[action] ?? 0), 6); // float32
    }
    expect(view.summary.regret).toBeCloseTo(
      regrets.reduce((sum, regret) => sum + regret, 0),
      6,
    );
  });
  await eventually(async () => {
    const view = await api<TrajectoryView>(pageUrl, `/api/trajectories/${room?.id}`);
    expect(view.revealed.goals).toMatchObject([{ sign: "★" }]);
    expect(view.drawing).toEqual({ as: "grid", rows: 4, columns: 4 });
    expect(view.action_names).toEqual(["stay", "up", "down", "left", "right"]);
    expect(view.revealed.means).toBeNull();
  });
  await eventually(async () => {
    const { tournament, task } = await api<TournamentView>(pageUrl, `/api/tournaments/${id}?task=room`);
    expect(tournament).toMatchObject({ state: "finished", finished_matches: 4, done_trials: 12 });
    expect(task.id).toBe("room");
    expect(task.curves).toHaveLength(2);
    const { results } = await finished(connection, id);
    const room = results.tasks.find((one) => one.id === "room");
    for (const standing of task.standings) {
      const curve = task.curves.find(({ agent }) => agent === standing.agent);
      expect(standing.regret_trials).toBe(3);
      expect(standing.regret).toBeCloseTo(curve?.mean.at(-1) as number, 3); // five significant digits
      // The page's numbers are those of results.json, to the last bit.
      const name = ["first", "second"][standing.agent];
      const { mean, se, ci95Low, ci95High } = room?.agents.find((agent) => agent.name === name)?.regret ?? {};
      const place = results.leaderboard.find((row) => row.task === "room" && row.name === name);
      expect(standing).toMatchObject({ regret: mean, se, ci95: [ci95Low, ci95High], rank: place?.rank });
    }
    expect(task.digits).toBe(digitsForIntervals(task.standings.map(({ ci95 }) => ci95)));
    const [least, most] = task.standings.map(({ regret }) => regret as number);
    expect(least).toBeLessThanOrEqual(most);
  });
});

test("sessions over one connection are one agent, with what it plays, until it is gone", async () => {
  const { pageUrl, address } = await serverWithPage();
  const client = rawClient(address);
  onTestFinished(() => client.close());
  const [first, second] = [rawStream(client), rawStream(client)];
  await opened(first, { numEnvs: 2, trials: 2n }, { agent: "mine", agentVersion: "3", language: "by hand" });
  await opened(second, { numEnvs: 2, trials: 2n }, { agent: "mine", agentVersion: "3", language: "by hand" });
  first.send(actions(0, [0, 0]));
  await first.expect("observations");
  const { agents, server } = await api<AgentsView>(pageUrl, "/api/agents");
  expect(server).toMatchObject({ sessions: 2, agents: 1, steps: 2 });
  expect(agents).toMatchObject([
    {
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      steps: 2,
      sessions_total: 2,
      sessions: [
        { agent: "mine", version: "3", language: "by hand", entrant: null, playing: true, envs: 2, steps: 2 },
        { agent: "mine", version: "3", language: "by hand", entrant: null, playing: true, envs: 2, steps: 0 },
      ],
    },
  ]);
  first.call.cancel();
  second.call.cancel();
  await eventually(async () => {
    const { agents, server } = await api<AgentsView>(pageUrl, "/api/agents");
    expect([agents.length, server.sessions]).toEqual([0, 0]);
  });
});

test("ten thousand matches fit in answers of a few kilobytes", async () => {
  const { pageUrl, connection } = await serverWithPage();
  const agents = Array.from({ length: 200 }, (_, i) => `agent-${i}`);
  const tasks = Array.from({ length: 50 }, (_, i) => ({ ...BANDIT, id: `task-${i}` }));
  const id = await create(connection, spec(agents, { trials: 1, tasks }));
  const sizeOf = async (path: string) => (await http(`${pageUrl}api/${path}`)).body.length;
  expect(await sizeOf("overview")).toBeLessThan(10_000);
  expect(await sizeOf(`tournaments/${id}`)).toBeLessThan(60_000);
  expect(await sizeOf(`tournaments/${id}?task=task-49`)).toBeLessThan(60_000);
});

test("what is not there is refused with its reason", async () => {
  const { pageUrl, connection } = await serverWithPage();
  const id = await create(connection, spec(["a"]));
  for (const [path, reason] of [
    ["tournaments/none", "TOURNAMENT_UNKNOWN"],
    [`tournaments/${id}?task=none`, "TASK_UNKNOWN"],
    ["trajectories/none", "TRAJECTORY_UNKNOWN"],
    ["nothing", "PATH_UNKNOWN"],
  ]) {
    const { status, body } = await http(`${pageUrl}api/${path}`);
    expect([path, status, JSON.parse(body.toString()).reason]).toEqual([path, 404, reason]);
  }
});

test("the page is all from this server, small, and asked for once", async () => {
  const { pageUrl } = await serverWithPage();
  const packed = { "Accept-Encoding": "gzip" };
  const seen = new Set<string>();
  const waiting = ["/"];
  let size = 0;
  let packedSize = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const url = new URL(path, pageUrl).href;
    const { status, headers, body } = await http(url);
    expect([path, status]).toEqual([path, 200]);
    size += body.length;
    packedSize += (await http(url, packed)).body.length;
    expect((await http(url, { "If-None-Match": headers.etag as string })).status).toBe(304);
    const text = body.toString();
    // Links and scripts of the page, its import map, and what modules import.
    const named = [...text.matchAll(/(?:href|src)="(\/[^"]*)"|: "(\/vendor\/[^"]*)"|from\s*"(\.\/[^"]*)"/g)];
    waiting.push(...named.map((match) => new URL(match[1] ?? match[2] ?? match[3], url).pathname));
  }
  expect(seen).toContain("/vendor/uplot.js");
  expect(seen).toContain("/trajectory-page.js");
  expect(seen).toContain("/icon.svg");
  expect(size).toBeLessThan(200_000);
  expect(packedSize).toBeLessThan(80_000);
});
