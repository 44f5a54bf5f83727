/**
 * Rows of schemas 1 and 2, which earlier versions wrote: they are read as rows of the current one. A log or a dataset may have files of all.
 *
 * Schema 1 has no `task_id` and no `collection_id`. Of what a tournament or a collection played (rows with an entrant) they stand in `tags`, as "task"
 * and "collection", where nothing of the agent's own was; of free play `tags` are the agent's, whatever they are called.
 *
 * Schemas 1 and 2 have no `instance`, `language`, `purpose`, `series_seed` and `probabilities`, which are null then; their `step_info`, which nothing could send, is not read.
 */
import { SCHEMA_VERSION } from "./trajectory-schema.js";

/** Columns that schema 2 added. */
const ADDED_BY_2 = ["task_id", "collection_id"] as const;

/** Columns that schema 3 added. */
export const ADDED_BY_3 = ["instance", "language", "purpose", "series_seed", "probabilities"] as const;

/** Columns that a file of an earlier schema lacks. */
export const ADDED_COLUMNS = [...ADDED_BY_2, ...ADDED_BY_3] as const;

/** Columns whose values are not those of an earlier schema. */
const CHANGED: readonly string[] = [...ADDED_COLUMNS, "schema_version", "tags"];

/** Columns of schema 1 that the changed ones are made of. */
export const SOURCES = ["schema_version", "tournament_id", "entrant", "task", "tags"] as const;

/** By what is decoded of a file to know its schema, beside what is wanted. */
const KNOWN_BY = { 1: SOURCES, 2: ["schema_version", "task_id"], 3: ["purpose"] } as const;

/** The schema of a file, by the names of its columns. */
export function schemaOf(has: (name: string) => boolean): 1 | 2 | 3 {
  if (ADDED_BY_3.some(has)) return 3;
  return ADDED_BY_2.some(has) ? 2 : 1;
}

/** Whether a file is of an earlier schema, by the names of its columns. */
export const isEarlier = (has: (name: string) => boolean): boolean => schemaOf(has) < SCHEMA_VERSION;

/** Columns that a file of a schema lacks. */
export function lackingIn(schema: 1 | 2 | 3): readonly string[] {
  if (schema === 3) return [];
  return schema === 2 ? ADDED_BY_3 : ADDED_COLUMNS;
}

/**
 * Whether an Arrow IPC stream may have rows of an earlier schema, as its schema, the first message, has the name of no column that the latest added. Where
 * it may, `isEarlierStream` knows; most have not, and need no Arrow.
 */
export function mayBeEarlier(stream: Uint8Array): boolean {
  const start = Buffer.from(stream.buffer, stream.byteOffset, Math.min(stream.byteLength, MOST_SCHEMA_BYTES));
  if (start.length < 8) return true;
  const schema = start.subarray(8, 8 + start.readUInt32LE(4));
  return !ADDED_BY_3.some((name) => schema.includes(textInMessage(name)));
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
 * Columns to decode of a file of any schema, so that `wanted` can be given.
 *
 * @param has whether the file has a column
 */
export function columnsToDecode(wanted: readonly string[], has: (name: string) => boolean): readonly string[] {
  if (!needsChange(wanted)) return wanted;
  const schema = schemaOf(has);
  const lacking = lackingIn(schema);
  return [...new Set([...wanted.filter((name) => !lacking.includes(name)), ...KNOWN_BY[schema]])];
}

/** Whether some of these columns have other values in an earlier schema. */
export const needsChange = (wanted: readonly string[]): boolean => wanted.some((name) => CHANGED.includes(name));

/** A tag of a row `raw`, in SQL; NULL where there is none. */
const tagSql = (name: string) => `CASE WHEN json_valid(raw.tags) THEN json_extract_string(raw.tags, '$.${name}') END`;

/** SQL for the columns that change, over rows `raw` of all schemas in which the added columns are NULL where a file lacks them. */
export const CHANGED_SQL: Readonly<Record<string, string>> = {
  schema_version: `CASE WHEN raw.task_id IS NULL AND raw.schema_version = 1 OR raw.language IS NULL AND raw.schema_version = 2
    THEN ${SCHEMA_VERSION}::INTEGER ELSE raw.schema_version END`,
  task_id: `coalesce(raw.task_id, CASE WHEN raw.entrant IS NOT NULL THEN ${tagSql("task")} END, raw.task)`,
  collection_id: `CASE WHEN raw.task_id IS NOT NULL OR raw.entrant IS NULL OR raw.tournament_id IS NOT NULL THEN raw.collection_id
    ELSE ${tagSql("collection")} END`,
  tags: `CASE WHEN raw.task_id IS NOT NULL OR raw.entrant IS NULL THEN raw.tags ELSE '{}' END`,
};
