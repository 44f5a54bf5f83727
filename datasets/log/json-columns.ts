/** Columns of the log that hold JSON: what is in them may be anything. */
import { IcrlError } from "../../common/errors.js";

/** Id of a row's task, from its `tags` and `task`. Free play has none, and what is not a JSON object has none: the family stands in. */
export function taskIdOf(tags: string, family: string): string {
  try {
    const id = (JSON.parse(tags) as { task?: unknown } | null)?.task;
    return typeof id === "string" ? id : family;
  } catch {
    return family;
  }
}

/**
 * A column that holds a JSON object.
 *
 * @param column its name, for messages
 * @throws LOG_CORRUPT if it does not
 */
export function objectIn(text: string, column: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // no JSON at all
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new IcrlError("LOG_CORRUPT", `a row's ${column} is not a JSON object: restore its shard from a backup`);
}
