/** Names of columns of schemas 1 and 2: what tells files apart, and what is decoded of them. Threads that only decode need no Arrow. */

/** Columns that a file of schema 1 lacks. */
export const NEW_COLUMNS = ["task_id", "collection_id"] as const;

/** Columns whose values in schema 2 are not those of schema 1. */
const CHANGED: readonly string[] = [...NEW_COLUMNS, "schema_version", "tags"];

/** Columns of schema 1 that the changed ones are made of. */
export const SOURCES = ["schema_version", "tournament_id", "entrant", "task", "tags"] as const;

/** Whether a file is of schema 1, by the names of its columns. */
export const isSchema1 = (has: (name: string) => boolean): boolean => !NEW_COLUMNS.some(has);

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
