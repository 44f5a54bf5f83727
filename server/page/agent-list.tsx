import type { AgentProcess, SessionView } from "../http/api.js";
import { counted, whole } from "./numbers.js";
import { AgentName } from "./parts.js";
import { linkTo } from "./view.js";

/** Agent processes, one a line. */
export function AgentList({ agents }: { agents: readonly AgentProcess[] }) {
  return (
    <ul class="rows">
      {agents.map((program) => {
        const [first] = program.sessions;
        return (
          <li key={program.peer} class="row">
            <AgentName
              name={namesOf(program.sessions)}
              place={placeOf(program.sessions)}
              title={`${first.agent} at ${program.peer}`}
            />
            <span class="what">
              <Doing sessions={program.sessions} />
            </span>
            <span class="number">
              {whole(program.steps)} <span class="quiet">steps</span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** What a process is busy with, by its first session that is. */
export function Doing({ sessions }: { sessions: readonly SessionView[] }) {
  const busy = sessions.find(({ playing }) => playing);
  if (busy === undefined) return <span class="quiet">waits</span>;
  const envs = sessions.reduce((sum, session) => sum + session.envs, 0);
  return (
    <>
      <MatchOf session={busy} /> <span class="quiet">{counted(envs, "env")}</span>
    </>
  );
}

/** The task that is open: of a tournament a link to it. */
export function MatchOf({ session }: { session: SessionView }) {
  const { tournament, match_task: task } = session;
  if (tournament !== null && task !== null) return <a href={linkTo.tournament(tournament, task)}>{task}</a>;
  return <>{task ?? session.task ?? ""}</>;
}

/** What a process is called: its sessions' name, or the first of their names and how many more there are. */
export function namesOf(sessions: readonly SessionView[]): string {
  const names = [...new Set(sessions.map(nameOf))];
  return names.length === 1 ? names[0] : `${names[0]} and ${names.length - 1} more`;
}

/** What a session is called: as it entered, else its agent. */
export const nameOf = (session: SessionView): string => session.entrant ?? (session.agent || "(not introduced)");

/** The place that colours a process. */
export const placeOf = (sessions: readonly SessionView[]): number | null =>
  sessions.find(({ place }) => place !== null)?.place ?? null;
