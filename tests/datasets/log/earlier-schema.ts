/** Logs and datasets that a build of an earlier schema wrote (tests/fixtures/schema-N): everything that reads or goes on with one still does. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { introduce, open, playToEnd } from "#icrl/clients/typescript/session.js";
import { FORMATS } from "#icrl/datasets/export/formats.js";
import { readDatasetManifest } from "#icrl/datasets/folder/dataset-manifest.js";
import { queryDataset } from "#icrl/datasets/folder/dataset-sql.js";
import { withDuckDb } from "#icrl/datasets/log/duckdb.js";
import { listTrajectories } from "#icrl/datasets/log/list-trajectories.js";
import { listShards } from "#icrl/datasets/log/log-folder.js";
import { queryLog } from "#icrl/datasets/log/query-log.js";
import { readEpisodes } from "#icrl/datasets/log/read-episodes.js";
import { earlierFiles } from "#icrl/datasets/log/shard-columns.js";
import { SCHEMA_VERSION, TRAJECTORY_COLUMNS, type TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { readDataset } from "#icrl/datasets/read/read-dataset.js";
import { exportDataset } from "#icrl/datasets/rewrite/export-dataset.js";
import { filterDataset } from "#icrl/datasets/rewrite/filter-dataset.js";
import { finishDataset } from "#icrl/datasets/rewrite/finish-dataset.js";
import { mergeDatasets } from "#icrl/datasets/rewrite/merge-datasets.js";
import { splitDataset } from "#icrl/datasets/rewrite/split-dataset.js";
import { verifyDataset } from "#icrl/datasets/verify/verify-dataset.js";
import type { CollectionSpec } from "#icrl/proto/gen/icrl/v1/collection.js";
import { createReplay } from "#icrl/server/trajectories/replay.js";
import { dataRows, headOf, playCollection } from "../../support/dataset.js";
import { startTestServer, verify } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";
import { agentThat, create, finished, randomAgent } from "../../support/tournament.js";

/** Registers the tests of one schema. */
export function testsOfSchema(schema: 1 | 2): void {
  const fixtures = join(import.meta.dirname, `../../fixtures/schema-${schema}`);

  /** A copy of one of the fixtures, in a folder of the test that runs now. */
  function copied(name: string) {
    const dir = tempDir();
    onTestFinished(() => dir.remove());
    cpSync(join(fixtures, name), dir.path, { recursive: true });
    return dir;
  }

  async function rowsOf(dir: string): Promise<TrajectoryRow[]> {
    const rows: TrajectoryRow[] = [];
    for await (const row of readEpisodes(dir)) rows.push(row);
    return rows;
  }

  /** Shards of a folder that are of the earlier schema. */
  async function oldShards(dir: string): Promise<number> {
    const paths = listShards(dir).map(({ path }) => path);
    return (await withDuckDb(paths, (connection) => earlierFiles(connection, paths))).size;
  }

  /** What says where rows belong, in SQL's and in JavaScript's rows. */
  const IDENTITY = ["schema_version", "tournament_id", "collection_id", "entrant", "task_id", "task", "tags"] as const;
  const identity = (rows: readonly TrajectoryRow[]) => rows.map((row) => IDENTITY.map((name) => row[name]));
  const IDENTITY_SQL = `SELECT ${IDENTITY.join(", ")} FROM trajectories`;

  const TASKS = [
    { id: "b", task: "bernoulli-bandit", options: { arms: 3, horizon: 5 } },
    { id: "r", task: "river-swim", options: { states: 4, horizon: 3, episodes: 2 } },
  ];

  test("a log of free play is read, queried, listed and verified; tags are the agent's own, whatever their names", async () => {
    const { path } = copied("log");
    expect(await oldShards(path)).toBe(3);
    const rows = await rowsOf(path);
    const free = (tags: string) => [SCHEMA_VERSION, null, null, null, "bernoulli-bandit", "bernoulli-bandit", tags];
    const expected = [free("{}"), free('{"note":"mine","task":"also mine"}'), free("{}")].flatMap((row) => [
      row,
      row,
      row,
      row,
    ]);
    expect(identity(rows)).toEqual(expected);
    expect((await queryLog(path, IDENTITY_SQL)).rows).toEqual(expected);
    const { columns } = await queryLog(path, "SELECT * FROM trajectories");
    expect(columns.map(({ name }) => name)).toEqual(TRAJECTORY_COLUMNS.map(({ name }) => name));
    expect((await listTrajectories(path)).trajectories.length).toBe(12);
    const { problems, episodes } = await verify(path);
    expect([problems, episodes]).toEqual([[], 12]);
  });

  test("a server goes on with a log of the earlier schema; its tiny shards and the old ones become one of the current schema", async () => {
    const dir = copied("log");
    const before = await rowsOf(dir.path);
    for (let seed = 4; seed < 9; seed += 1) {
      const server = await startTestServer({}, undefined, undefined, dir);
      const stream = server.connection.play();
      const agent = randomAgent("uniform");
      await introduce(stream, { agent: "uniform" });
      const play = { task: "bernoulli-bandit", taskOptions: { arms: 3, horizon: 5 }, seed, tags: { task: "mine" } };
      await playToEnd(stream, agent, {}, await open(stream, play));
      stream.finish();
      await server.close();
      server.connection.close();
      const rows = await rowsOf(dir.path);
      expect(rows.slice(0, 12)).toEqual(before);
      expect(identity(rows.slice(-1))).toEqual([
        [SCHEMA_VERSION, null, null, null, "bernoulli-bandit", "bernoulli-bandit", '{"task":"mine"}'],
      ]);
      expect((await queryLog(dir.path, IDENTITY_SQL)).rows).toEqual(identity(rows));
      if (seed === 4) expect([listShards(dir.path).length, await oldShards(dir.path)]).toEqual([4, 3]);
    }
    expect([listShards(dir.path).length, await oldShards(dir.path)]).toEqual([1, 0]);
    expect((await verify(dir.path)).problems).toEqual([]);
  });

  test("a tournament that an earlier server broke off goes on, and plays nothing twice", async () => {
    const dir = copied("tournament");
    const server = await startTestServer({}, undefined, undefined, dir);
    const agents = ["a", "z"].map((name) => ({ name, agent: "uniform", options: {}, tasks: [] }));
    const spec = { name: `schema ${schema}`, seed: 7n, trials: 4, tasks: TASKS, agents };
    const id = await create(server.connection, spec);
    const { tournament } = await server.connection.getTournament({ id });
    expect(tournament?.matches.map(({ taskId, entrant, completeTrials }) => [taskId, entrant, completeTrials])).toEqual(
      [
        ["b", "a", 4],
        ["b", "z", 0],
        ["r", "a", 4],
        ["r", "z", 0],
      ],
    );
    await serveMatches(
      server.connection,
      agentThat("uniform", () => ({ act: () => 0 })),
      { entrant: "z" },
    );
    await finished(server.connection, id);
    await server.close();
    server.connection.close();
    const rows = await rowsOf(dir.path);
    expect(rows.length).toBe(2 * (4 + 8));
    const matches = new Set(identity(rows).map((row) => JSON.stringify(row)));
    const match = (entrant: string, taskId: string, task: string) =>
      JSON.stringify([SCHEMA_VERSION, id, null, entrant, taskId, task, "{}"]);
    expect(matches).toEqual(
      new Set(["a", "z"].flatMap((name) => [match(name, "b", "bernoulli-bandit"), match(name, "r", "river-swim")])),
    );
    expect((await queryLog(dir.path, IDENTITY_SQL)).rows).toEqual(identity(rows));
  });

  test("a collection that an earlier server began is finished, of the current schema throughout, and nothing is played twice", async () => {
    const dir = copied("begun");
    const spec: CollectionSpec = {
      name: `schema ${schema}`,
      seed: 5n,
      tasks: TASKS.map((task) => ({ ...task, trials: 12 })),
      behaviours: [
        { name: "late", agent: "uniform", options: {}, weight: 1 },
        { name: "noisy", agent: "oracle-noise", options: {}, weight: 1 },
      ],
    };
    const id = await playCollection(dir.path, spec, 1);
    expect(await oldShards(join(dir.path, "collecting"))).toBe(0); // it lay in a segment
    const manifest = await finishDataset(dir.path, headOf(spec, id), { subsample: undefined });
    expect([manifest.trials, manifest.schema_version, await oldShards(dir.path)]).toEqual([24, SCHEMA_VERSION, 0]);
    const rows = await dataRows(dir.path);
    expect([rows.length, new Set(rows.map((row) => row.episode_id)).size]).toEqual([36, 36]);
    expect(new Set(rows.map((row) => `${row.collection_id} ${row.tags}`))).toEqual(new Set([`${id} {}`]));
  });

  test("shards of the earlier schema that an earlier version collected are written anew when the dataset is finished", async () => {
    const { path } = copied("dataset");
    const { schema_version: _, ...head } = readDatasetManifest(path);
    rmSync(join(path, "dataset.json"));
    mkdirSync(join(path, "collecting"));
    for (const folder of ["data", "labels"]) renameSync(join(path, folder), join(path, "collecting", folder));
    const { episodes, labels } = await finishDataset(path, head, { subsample: undefined });
    expect([episodes, Object.keys(labels), await oldShards(path)]).toEqual([36, ["self", "optimal", "other"], 0]);
  });

  /** The rows' of the dataset that a query groups. */
  const identitiesOf = (collection: string) =>
    TASKS.flatMap(({ id, task }) =>
      ["noisy", "u"].map((name) => [SCHEMA_VERSION, null, collection, name, id, task, "{}"]),
    );

  test("a dataset is queried, read, verified and exported", async () => {
    const { path } = copied("dataset");
    expect(await oldShards(path)).toBe(1);
    const { id } = JSON.parse(readFileSync(join(path, "dataset.json"), "utf8")) as { id: string };
    const { rows } = await queryDataset(path, IDENTITY_SQL);
    expect(rows).toEqual(identity(await dataRows(path)));
    const kinds = await queryDataset(path, `${IDENTITY_SQL} GROUP BY ALL ORDER BY task_id, entrant`);
    expect(kinds.rows).toEqual(identitiesOf(id));

    const replay = createReplay();
    const report = await verifyDataset(path, { sample: Number.POSITIVE_INFINITY, seed: 0n, replay });
    expect([report.problems, report.replayed]).toEqual([[], 36]);

    // Columns that schema 1 has, some that it has not, and what chooses by them.
    const read: unknown[] = [];
    for await (const { columns } of readDataset(path, { columns: ["task_id", "tags", "task"], task: "r" })) {
      for (const [i, task] of columns.task_id.entries()) read.push([task, columns.tags[i], columns.task[i]]);
    }
    expect(read).toEqual(new Array(24).fill(["r", "{}", "river-swim"]));

    const exports = tempDir();
    onTestFinished(() => exports.remove());
    for (const format of FORMATS) {
      const out = join(exports.path, `${format.name}-v0`);
      const request = { format, out, options: {}, label: undefined, task: "r", every: undefined, overwrite: false };
      expect(await exportDataset(path, request)).toMatchObject({ trials: 12, episodes: 24 });
    }
  });

  test("datasets of both schemas are merged, filtered and split to ones of the current schema", async () => {
    const { path: old } = copied("dataset");
    const temporary = tempDir();
    onTestFinished(() => temporary.remove());
    const at = (name: string) => join(temporary.path, name);
    const nodeVersion = process.versions.node;

    const filtered = await filterDataset(old, at("filtered"), {
      where: "task_id = 'b' AND collection_id IS NOT NULL",
      nodeVersion,
    });
    expect([filtered.episodes, filtered.schema_version, await oldShards(at("filtered"))]).toEqual([
      12,
      SCHEMA_VERSION,
      0,
    ]);
    // The same trials, once as they were written and once anew, are the same.
    const merged = await mergeDatasets([at("filtered"), old], at("merged"), { nodeVersion });
    expect([merged.episodes, await oldShards(at("merged"))]).toEqual([36, 0]);
    await mergeDatasets([old], at("alone"), { nodeVersion });
    expect(await oldShards(at("alone"))).toBe(0);
    expect((await dataRows(at("alone"))).map(({ episode_id }) => episode_id)).toEqual(
      (await dataRows(old)).map(({ episode_id }) => episode_id),
    );
    const replay = createReplay();
    for (const name of ["filtered", "merged", "alone"]) {
      const { problems } = await verifyDataset(at(name), { sample: 36, seed: 0n, replay });
      expect(problems).toEqual([]);
      expect(existsSync(join(at(name), "labels/other/label.json"))).toBe(true);
    }
    const parts = await splitDataset(old, at("parts"), { parts: { train: 0.5, rest: 0.5 }, seed: 1n, nodeVersion });
    expect([...parts.values()].reduce((sum, { episodes }) => sum + episodes, 0)).toBe(36);
    expect(await oldShards(at("parts/train"))).toBe(0);
  });
}
