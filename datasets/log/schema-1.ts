/**
 * Rows of schema 1, which earlier versions wrote: they are read as rows of schema 2. A log or a dataset may have files of both.
 *
 * Schema 1 has no `task_id` and no `collection_id`. Of what a tournament or a collection played (rows with an entrant) they stand in `tags`, as "task"
 * and "collection", where nothing of the agent's own was; of free play `tags` are the agent's, whatever they are called.
 */
import { SCHEMA_VERSION } from "./trajectory-schema.js";

/** Columns that a file of schema 1 lacks. */
export const NEW_COLUMNS = ["task_id", "collection_id"] as const;

/** Columns whose values in schema 2 are not those of schema 1. */
const CHANGED: readonly string[] = [...NEW_COLUMNS, "schema_version", "tags"];

/** Columns of schema 1 that the changed ones are made of. */
export const SOURCES = ["schema_version", "tournament_id", "entrant", "task", "tags"] as const;

/** Whether a file is of schema 1, by the names of its columns. */
export const isSchema1 = (has: (name: string) => boolean): boolean => !NEW_COLUMNS.some(has);

/**
 * Whether an Arrow IPC stream may have rows of schema 1, as its schema, the first message, has the name of no new column. Where it may,
 * `isSchema1Stream` knows; most have not, and need no Arrow.
 */
export function mayBeSchema1(stream: Uint8Array): boolean {
  const start = Buffer.from(stream.buffer, stream.byteOffset, Math.min(stream.byteLength, MOST_SCHEMA_BYTES));
  if (start.length < 8) return true;
  const schema = start.subarray(8, 8 + start.readUInt32LE(4));
  return !NEW_COLUMNS.some((name) => schema.includes(textInMessage(name)));
}

/** More than a schema of the log's columns takes. */
const MOST_SCHEMA_BYTES = 1 << 16;

/** A text as messages hold it: its length, itself, and a zero. */
function textInMessage(text: string): Buffer {
  const bytes = Buffer.from(`0000${text}\0`);
  bytes.writeUInt32LE(text.length);
  return bytes;
}

/**
 * Columns to decode of a file of either schema, so that `wanted` can be given.
 *
 * @param has whether the file has a column
 */
export function columnsToDecode(wanted: readonly string[], has: (name: string) => boolean): readonly string[] {
  if (!needsChange(wanted)) return wanted;
  // Of a file of schema 2 the new columns are asked for too: by them it is known.
  if (!isSchema1(has)) return [...new Set([...wanted, ...NEW_COLUMNS])];
  return [...new Set([...wanted.filter((name) => !isNew(name)), ...SOURCES])];
}

/** Whether some of these columns have other values in schema 2. */
export const needsChange = (wanted: readonly string[]): boolean => wanted.some((name) => CHANGED.includes(name));

const isNew = (name: string): boolean => (NEW_COLUMNS as readonly string[]).includes(name);

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
