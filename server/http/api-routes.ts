/** The paths under /api/ (api.ts has what they answer). */

import { toldOf } from "../tournaments/redaction.js";
import { agentProcesses } from "./agents-view.js";
import type {
  AgentsView,
  Overview,
  TournamentSummary,
  TournamentView,
  TrajectoriesView,
  TrajectoryView,
} from "./api.js";
import type { AskedContext, PageContext } from "./page-context.js";
import { type HttpAnswer, type HttpRequest, READERS, type Route } from "./route.js";
import { serverStatus } from "./server-status.js";
import { matchesByTask, taskView, tournamentSummary } from "./tournament-view.js";
import { trajectorySummaries, trajectoryView } from "./trajectory-view.js";

/** Most entries of lists: on the overview, and on pages of their own. */
const OVERVIEW = { tournaments: 30, agents: 12, trajectories: 10 };
const MAX_AGENTS = 200;
const MAX_TRAJECTORIES = 100;

/**
 * How long an answer stands for whoever asks the same: many who watch cost as much as one. And so many times as long as it took, so that
 * no view takes more than its share of the processor from those who play, however large it is.
 */
const FRESH_MS = 400;
const FRESH_TIMES = 50;
const MOST_FRESH_MS = 5000;

/** Answers kept at a time. */
const MAX_ANSWERS = 64;

/** The routes. */
export function apiRoutes(context: PageContext): Route[] {
  const kept = new Map<string, { readonly fromMs: number; readonly untilMs: number; readonly answer: HttpAnswer }>();

  /** An answer that is computed again when the last one of its key has stood for long enough. */
  async function json<T>(key: string, compute: () => T | Promise<T>): Promise<HttpAnswer> {
    const fromMs = context.now();
    const known = kept.get(key);
    if (known !== undefined && known.fromMs <= fromMs && fromMs < known.untilMs) return known.answer;
    const answer = { type: "application/json", body: JSON.stringify(await compute()) };
    const tookMs = context.now() - fromMs;
    kept.delete(key);
    kept.set(key, {
      fromMs,
      untilMs: fromMs + Math.min(Math.max(FRESH_MS, FRESH_TIMES * tookMs), MOST_FRESH_MS),
      answer,
    });
    for (const oldest of kept.keys()) if (kept.size > MAX_ANSWERS) kept.delete(oldest);
    return answer;
  }

  const route = <T>(path: string, compute: (asked: AskedContext, request: HttpRequest) => T | Promise<T>): Route => ({
    path,
    allowed: READERS,
    answer: (request) => {
      const { operator, params, query } = request;
      const key = JSON.stringify([operator, path, ...Object.values(params), query.get("task")]);
      return json(key, () =>
        compute({ ...context, operator, told: toldOf(context.tournaments, operator ? "all" : "finished") }, request),
      );
    },
  });

  return [
    route("/api/overview", (asked): Overview => {
      const tournaments = listed(context);
      return {
        server: serverStatus(asked),
        tournaments: tournaments.slice(0, OVERVIEW.tournaments),
        tournaments_total: tournaments.length,
        agents: agentProcesses(context, OVERVIEW.agents).agents,
        trajectories: trajectorySummaries(asked, OVERVIEW.trajectories),
      };
    }),
    route("/api/tournaments/:id", async (asked, { params, query }): Promise<TournamentView> => {
      const entry = await context.tournaments.get(params.id);
      const { tournament } = entry;
      const told = asked.told.has(params.id);
      return {
        server: serverStatus(asked),
        tournament: tournamentSummary(entry),
        withheld: !told,
        trials_per_match: tournament.spec.trials,
        agents: tournament.spec.agents.map(({ name, agent }) => ({ name, agent })),
        task: taskView(tournament, entry.results, query.get("task") ?? undefined, told),
        ...matchesByTask(tournament),
        trajectories: trajectorySummaries(asked, OVERVIEW.trajectories, params.id),
      };
    }),
    route(
      "/api/agents",
      (asked): AgentsView => ({
        server: serverStatus(asked),
        agents: agentProcesses(context, MAX_AGENTS).agents,
      }),
    ),
    route(
      "/api/trajectories",
      (asked): TrajectoriesView => ({
        server: serverStatus(asked),
        trajectories: trajectorySummaries(asked, MAX_TRAJECTORIES),
      }),
    ),
    route("/api/trajectories/:id", (asked, { params }): Promise<TrajectoryView> => trajectoryView(asked, params.id)),
  ];
}

/** Those that are not over, oldest first, then the others, newest first. */
function listed({ tournaments }: PageContext): TournamentSummary[] {
  const all = tournaments.list().map(tournamentSummary);
  return [
    ...all.filter(({ state }) => state !== "finished"),
    ...all.filter(({ state }) => state === "finished").reverse(),
  ];
}
