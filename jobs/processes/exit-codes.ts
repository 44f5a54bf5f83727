/** What the exit code of a process of this program means; docs/cli.md lists them. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** It failed, or found problems. */
  failed: 1,
  /** The command line, a name, an option or a file is wrong: nothing was done. */
  usage: 2,
  /** The server cannot be reached, or went away; or what was to be played there did not come in time. */
  unreachable: 3,
  /** Finished, but matches were forfeited. */
  forfeited: 4,
  /** Broken off by Ctrl-C: 128 + SIGINT, as shells have it. */
  interrupted: 130,
  /** Broken off by SIGTERM: 128 + SIGTERM. */
  terminated: 143,
} as const;
