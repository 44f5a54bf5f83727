/**
 * Rows of schema 1, which earlier versions wrote: they are read as rows of schema 2. A log or a dataset may have files of both.
 *
 * Schema 1 has no `task_id` and no `collection_id`. Of what a tournament or a collection played (rows with an entrant) they stand in `tags`, as "task"
 * and "collection", where nothing of the agent's own was; of free play `tags` are the agent's, whatever they are called.
 */
import { Int32, makeData, type RecordBatch, Utf8, vectorFromArray } from "apache-arrow";
import { valuesOf } from "./batch-values.js";
import { SOURCES } from "./schema-1-columns.js";
import { SCHEMA_VERSION } from "./trajectory-schema.js";

/** The values of the columns that change, of a batch of schema 1 that has their sources, as Arrow data by name. */
export function changedColumns(batch: RecordBatch) {
  const [version, tournament, entrant, task, tags] = SOURCES.map((name) => valuesOf(batch, name));
  const versions = new Int32Array(batch.numRows);
  const texts: { taskId: string; collectionId: string | null; tags: string }[] = [];
  for (let row = 0; row < batch.numRows; row += 1) {
    versions[row] = version(row) === 1 ? SCHEMA_VERSION : (version(row) as number);
    const own = tags(row) as string;
    const family = task(row) as string;
    if (entrant(row) === null) {
      texts.push({ taskId: family, collectionId: null, tags: own });
      continue;
    }
    const { task: id, collection } = serverTags(own);
    const collectionId = tournament(row) === null && typeof collection === "string" ? collection : null;
    texts.push({ taskId: typeof id === "string" ? id : family, collectionId, tags: "{}" });
  }
  const data = (values: readonly (string | null)[]) => vectorFromArray(values, new Utf8()).data[0];
  return {
    schema_version: makeData({ type: new Int32(), length: batch.numRows, nullCount: 0, data: versions }),
    task_id: data(texts.map(({ taskId }) => taskId)),
    collection_id: data(texts.map(({ collectionId }) => collectionId)),
    tags: data(texts.map(({ tags }) => tags)),
  };
}

function serverTags(text: string): { readonly task?: unknown; readonly collection?: unknown } {
  try {
    const tags: unknown = JSON.parse(text);
    return typeof tags === "object" && tags !== null ? tags : {};
  } catch {
    return {};
  }
}

/** A tag of a row `raw`, in SQL; NULL where there is none. */
const tagSql = (name: string) => `CASE WHEN json_valid(raw.tags) THEN json_extract_string(raw.tags, '$.${name}') END`;

/** SQL for the columns that change, over rows `raw` of both schemas in which the new columns are NULL where a file lacks them. */
export const CHANGED_SQL: Readonly<Record<string, string>> = {
  schema_version: `CASE WHEN raw.task_id IS NULL AND raw.schema_version = 1 THEN ${SCHEMA_VERSION}::INTEGER ELSE raw.schema_version END`,
  task_id: `coalesce(raw.task_id, CASE WHEN raw.entrant IS NOT NULL THEN ${tagSql("task")} END, raw.task)`,
  collection_id: `CASE WHEN raw.task_id IS NOT NULL OR raw.entrant IS NULL OR raw.tournament_id IS NOT NULL THEN raw.collection_id
    ELSE ${tagSql("collection")} END`,
  tags: `CASE WHEN raw.task_id IS NOT NULL OR raw.entrant IS NULL THEN raw.tags ELSE '{}' END`,
};
