/**
 * Modes of what holds what nobody else on the machine is to read: a log has the seeds and the truth of trials that others are yet to play.
 * Given when a file or folder is made; what is there already keeps its own.
 */

/** Of a file: its owner reads and writes. */
export const PRIVATE_FILE = 0o600;

/** Of a folder: nobody else sees what is in it. */
export const PRIVATE_FOLDER = 0o700;
