/** What /metrics says of real servers while agents play. */
import { expect, onTestFinished, test } from "vitest";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { VERSION } from "#icrl/common/version.js";
import { conversation } from "../../support/dm-env-rpc.js";
import { eventually } from "../../support/eventually.js";
import { http } from "../../support/http.js";
import { scrape } from "../../support/metrics.js";
import { tableBelow } from "../../support/operating-page.js";
import { actions, hello, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverForTest, serverWithPage } from "../../support/server.js";
import { agentThat, BANDIT, create, finished, randomAgent, spec } from "../../support/tournament.js";

/** Samples of some names, as they are written. */
async function numbers(pageUrl: string, ...names: string[]): Promise<Record<string, number>> {
  const { samples } = await scrape(pageUrl);
  const wanted = [...samples].filter(([sample]) => names.includes(sample.replace(/\{.*/, "")));
  return Object.fromEntries(wanted);
}

function clientOf(address: string) {
  const client = rawClient(address);
  onTestFinished(() => client.close());
  return client;
}

test("sessions, steps, trials, episodes and times are counted exactly", async () => {
  const { pageUrl, connection } = await serverWithPage();
  // One session of 2 envs: 6 trials of 4 steps are 3 times 4 lock-steps.
  await playAgent(connection, randomAgent("random"), {
    task: "bernoulli-bandit",
    taskOptions: { arms: 2, horizon: 4 },
    numEnvs: 2,
    streams: 1,
    trials: 6,
    seed: 1,
  });
  await eventually(async () =>
    expect(await numbers(pageUrl, "icrl_sessions_ended_total")).toMatchObject({
      'icrl_sessions_ended_total{outcome="closed"}': 1,
    }),
  );
  const { samples } = await scrape(pageUrl);
  expect(Object.fromEntries(samples)).toMatchObject({
    [`icrl_build_info{version="${VERSION}"}`]: 1,
    icrl_sessions_opened_total: 1,
    'icrl_sessions_ended_total{outcome="closed"}': 1,
    'icrl_sessions{state="playing"}': 0,
    icrl_steps_total: 24,
    'icrl_trials_total{outcome="complete"}': 6,
    'icrl_trials_total{outcome="incomplete"}': 0,
    icrl_log_episodes_appended_total: 6,
    icrl_log_episodes_durable_total: 6,
    icrl_log_episodes_lost_total: 0,
    icrl_log_failures_total: 0,
    icrl_log_writable: 1,
    icrl_log_backlog_bytes: 0,
    icrl_log_segments_waiting: 0,
    icrl_act_seconds_count: 12,
    'icrl_act_seconds_bucket{le="+Inf"}': 12,
    icrl_step_seconds_count: 12,
    'icrl_rpc_calls_total{method="EnvironmentService/Play",code="OK"}': 1,
    'icrl_errors_total{reason="INTERNAL"}': 0,
  });
  expect(samples.get("icrl_log_flush_seconds_count")).toBeGreaterThan(0);
  expect(samples.get("icrl_log_written_bytes_total")).toBeGreaterThan(6 * 4 * (4 + 4)); // at least actions and rewards
  expect(samples.get("icrl_act_seconds_sum")).toBeGreaterThan(0);
});

test("worlds of dm_env_rpc are counted, and agents in them are sessions", async () => {
  const { pageUrl, address } = await serverWithPage();
  const mine = conversation(address);
  await mine.enter({ task: "bernoulli-bandit", "option.horizon": 2 });
  for (const action of [undefined, 0, 0]) await mine.step(action);
  await mine.create({ task: "chain" });
  const names = ["icrl_worlds", "icrl_sessions", "icrl_steps_total", "icrl_trials_total"];
  expect(await numbers(pageUrl, ...names)).toMatchObject({
    'icrl_worlds{state="joined"}': 1,
    'icrl_worlds{state="empty"}': 1,
    'icrl_sessions{state="playing"}': 1,
    icrl_steps_total: 2,
    'icrl_trials_total{outcome="complete"}': 1,
  });
});

test("what sessions do now is a gauge, and an unplayed trial counts as incomplete", async () => {
  const { pageUrl, address } = await serverWithPage();
  const client = clientOf(address);
  const idle = rawStream(client);
  idle.send(hello());
  await idle.expect("welcome");
  const playing = rawStream(client);
  await opened(playing);
  playing.send(actions(0, [0]));
  await playing.expect("observations");
  expect(await numbers(pageUrl, "icrl_sessions", "icrl_steps_total")).toEqual({
    'icrl_sessions{state="playing"}': 1,
    'icrl_sessions{state="waiting"}': 0,
    'icrl_sessions{state="parked"}': 0,
    'icrl_sessions{state="idle"}': 1,
    icrl_steps_total: 1,
  });
  playing.call.cancel();
  await eventually(async () =>
    expect(await numbers(pageUrl, "icrl_trials_total", "icrl_sessions_ended_total", "icrl_errors_total")).toEqual({
      'icrl_trials_total{outcome="complete"}': 0,
      'icrl_trials_total{outcome="incomplete"}': 1,
      'icrl_sessions_ended_total{outcome="closed"}': 0,
      'icrl_sessions_ended_total{outcome="CONNECTION_LOST"}': 1,
      'icrl_errors_total{reason="INTERNAL"}': 0,
      'icrl_errors_total{reason="CONNECTION_LOST"}': 1,
    }),
  );
  idle.call.cancel();
});

test("errors are counted once each, by reason; calls by method and code", async () => {
  const { pageUrl, address, connection } = await serverWithPage({ max_sessions: 1 });
  const client = clientOf(address);
  const bad = rawStream(client);
  await opened(bad);
  const refused = rawStream(client);
  refused.send(hello());
  expect(await refused.ended).toMatchObject({ reason: "TOO_MANY_SESSIONS" });
  bad.send(actions(0, [77]));
  expect(await bad.ended).toMatchObject({ reason: "ACTION_OUT_OF_RANGE" });
  for (const id of ["x", "y"]) {
    await expect(connection.getTournament({ id })).rejects.toMatchObject({ reason: "TOURNAMENT_UNKNOWN" });
  }
  await connection.getServerInfo();
  await eventually(async () =>
    expect(await numbers(pageUrl, "icrl_errors_total", "icrl_rpc_calls_total")).toEqual({
      'icrl_errors_total{reason="INTERNAL"}': 0,
      'icrl_errors_total{reason="TOO_MANY_SESSIONS"}': 1,
      'icrl_errors_total{reason="ACTION_OUT_OF_RANGE"}': 1,
      'icrl_errors_total{reason="TOURNAMENT_UNKNOWN"}': 2,
      'icrl_rpc_calls_total{method="EnvironmentService/Play",code="RESOURCE_EXHAUSTED"}': 1,
      'icrl_rpc_calls_total{method="EnvironmentService/Play",code="INVALID_ARGUMENT"}': 1,
      'icrl_rpc_calls_total{method="TournamentService/GetTournament",code="NOT_FOUND"}': 2,
      // The connection asks once when it is made, and here.
      'icrl_rpc_calls_total{method="ServerInfoService/GetServerInfo",code="OK"}': expect.any(Number),
    }),
  );
});

test("a tournament's matches are in one state each while it runs, and are counted when they end", async () => {
  const { pageUrl, connection } = await serverWithPage();
  const of = spec(["good", "bad", "late"], { tasks: [BANDIT], trials: 5 });
  const id = await create(connection, of);
  await serveMatches(connection, randomAgent("good"), { entrant: "good", streams: 1 });
  const broken = agentThat("bad", () => ({ act: () => 0, propensity: 2 }));
  await serveMatches(connection, broken, { entrant: "bad", streams: 1 });
  await eventually(async () =>
    expect(await numbers(pageUrl, "icrl_tournaments", "icrl_matches", "icrl_matches_ended_total")).toEqual({
      'icrl_tournaments{state="pending"}': 0,
      'icrl_tournaments{state="running"}': 1,
      'icrl_tournaments{state="finished"}': 0,
      'icrl_tournaments{state="cancelled"}': 0,
      'icrl_matches{state="undeclared"}': 1,
      'icrl_matches{state="pending"}': 0,
      'icrl_matches{state="running"}': 0,
      'icrl_matches{state="finished"}': 1,
      'icrl_matches{state="forfeited"}': 1,
      'icrl_matches_ended_total{outcome="finished"}': 1,
      'icrl_matches_ended_total{outcome="forfeited"}': 1,
    }),
  );
  await serveMatches(connection, randomAgent("late"), { entrant: "late", streams: 1 });
  await finished(connection, id);
  expect(await numbers(pageUrl, "icrl_tournaments", "icrl_matches", "icrl_matches_ended_total")).toMatchObject({
    'icrl_tournaments{state="running"}': 0,
    'icrl_tournaments{state="finished"}': 1,
    'icrl_tournaments{state="cancelled"}': 0,
    'icrl_matches{state="finished"}': 0,
    'icrl_matches_ended_total{outcome="finished"}': 2,
  });
});

test("servers of one process share no numbers", async () => {
  const [first, second] = [await serverWithPage(), await serverWithPage()];
  await playAgent(first.connection, randomAgent("random"), {
    task: "bernoulli-bandit",
    taskOptions: { arms: 2, horizon: 3 },
    numEnvs: 1,
    streams: 1,
    trials: 2,
  });
  expect((await scrape(first.pageUrl)).samples.get("icrl_steps_total")).toBe(6);
  const { samples } = await scrape(second.pageUrl);
  expect(samples.get("icrl_steps_total")).toBe(0);
  expect(samples.get("icrl_sessions_opened_total")).toBe(0);
  expect(samples.get("icrl_act_seconds_count")).toBe(0);
});

test("labels have closed lists of values: nothing that callers choose is in them", async () => {
  const { pageUrl, connection, address } = await serverWithPage();
  const of = spec(["SECRET-ENTRANT"], { name: "SECRET-NAME", tasks: [{ ...BANDIT, id: "SECRET-TASK" }], trials: 2 });
  const id = await create(connection, of);
  await serveMatches(connection, randomAgent("SECRET-ENTRANT"), { entrant: "SECRET-ENTRANT" });
  const client = clientOf(address);
  const stream = rawStream(client);
  stream.send(hello({ agent: "SECRET-AGENT", entrant: "SECRET-STRANGER", tournamentId: id }));
  expect(await stream.ended).toMatchObject({ reason: "ENTRANT_UNKNOWN" });
  await finished(connection, id);
  const { body } = await http(new URL("/metrics", pageUrl).href);
  expect(body.toString()).toContain("ENTRANT_UNKNOWN");
  expect(body.toString()).not.toMatch(/SECRET/i);
  expect(body.toString()).not.toContain(id);
});

test("the metrics are where the page is, for its readers alone: without a page there are none", async () => {
  const { pageUrl } = await serverWithPage();
  const { port } = new URL(pageUrl);
  const url = new URL("/metrics", pageUrl).href;
  expect((await http(url, { Host: `evil.example:${port}` })).status).toBe(403);
  expect((await http(url, {}, "POST")).status).toBe(405);
  expect(await http(url, {}, "HEAD")).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
  expect((await serverForTest()).pageUrl).toBeUndefined();
});

test("every metric has a text, and docs/operating.md has all of ours with their types, labels and no other", async () => {
  const { pageUrl, connection } = await serverWithPage();
  await playAgent(connection, randomAgent("random"), {
    task: "bernoulli-bandit",
    taskOptions: { arms: 2, horizon: 3 },
    numEnvs: 1,
    streams: 1,
    trials: 1,
  });
  await connection.getServerInfo(); // a call that is over when it is answered
  const { families, samples } = await scrape(pageUrl);
  for (const [name, { help, type }] of families)
    expect([name, help.length > 5, type]).toEqual([
      name,
      true,
      expect.stringMatching(/^(counter|gauge|histogram|summary)$/),
    ]);
  const labelsOf = (name: string) => {
    const sample =
      [...samples.keys()].find((key) => key.startsWith(`${name}{`) || key.startsWith(`${name}_bucket{`)) ?? "";
    return [...sample.matchAll(/([a-z_]+)="/g)].map(([, label]) => label).join(", ");
  };
  const ours = [...families].filter(([name]) => name.startsWith("icrl_"));
  const documented = tableBelow("Metrics").map(([name, type, labels]) => [name, type, labels]);
  expect(documented.sort()).toEqual(ours.map(([name, { type }]) => [name, type, labelsOf(name)]).sort());
  for (const [name, { type }] of ours) expect(name.endsWith("_total")).toBe(type === "counter");
});
