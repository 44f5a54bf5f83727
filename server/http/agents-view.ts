/** Who is connected: sessions, gathered by the connection they came over. */
import type { SessionStatus } from "../sessions/session-status.js";
import type { AgentProcess, SessionView } from "./api.js";
import type { PageContext } from "./page-context.js";
import { placeOf } from "./place-of.js";

/** Most sessions of one process that are told. */
const MAX_SESSIONS = 20;

/** The first `limit` processes, by when they came, and how many there are. */
export function agentProcesses(context: PageContext, limit: number): { agents: AgentProcess[]; total: number } {
  const byPeer = new Map<string, SessionStatus[]>();
  for (const session of context.sessions) {
    const status = session.status();
    const others = byPeer.get(status.peer);
    if (others === undefined) byPeer.set(status.peer, [status]);
    else others.push(status);
  }
  // Sessions are in the order in which they came, and so are their connections.
  const agents = [...byPeer].slice(0, limit).map(([peer, sessions]) => ({
    peer,
    since: sessions[0].sinceMs,
    steps: sessions.reduce((sum, { steps }) => sum + steps, 0),
    sessions: sessions.slice(0, MAX_SESSIONS).map((session) => sessionView(session, context)),
    sessions_total: sessions.length,
  }));
  return { agents, total: byPeer.size };
}

function sessionView(status: SessionStatus, { tournaments }: PageContext): SessionView {
  const entrant = status.entrant ?? null;
  return {
    id: status.sessionId,
    since: status.sinceMs,
    agent: status.agent,
    version: status.agentVersion,
    language: status.language,
    entrant,
    place: placeOf(tournaments, status.tournamentId, status.entrant),
    playing: status.playing,
    task: status.task ?? null,
    tournament: status.tournamentId ?? null,
    collection: status.collectionId ?? null,
    // "<task id>/<entrant>": either can hold a slash
    match_task: entrant === null ? null : (status.matchId?.slice(0, -entrant.length - 1) ?? null),
    envs: status.activeEnvs,
    trials: status.completeTrials,
    steps: status.steps,
  };
}
