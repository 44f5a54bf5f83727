import { makeVector, Table, Utf8, vectorFromArray } from "apache-arrow";
import { expect, test } from "vitest";
import { withDuckDb } from "#icrl/datasets/log/duckdb.js";
import { changedColumns } from "#icrl/datasets/log/earlier-rows.js";
import { CHANGED_SQL } from "#icrl/datasets/log/earlier-schemas.js";

const IMITATION = JSON.stringify({ collection: "12ab", task: "swim", tournament: "34cd", part: "swim/random" });

/** Rows of schema 1: tournament, entrant and tags; and what they are now: task id, collection and tags. */
const ROWS: readonly [row: (string | null)[], is: (string | null)[]][] = [
  // Free play has no entrant: whatever its tags say, they are the agent's.
  [
    [null, null, IMITATION],
    ["river-swim", null, IMITATION],
  ],
  // An entrant gave no tags: these are the server's.
  [
    [null, "random", JSON.stringify({ collection: "12ab", task: "swim" })],
    ["swim", "12ab", "{}"],
  ],
  [
    ["34cd", "random", IMITATION],
    ["swim", null, "{}"],
  ],
];
const expected = ROWS.map(([, is]) => is);

test("tags of free play make it nobody's where an old log's rows are read", () => {
  const text = (values: (string | null)[]) => vectorFromArray(values, new Utf8());
  const table = new Table({
    schema_version: vectorFromArray(Int32Array.from(ROWS, () => 1)),
    tournament_id: text(ROWS.map(([[tournament]]) => tournament)),
    entrant: text(ROWS.map(([[, entrant]]) => entrant)),
    task: text(ROWS.map(() => "river-swim")),
    tags: text(ROWS.map(([[, , tags]]) => tags)),
  });
  const { task_id, collection_id, tags } = changedColumns(table.batches[0], 1);
  const [ids, collections, texts] = [task_id, collection_id, tags].map((data) => makeVector(data));
  expect(ROWS.map((_, i) => [ids.get(i), collections.get(i), texts.get(i)])).toEqual(expected);
});

test("and where they are queried", async () => {
  const { task_id, collection_id, tags } = CHANGED_SQL;
  const values = ROWS.map((_, i) => `(1, $${3 * i + 1}, NULL, $${3 * i + 2}, NULL, 'river-swim', NULL, $${3 * i + 3})`);
  const names = "schema_version, tournament_id, collection_id, entrant, task_id, task, language, tags";
  const rows = await withDuckDb([], async (connection) =>
    (
      await connection.run(
        `SELECT ${task_id}, ${collection_id}, ${tags} FROM (VALUES ${values.join(", ")}) raw(${names})`,
        ROWS.flatMap(([row]) => row),
      )
    ).getRows(),
  );
  expect(rows).toEqual(expected);
});
