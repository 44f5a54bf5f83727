import { useState } from "preact/hooks";
import type { Standing, TaskProgress, TournamentView } from "../http/api.js";
import { counted, fixed, whole } from "./numbers.js";
import { AgentName, Badge, InTheLog, Progress, TrajectoryList } from "./parts.js";
import { RegretChart } from "./regret-chart.js";
import { mostTrials, shareText, trialsText } from "./trial-counts.js";
import { useMovingRows } from "./use-moving-rows.js";
import { linkTo } from "./view.js";

/** Tasks that are links side by side; more are a list to choose from. */
const MOST_LINKS = 8;

/** One tournament: how far it is, and one of its tasks. */
export function TournamentPage({ view }: { view: TournamentView }) {
  const { tournament, tasks, task, agents, forfeits } = view;
  return (
    <>
      <header class="title">
        <h1>
          {tournament.name} <Badge state={tournament.state} />
        </h1>
        <Progress done={tournament.done_trials} all={mostTrials(tournament)} label="Progress of the tournament" />
        <p class="quiet">
          {shareText(tournament)} · {counted(tournament.tasks, "task")} × {counted(tournament.agents, "agent")} ·{" "}
          {trialsText(tournament)} · {whole(tournament.finished_matches)} of{" "}
          {counted(tournament.matches, "match", "matches")} over
          {tournament.undeclared_matches > 0 && <>, up to {whole(tournament.undeclared_matches)} more</>} ·{" "}
          {counted(view.trials_per_match, "trial")} each · {counted(tournament.steps, "step")}
          {tournament.forfeits > 0 && <span class="bad"> · {counted(tournament.forfeits, "trial")} forfeited</span>}
        </p>
      </header>
      {tasks.length > 1 && <TaskPicker id={tournament.id} tasks={tasks} current={task.id} />}
      <TaskSection key={task.id} view={view} />
      {forfeits.length > 0 && (
        <section aria-labelledby="forfeits">
          <h2 id="forfeits">Forfeits</h2>
          <ul class="rows forfeits">
            {forfeits.map((one) => (
              <li key={`${one.task} ${one.agent}`} class="row">
                <AgentName name={agents[one.agent].name} place={one.agent} />
                <span>
                  {one.task} <span class="quiet">{counted(one.trials, "trial")}</span>
                </span>
                <span class="why quiet">
                  <code>{one.reason}</code> {one.message}
                </span>
              </li>
            ))}
          </ul>
          {view.forfeits_total > forfeits.length && (
            <p class="quiet">and {whole(view.forfeits_total - forfeits.length)} more</p>
          )}
          <p class="quiet">A forfeited trial counts as uniform play's exact regret.</p>
        </section>
      )}
      {(view.trajectories.length > 0 || (!view.withheld && tournament.done_trials > tournament.forfeits)) && (
        <section aria-labelledby="recent">
          <h2 id="recent">Recent trajectories</h2>
          {view.trajectories.length > 0 ? (
            <TrajectoryList trajectories={view.trajectories} now={view.server.now} />
          ) : (
            <InTheLog server={view.server} tournament={tournament.id} />
          )}
        </section>
      )}
    </>
  );
}

function TaskPicker({ id, tasks, current }: { id: string; tasks: readonly TaskProgress[]; current: string }) {
  if (tasks.length > MOST_LINKS) {
    return (
      <p class="picker">
        <label for="task">Task</label>{" "}
        <select
          id="task"
          value={current}
          onChange={(event) => {
            location.hash = linkTo.tournament(id, event.currentTarget.value);
          }}
        >
          {tasks.map((task) => (
            <option key={task.id} value={task.id}>
              {task.id} ({shareText(task)})
            </option>
          ))}
        </select>{" "}
        <span class="quiet">of {whole(tasks.length)}</span>
      </p>
    );
  }
  return (
    <nav class="tasks" aria-label="Tasks">
      {tasks.map((task) => (
        <a key={task.id} href={linkTo.tournament(id, task.id)} aria-current={task.id === current ? "page" : undefined}>
          <span>{task.id}</span>
          <Progress done={task.done_trials} all={mostTrials(task)} label={`Progress of ${task.id}`} />
        </a>
      ))}
    </nav>
  );
}

function TaskSection({ view }: { view: TournamentView }) {
  const { task, agents, tournament } = view;
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const trials = view.trials_per_match;
  const told = task.standings.some(({ regret }) => regret !== null);
  const options = Object.entries(task.options).map(([name, value]) => `${name} ${String(value)}`);
  const hidden = task.standings.filter(({ regret }) => regret !== null).length - task.curves.length;
  return (
    <section aria-label={`Task ${task.id}`}>
      <p class="options quiet">{[task.task, ...options].join(" · ")}</p>
      <div class="columns chart-first">
        <div>
          {told ? (
            <>
              <RegretChart
                curves={task.curves}
                agents={agents}
                trials={trials}
                highlighted={pointed ?? chosen}
                label={`Regret curves of ${counted(task.curves.length, "agent")} on ${task.id}; the table has their ends`}
              />
              {hidden > 0 && (
                <p class="quiet">
                  The chart has the {whole(task.curves.length)} in front; {whole(hidden)} more stand in the table.
                </p>
              )}
            </>
          ) : (
            <NothingTold state={tournament.state} withheld={view.withheld} />
          )}
        </div>
        <Standings view={view} chosen={chosen} onPoint={setPointed} onChoose={setChosen} />
      </div>
    </section>
  );
}

function NothingTold({ state, withheld }: { state: string; withheld: boolean }) {
  const playing = withheld ? "Results are withheld" : "The first trials are being played";
  return (
    <div class="empty chart-empty">
      <p class="empty-title">{state === "pending" ? "Waiting for the agents" : playing}</p>
      <p class="quiet">
        {withheld
          ? "All entrants meet the same instances: what one lost would tell those who have yet to play."
          : "Curves appear with the first trial that is over."}
      </p>
    </div>
  );
}

interface StandingsProps {
  readonly view: TournamentView;
  /** The agent whose line stands out until it is chosen again. */
  readonly chosen: number | undefined;
  readonly onPoint: (agent: number | undefined) => void;
  readonly onChoose: (agent: number | undefined) => void;
}

function Standings({ view, chosen, onPoint, onChoose }: StandingsProps) {
  const { task, agents } = view;
  const body = useMovingRows(task.standings.map(({ agent }) => agent).join(" "));
  return (
    <div class="standings scroll">
      <table>
        <caption class="hidden">Standings on {task.id}, least regret first</caption>
        <thead>
          <tr>
            <th scope="col" class="number">
              <span class="hidden">Rank</span>
            </th>
            <th scope="col">Agent</th>
            <th scope="col" class="number">
              Regret <span class="quiet kind">{view.tournament.state === "finished" ? "95 % interval" : "± se"}</span>
            </th>
            <th scope="col">Trials</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {task.standings.map((standing) => (
            <tr
              key={standing.agent}
              data-key={standing.agent}
              onMouseEnter={() => onPoint(standing.agent)}
              onMouseLeave={() => onPoint(undefined)}
            >
              <td class="number quiet">{standing.rank ?? ""}</td>
              <th scope="row">
                <button
                  type="button"
                  class="plain"
                  aria-pressed={chosen === standing.agent}
                  title={agentTitle(view, standing)}
                  onClick={() => onChoose(chosen === standing.agent ? undefined : standing.agent)}
                >
                  <AgentName name={agents[standing.agent].name} place={standing.agent} />
                </button>
              </th>
              <td class="number">
                <Regret standing={standing} digits={task.digits} finished={view.tournament.state === "finished"} />
              </td>
              <td>
                <MatchProgress standing={standing} trials={view.trials_per_match} name={agents[standing.agent].name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {task.standings.some(({ forfeits }) => forfeits > 0) && (
        <p class="quiet">
          <span class="bad">†</span> forfeited trials are in it, each as uniform play's exact regret
        </p>
      )}
    </div>
  );
}

function agentTitle({ agents }: TournamentView, { agent, steps }: Standing): string {
  return `${agents[agent].name}: agent ${agents[agent].agent}, ${counted(steps, "step")}`;
}

interface RegretProps {
  readonly standing: Standing;
  readonly digits: number;
  readonly finished: boolean;
}

/** A mean with what is known of it: while it runs its standard error, at the end the interval that the results have. */
function Regret({ standing, digits, finished }: RegretProps) {
  const { regret, se, ci95, regret_trials: trials, forfeits } = standing;
  if (regret === null) return <span class="quiet">–</span>;
  const shown = (value: number) => fixed(value, digits);
  const known = finished
    ? ` [${ci95 === null ? "–" : ci95.map(shown).join(", ")}]`
    : ` ± ${se === null ? "–" : shown(se)}`;
  const what = finished ? "its 95 % bootstrap interval" : "its standard error";
  const over = `mean of ${finished ? "" : "the first "}${counted(trials, "trial")}, and ${what}`;
  const not = forfeits > 0 ? `; ${counted(forfeits, "trial")} of it forfeited, as uniform play's exact regret` : "";
  return (
    <span title={`${over}${not}`}>
      {shown(regret)}
      {forfeits > 0 && <span class="bad">†</span>}
      <span class="quiet known">{known}</span>
    </span>
  );
}

function MatchProgress({ standing, trials, name }: { standing: Standing; trials: number; name: string }) {
  const { done_trials: done, forfeits, reason, state } = standing;
  return (
    <span class="match">
      <Progress done={done} all={trials} label={`Trials of ${name}`} place={standing.agent} />
      <span class="quiet">
        {state === "finished"
          ? whole(trials)
          : standing.undeclared
            ? "not here yet"
            : `${whole(done)} of ${whole(trials)}`}
        {forfeits > 0 && (
          <span class="bad" title={reason}>
            , {whole(forfeits)} forfeited
          </span>
        )}
      </span>
    </span>
  );
}
