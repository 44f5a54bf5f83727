import type { AgentProcess, AgentsView } from "../http/api.js";
import { MatchOf, nameOf, namesOf, placeOf } from "./agent-list.js";
import { counted, duration, whole } from "./numbers.js";
import { AgentName, Command, Empty, reachable } from "./parts.js";

/** Every agent process, with its sessions. */
export function AgentsPage({ view }: { view: AgentsView }) {
  const { server, agents } = view;
  return (
    <>
      <h1>Connected agents</h1>
      <p class="lead">
        {counted(server.agents, "agent process", "agent processes")} with {counted(server.sessions, "session")}.
        Sessions over one connection are one process.
      </p>
      {agents.length === 0 && (
        <Empty title="Nobody is connected">
          <p>Any agent, in any language, can connect to {reachable(server.address)} and play:</p>
          <Command text={`npx icrl play thompson --task bernoulli-bandit --server ${reachable(server.address)}`} />
        </Empty>
      )}
      {agents.map((program) => (
        <Process key={program.peer} program={program} now={server.now} />
      ))}
      {server.agents > agents.length && <p class="quiet">and {whole(server.agents - agents.length)} more</p>}
    </>
  );
}

function Process({ program, now }: { program: AgentProcess; now: number }) {
  const [first] = program.sessions;
  const untold = program.sessions_total - program.sessions.length;
  return (
    <section class="process">
      <h2>
        <AgentName name={namesOf(program.sessions)} place={placeOf(program.sessions)} />
        <span class="quiet">
          {first.agent} {first.version}
        </span>
      </h2>
      <p class="quiet">
        {program.peer} · {first.language || "language not told"} · for {duration(now - program.since)} ·{" "}
        {counted(program.steps, "step")}
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Session</th>
              <th scope="col">Task</th>
              <th scope="col" class="number">
                Envs
              </th>
              <th scope="col" class="number">
                Trials
              </th>
              <th scope="col" class="number">
                Steps
              </th>
            </tr>
          </thead>
          <tbody>
            {program.sessions.map((session) => (
              <tr key={session.id}>
                <td>
                  <AgentName name={nameOf(session)} place={session.place} title={`session ${session.id}`} />
                </td>
                <td>{session.playing ? <MatchOf session={session} /> : <span class="quiet">waits</span>}</td>
                <td class="number">{whole(session.envs)}</td>
                <td class="number">{whole(session.trials)}</td>
                <td class="number">{whole(session.steps)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {untold > 0 && <p class="quiet">and {counted(untold, "more session")}</p>}
    </section>
  );
}
