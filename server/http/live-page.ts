/** The live page, apart from the listener: what it watches, and its paths. */
import type { TrajectorySink } from "../trajectories/sink.js";
import { apiRoutes } from "./api-routes.js";
import type { PageContext } from "./page-context.js";
import { pageRoutes } from "./page-routes.js";
import { createRecentEpisodes } from "./recent-episodes.js";
import type { Route } from "./route.js";
import { createStepRate } from "./step-rate.js";

/** A page that watches a server. */
export interface LivePage {
  /** The sink that sessions are to use, so that the page has some of their episodes. */
  watch(sink: TrajectorySink): TrajectorySink;
  /** Begins to measure, and gives the paths to serve. */
  routes(server: Omit<PageContext, "now" | "recent" | "rate">): Route[];
  /** Stops measuring. */
  close(): void;
}

/** How often an episode may be taken: the rest of the server is to notice nothing. */
const EPISODE_MS = 250;

/** How often the rate of steps is measured. */
const RATE_MS = 1000;

/**
 * A page that has seen nothing yet.
 *
 * @param now Unix time in milliseconds
 */
export function createLivePage(now: () => number): LivePage {
  const recent = createRecentEpisodes(now);
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, what: () => void) => timers.push(setInterval(what, ms).unref());
  return {
    watch: recent.watch,
    routes(server) {
      const rate = createStepRate(server.counters, now());
      every(EPISODE_MS, recent.allowOne);
      every(RATE_MS, () => rate.tick(now()));
      return [...apiRoutes({ ...server, now, recent, rate }), ...pageRoutes()];
    },
    close() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
