/** Rows of earlier schemas as rows of the current one: what changes of them. */
import { type Data, Int32, makeData, type RecordBatch, Utf8, vectorFromArray } from "apache-arrow";
import { arrowType } from "./arrow-schema.js";
import { valuesOf } from "./batch-values.js";
import { ADDED_BY_3, SOURCES } from "./earlier-schemas.js";
import { SCHEMA_VERSION, TRAJECTORY_COLUMNS } from "./trajectory-schema.js";

/**
 * The values of the columns that change, of a batch of an earlier schema that has their sources, as Arrow data by name.
 *
 * @param schema the batch's
 */
export function changedColumns(batch: RecordBatch, schema: 1 | 2): Readonly<Record<string, Data>> {
  const added = TRAJECTORY_COLUMNS.filter(({ name }) => (ADDED_BY_3 as readonly string[]).includes(name));
  const nulls = new Array<null>(batch.numRows).fill(null);
  const unknown = added.map(({ name, type }) => [name, vectorFromArray(nulls, arrowType(type)).data[0]] as const);
  return { ...Object.fromEntries(unknown), ...(schema === 1 ? ofSchema1(batch) : ofSchema2(batch)) };
}

function ofSchema2(batch: RecordBatch): Readonly<Record<string, Data>> {
  const version = valuesOf(batch, "schema_version");
  const versions = Int32Array.from({ length: batch.numRows }, (_, row) => current(version(row) as number, 2));
  return { schema_version: makeData({ type: new Int32(), length: batch.numRows, nullCount: 0, data: versions }) };
}

/** The version that a row of a file of an earlier schema has now; one that says anything else keeps it. */
const current = (version: number, schema: 1 | 2): number => (version === schema ? SCHEMA_VERSION : version);

function ofSchema1(batch: RecordBatch) {
  const [version, tournament, entrant, task, tags] = SOURCES.map((name) => valuesOf(batch, name));
  const versions = new Int32Array(batch.numRows);
  const texts: { taskId: string; collectionId: string | null; tags: string }[] = [];
  for (let row = 0; row < batch.numRows; row += 1) {
    versions[row] = current(version(row) as number, 1);
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
