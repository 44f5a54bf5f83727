/** Files that are kept for the log and all else that is no agent's connection: shards that readers have open, the pages, Node's own. */
export const RESERVED_FILES = 400;

/** Connections that there are always to be. */
const LEAST = 16;

/**
 * How many connections a process may have, each of which is an open file, so that the log can still open its own.
 *
 * @param wanted as many as there may be where files are enough
 * @param openFiles most files that the process may have open
 */
export const connectionsThatFit = (wanted: number, openFiles: number): number =>
  Math.min(wanted, Math.max(openFiles - RESERVED_FILES, LEAST));
