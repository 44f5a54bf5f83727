import type { KeptSessions } from "#icrl/server/sessions/kept-sessions.js";

/** Of a server that is never started again. */
export const keptNowhere = (): KeptSessions => ({
  keep() {},
  write: async () => {},
  find: () => undefined,
  delete() {},
});
