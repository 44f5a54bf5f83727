import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import { batchBuilder } from "#icrl/datasets/log/batch-builder.js";
import { ipcRows } from "#icrl/datasets/log/batch-rows.js";
import { sqlType } from "#icrl/datasets/log/columns.js";
import { listTrajectories, type TrajectorySummary } from "#icrl/datasets/log/list-trajectories.js";
import { queryLog } from "#icrl/datasets/log/query-log.js";
import { readEpisodes } from "#icrl/datasets/log/read-episodes.js";
import { takeChunk } from "#icrl/datasets/log/stream-trajectories.js";
import type { TrajectoryFilter } from "#icrl/datasets/log/trajectory-filter.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { logPieces, pieceRows } from "#icrl/server/trajectories/log-pieces.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { randomEpisode } from "../../server/trajectories/random-episodes.mjs";

const ROWS = 150;
const written = Array.from({ length: ROWS }, (_, i) => recordRow(randomEpisode(i)));
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "icrl-read-"));
  const log = await openTrajectoryLog(dir);
  for (let i = 0; i < ROWS; i += 1) {
    log.append(randomEpisode(i));
    if (i % 50 === 49) await log.seal(); // three shards
  }
  await log.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The chunks of all pieces. */
async function streamed(
  filter: TrajectoryFilter,
  { limit = ROWS, chunkBytes = 1 << 20 }: { limit?: number; chunkBytes?: number } = {},
) {
  const chunks = [];
  let left = limit;
  for (let from: number | undefined = 0; from !== undefined && left > 0; ) {
    const [piece, following] = logPieces(dir, from, ROWS);
    const options = { filter, mostRows: left, bytes: chunkBytes };
    const chunk = await takeChunk(batchBuilder(), pieceRows(dir, piece, from, ROWS), options);
    if (chunk.rows > 0) chunks.push(chunk);
    left -= chunk.rows;
    from = chunk.next ?? following?.first;
  }
  return chunks;
}

test("DuckDB sees every column with its type, uint64 exactly, and unknown propensities as null", async () => {
  const described = await queryLog(dir, "DESCRIBE trajectories");
  expect(described.rows.map((row) => [row[0], row[1]])).toEqual(
    TRAJECTORY_COLUMNS.map((c) => [c.name, sqlType(c.type)]),
  );
  const { rows } = await queryLog(
    dir,
    "SELECT task_seed, propensities, optimal_value, epoch_ms(started_at), tags FROM trajectories ORDER BY trial_index",
  );
  expect(rows).toEqual(
    written.map((row) => [
      String(row.task_seed),
      row.propensities === null ? null : [...row.propensities].map((p) => (Number.isNaN(p) ? null : p)),
      row.optimal_value,
      row.started_at,
      row.tags,
    ]),
  );
  // The fixtures would not show the loss of a uint64 otherwise.
  expect(written.every((row) => (row.task_seed ?? 0n) > 2n ** 63n)).toBe(true);
  expect(written.some((row) => row.propensities?.some(Number.isNaN))).toBe(true);
});

test("counts are numbers, seeds are texts", async () => {
  const { columns, rows } = await queryLog(
    dir,
    "SELECT count(*) AS n, sum(length) AS steps, max(noise_seed) AS top FROM trajectories",
  );
  expect(columns.map((c) => c.type)).toEqual(["BIGINT", "HUGEINT", "UBIGINT"]);
  expect(rows[0].map((value) => typeof value)).toEqual(["number", "number", "string"]);
});

test("a log without shards has an empty view of the same types, an empty list and an empty stream", async () => {
  const empty = mkdtempSync(join(tmpdir(), "icrl-empty-"));
  const log = await openTrajectoryLog(empty);
  const described = await queryLog(empty, "DESCRIBE trajectories");
  expect(described.rows.map((row) => [row[0], row[1]])).toEqual(
    TRAJECTORY_COLUMNS.map((c) => [c.name, sqlType(c.type)]),
  );
  expect(await listTrajectories(empty)).toEqual({ trajectories: [], nextToken: "" });
  expect(logPieces(empty, 0, 0)).toEqual([]);
  await log.close();
  rmSync(empty, { recursive: true });
});

test("bad SQL is QUERY_INVALID, a folder that is no log NOT_A_LOG", async () => {
  await expect(queryLog(dir, "SELECT nothing FROM nowhere")).rejects.toMatchObject({ reason: "QUERY_INVALID" });
  await expect(queryLog(join(dir, "log"), "SELECT 1")).rejects.toMatchObject({ reason: "NOT_A_LOG" });
});

test("pages of any size list every matching episode once, in log order", async () => {
  for (const filter of [
    {},
    { task: "river-swim", complete: false },
    { entrant: "entränt ✓", tournamentId: "tournament-1" },
  ] as TrajectoryFilter[]) {
    const expected = written.filter(
      (row) =>
        (filter.task === undefined || row.task === filter.task) &&
        (filter.complete === undefined || row.complete === filter.complete) &&
        (filter.entrant === undefined || row.entrant === filter.entrant),
    );
    expect(expected.length).toBeGreaterThan(5);
    const listed: TrajectorySummary[] = [];
    for (let token: string | undefined; token !== ""; ) {
      const page = await listTrajectories(dir, filter, { size: 40, token });
      listed.push(...page.trajectories);
      token = page.nextToken;
    }
    expect(listed.map((t) => t.episodeId)).toEqual(expected.map((row) => row.episode_id));
    expect(listed.map((t) => [t.trialIndex, t.startedAtMs, t.regret ?? null, t.length])).toEqual(
      expected.map((row) => [row.trial_index, row.started_at, row.regret, row.length]),
    );
  }
});

test("a page token of another filter, a made-up one and a size out of range are PAGE_INVALID", async () => {
  const { nextToken } = await listTrajectories(dir, {}, { size: 5 });
  const refused = { reason: "PAGE_INVALID" };
  await expect(listTrajectories(dir, { task: "river-swim" }, { token: nextToken })).rejects.toMatchObject(refused);
  for (const token of ["x", "5", Buffer.from('[-1,""]').toString("base64url")]) {
    await expect(listTrajectories(dir, {}, { token })).rejects.toMatchObject(refused);
  }
  await expect(listTrajectories(dir, {}, { size: 10_001 })).rejects.toMatchObject(refused);
});

test("a stream is chunks of bounded size that Arrow reads, in log order, up to the limit", async () => {
  const chunks = await streamed({}, { chunkBytes: 20_000, limit: 120 });
  expect(chunks.length).toBeGreaterThan(3);
  for (const chunk of chunks) {
    expect(tableFromIPC(chunk.arrowIpc).numRows).toBe(chunk.rows);
    expect(chunk.arrowIpc.length).toBeLessThan(40_000); // 20,000, one episode and the schema's 2,728 bytes
  }
  const rows: TrajectoryRow[] = chunks.flatMap((chunk) => [...ipcRows(chunk.arrowIpc)]);
  expect(rows).toEqual(written.slice(0, 120));
});

test("a list and a stream show the tournaments that they are given, and what is of none", async () => {
  const shown = (ids: readonly string[]) =>
    written.filter(({ tournament_id: id }) => id === null || ids.includes(id)).map((row) => row.episode_id);
  expect(shown([]).length).toBeGreaterThan(5);
  expect(shown(["tournament-1"]).length).toBeGreaterThan(shown([]).length);
  for (const tournaments of [[], ["tournament-1"], ["another", "tournament-1"]]) {
    const chunks = await streamed({ tournaments }, {});
    const rows: TrajectoryRow[] = chunks.flatMap((chunk) => [...ipcRows(chunk.arrowIpc)]);
    expect(rows.map((row) => row.episode_id)).toEqual(shown(tournaments));
    const { trajectories } = await listTrajectories(dir, { tournaments }, { size: 1000 });
    expect(trajectories.map((row) => row.episodeId)).toEqual(shown(tournaments));
  }
  expect(await streamed({ tournamentId: "tournament-1", tournaments: [] }, {})).toEqual([]);
});

test("episodes read with a filter are those that match", async () => {
  const rows = [];
  for await (const row of readEpisodes(dir, { agent: "agent-1" })) rows.push(row);
  expect(rows).toEqual(written.filter((row) => row.agent === "agent-1"));
});
