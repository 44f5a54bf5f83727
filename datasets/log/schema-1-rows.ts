/** Rows of schema 1 as rows of schema 2: what changes of them. */
import { Int32, makeData, type RecordBatch, Utf8, vectorFromArray } from "apache-arrow";
import { valuesOf } from "./batch-values.js";
import { SOURCES } from "./schema-1.js";
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
