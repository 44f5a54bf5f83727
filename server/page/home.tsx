import type { Overview, ServerStatus, TournamentSummary } from "../http/api.js";
import { AgentList } from "./agent-list.js";
import { compact, counted, duration, whole } from "./numbers.js";
import { Badge, Command, Empty, InTheLog, Progress, reachable, TrajectoryList } from "./parts.js";
import { Sparkline } from "./sparkline.js";
import { mostTrials, shareText, trialsText } from "./trial-counts.js";
import { linkTo } from "./view.js";

/** Seconds that the server remembers its rate of. */
const REMEMBERED = 120;

/** Everything at a glance. */
export function Home({ overview }: { overview: Overview }) {
  const { server, tournaments, agents, trajectories } = overview;
  const unfinished = tournaments.filter(({ state }) => state === "pending" || state === "running");
  const finished = tournaments.filter(({ state }) => state === "finished" || state === "cancelled");
  const untold = overview.tournaments_total - tournaments.length;
  const at = reachable(server.address);
  return (
    <>
      <h1 class="hidden">Overview</h1>
      <Numbers server={server} />
      <div class="columns">
        <div>
          <section aria-labelledby="playing">
            <h2 id="playing">Tournaments</h2>
            {unfinished.map((one) => (
              <TournamentCard key={one.id} tournament={one} />
            ))}
            {tournaments.length === 0 && (
              <Empty title="No tournament yet">
                <p>Start one on this server, and watch it here:</p>
                <Command text={`npx icrl tournament run examples/tournament.yaml --server ${at} --out my-results`} />
              </Empty>
            )}
            {tournaments.length > 0 && unfinished.length === 0 && <p class="quiet">None is running.</p>}
          </section>
          {finished.length > 0 && (
            <section aria-labelledby="finished">
              <h2 id="finished">Finished</h2>
              <ul class="rows finished">
                {finished.map((one) => (
                  <li key={one.id}>
                    <a class="row" href={linkTo.tournament(one.id)}>
                      <strong>{one.name}</strong>
                      <span class="what quiet">{size(one)}</span>
                      <span class="number">{counted(one.trials, "trial")}</span>
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          )}
          {untold > 0 && <p class="quiet">and {whole(untold)} more</p>}
        </div>
        <div>
          <section aria-labelledby="agents">
            <h2 id="agents">
              Connected agents <span class="count">{whole(server.agents)}</span>
            </h2>
            {agents.length === 0 ? (
              <Empty title="Nobody is connected">
                <p>Any agent can come and play:</p>
                <Command text={`npx icrl play thompson --task bernoulli-bandit --server ${at}`} />
              </Empty>
            ) : (
              <AgentList agents={agents} />
            )}
            {server.agents > agents.length && (
              <p>
                <a href={linkTo.agents}>All {whole(server.agents)} agents</a>
              </p>
            )}
          </section>
          <section aria-labelledby="recent">
            <h2 id="recent">Recent trajectories</h2>
            {trajectories.length === 0 ? (
              <>
                <p class="quiet">What agents play and the server records shows up here, a few a second.</p>
                <InTheLog server={server} />
              </>
            ) : (
              <>
                <TrajectoryList trajectories={trajectories} now={server.now} />
                <p>
                  <a href={linkTo.trajectories}>More trajectories</a>
                </p>
              </>
            )}
          </section>
        </div>
      </div>
    </>
  );
}

function Numbers({ server }: { server: ServerStatus }) {
  return (
    <section class="numbers" aria-label="Server">
      <div class="rate">
        <p class="figure">
          <strong>{compact(server.steps_per_second)}</strong> steps a second
        </p>
        <Sparkline values={server.rates} length={REMEMBERED} label="Steps a second over the last two minutes" />
      </div>
      <dl>
        <Figure name="steps since start" value={compact(server.steps)} />
        <Figure name="agents" value={whole(server.agents)} />
        <Figure name="sessions" value={whole(server.sessions)} />
        <Figure name="episodes on disk" value={compact(server.durable_episodes)} />
        <Figure name="up" value={duration(server.now - server.started_at)} />
        <Figure name={`icrl ${server.version}`} value={reachable(server.address)} />
      </dl>
      {!server.log_writable && (
        <p class="warning" role="alert">
          The log cannot be written: sessions that record are refused. Free space or repair the disk.
        </p>
      )}
    </section>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function TournamentCard({ tournament }: { tournament: TournamentSummary }) {
  return (
    <a class="card" href={linkTo.tournament(tournament.id)}>
      <span class="head">
        <strong>{tournament.name}</strong>
        <Badge state={tournament.state} />
        <span class="share">{shareText(tournament)}</span>
      </span>
      <Progress done={tournament.done_trials} all={mostTrials(tournament)} label={`Progress of ${tournament.name}`} />
      <span class="quiet">
        {size(tournament)} · {trialsText(tournament)}
        {tournament.forfeits > 0 && <span class="bad"> · {whole(tournament.forfeits)} forfeited</span>}
      </span>
    </a>
  );
}

const size = ({ tasks, agents }: TournamentSummary): string =>
  `${counted(tasks, "task")} × ${counted(agents, "agent")}`;
