/** Plays a tournament, or goes on with it, and writes what came out: what `icrl tournament run` does. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../clients/typescript/connect.js";
import type { Credentials } from "../../clients/typescript/credentials.js";
import { IcrlError } from "../../common/errors.js";
import { TOURNAMENT } from "../../datasets/output/output-kinds.js";
import { type Tournament, type TournamentSpec, TournamentState } from "../../proto/gen/icrl/v1/tournament.js";
import type { TaskSources } from "../../server/own-tasks/own-tasks.js";
import { abortable } from "../abortable.js";
import { connectTo } from "../connect-to.js";
import type { Launch } from "../launch/launch.js";
import { readyLaunches, withModules } from "../launch/ready-launch.js";
import type { JobListener } from "../listener.js";
import { onceLetGo, requireNoWriter } from "../log-writer.js";
import { type AgentProcesses, type EndedProcess, startAgentProcesses } from "../processes/agent-processes.js";
import { listenArguments } from "../processes/open-address.js";
import { type PrivateServer, startPrivateServer } from "../processes/private-server.js";
import { VERSIONS } from "../processes/versions.js";
import { readyTasks } from "../specs/own-tasks.js";
import { entrantKey } from "./entrant-keys.js";
import { attendanceOf, declarationsOf, joinText, sortEntrants } from "./entrants.js";
import { ownerKey } from "./owner-key.js";
import { type ResultsJson, resultsJson } from "./results.js";
import { noteRun, prepareRunFolder } from "./run-folder.js";
import { goingOnText, isPlayed, progressItems, waitingText } from "./tournament-progress.js";
import { watchTournament } from "./watch-tournament.js";
import { writeResults } from "./write-results.js";

/** What is to be played, and where. */
export interface TournamentPlan {
  /** Its seed may be absent: then one is drawn, or that of the run which is gone on with is taken. */
  readonly spec: TournamentSpec;
  /** Entrants that are not built in and that this command starts, by name. */
  readonly launches?: ReadonlyMap<string, Launch>;
  /** Where tasks are that are not built in; in the spec those of modules are called by their paths. */
  readonly taskSources?: TaskSources;
  /** What goes into its trials' seeds beside its seed, in hexadecimal; empty: nothing. Absent: nothing where nobody but built-in agents of this command's own plays, else the server draws it. */
  readonly seedKey?: string;
  /** Folder of the results and, of a private server, the log. */
  readonly out: string;
  /** Begin anew: an earlier run's files are removed. */
  readonly overwrite: boolean;
  /** Entrants that play at a time, a process each; default: as many as the machine has cores. */
  readonly parallel?: number;
  /** Entrants that join by themselves, and how many processes of each. */
  readonly awaited?: ReadonlyMap<string, number>;
  /** HOST:PORT of a running server; absent: a private one. */
  readonly server?: string;
  /** What that server is shown. */
  readonly credentials?: Credentials;
  /** The environment by which the agents that are started show that server what they have to. */
  readonly agentsEnvironment?: Readonly<Record<string, string>>;
  /** HOST:PORT at which the private server listens; absent: a free port of this machine alone. */
  readonly listen?: string;
  /** Flags of `icrl serve` that say who is let in there. */
  readonly doors?: readonly string[];
  /** Command line that plays it again, for the results. */
  readonly command: string;
}

/** How long a process may take until its entrant is there, in milliseconds: some load a model first. */
const CONNECT_MS = 120_000;

/**
 * Plays it: results.json, trials.parquet, a picture and the agents' words lie in its folder then.
 *
 * @returns what results.json holds; matches may be forfeited in it
 * @throws SPEC_INVALID, TASK_UNKNOWN, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*, TASK_UNSUPPORTED, OUTPUT_EXISTS, LOG_LOCKED
 * @throws AGENT_ABSENT if an agent of somebody's own ends time after time before it has played
 * @throws the signal's reason once it is aborted: the same plan goes on with it
 */
export async function runTournament(
  plan: TournamentPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<ResultsJson> {
  const { out, overwrite } = plan;
  const awaited = plan.awaited ?? new Map<string, number>();
  const ready = await readyLaunches(plan.launches ?? new Map(), "entrant");
  const tasks = await readyTasks(plan.spec.tasks, plan.taskSources);
  const named = { ...plan.spec, tasks, agents: withModules(plan.spec.agents, ready) };
  const entrants = sortEntrants(named, awaited, plan.server, ready);
  if (overwrite && TOURNAMENT.is(out)) await onceLetGo(out, () => requireNoWriter(out), listener.say, signal);
  // Strangers could guess a small seed; our own agents do not, and then the results depend on the file alone.
  const isAllBuiltIn = entrants.fromElsewhere.length === 0 && entrants.started.every(({ launch }) => !launch);
  const usualKey = plan.server === undefined && isAllBuiltIn ? "" : undefined;
  const { spec, seedKey, goesOn } = prepareRunFolder(out, { spec: named, seedKey: plan.seedKey }, usualKey, overwrite);
  const owner = ownerKey(out);
  const keyOf = (entrant: string) => entrantKey(owner, entrant);
  let server: PrivateServer | undefined;
  let connection: Connection | undefined;
  let processes: AgentProcesses | undefined;
  const over = new AbortController();
  try {
    listener.doing(plan.server === undefined ? "starting a server" : `connecting to ${plan.server}`);
    server = plan.server === undefined ? await ownServer(plan, listener, signal) : undefined;
    const address = plan.server ?? (server as PrivateServer).localAddress;
    connection = await connectTo(
      address,
      listener,
      signal,
      server === undefined ? plan.credentials : { token: server.operatorKey, inTheClear: true },
    );
    const request = {
      seedKey: seedKey === undefined ? undefined : Buffer.from(seedKey, "hex"),
      spec,
      attendance: attendanceOf(entrants, awaited),
      declarations: declarationsOf(entrants),
      ownerKey: owner,
      entrantKeys: entrants.started.map(({ name }) => ({ name, key: keyOf(name) })),
    };
    let tournament = (await abortable(connection.createTournament(request), signal)).tournament as Tournament;
    if (server?.pageUrl !== undefined) listener.say(`watch it at ${server.pageUrl}`);
    if (goesOn) listener.say(goingOnText(tournament));
    for (const entrant of entrants.fromElsewhere) listener.say(joinText(entrant, server?.address ?? address, awaited));
    const { id } = tournament;
    const forfeit = forfeitOn(connection, id, owner, listener.say);
    let giveUp: (why: IcrlError) => void = () => {};
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    processes = startAgentProcesses({
      address,
      schedule: ["--tournament", id],
      commandSchedule: plan.server === undefined ? [] : undefined, // it has no other
      entrants: entrants.started,
      keyOf,
      environment: plan.agentsEnvironment,
      parallel: plan.parallel ?? availableParallelism(),
      logDir: join(out, "agents"),
      unfinished: (entrant) =>
        tournament.matches.some((match) => match.entrant === entrant && match.state !== TournamentState.FINISHED),
      connectMs: CONNECT_MS,
      onCrash: (ended) => forfeit(ended, false),
      onGivenUp: (ended) => (ended.neverPlayed ? giveUp(unplayable(ended)) : forfeit(ended, true).then(() => {})),
    });
    // A server of our own that is gone is gone.
    const awayMs = plan.server === undefined ? 0 : AWAY_MS;
    const losses = { awayMs, say: listener.say, signal: AbortSignal.any([signal, over.signal]) };
    const played = watchTournament(connection, id, losses, (update) => {
      tournament = update;
      for (const { name, processes: there } of update.entrants) processes?.seen(name, there);
      listener.update(progressItems(tournament, entrants), waitingText(tournament, entrants));
      if (isPlayed(tournament)) listener.doing("computing the results");
    });
    const results = await abortable(Promise.race([played, givenUp]), signal);
    listener.doing("writing the results");
    if (seedKey === undefined) noteRun(out, { spec, seedKey: Buffer.from(results.seedKey).toString("hex") });
    const json = resultsJson(results, tournament, plan.command, VERSIONS);
    await abortable(writeResults(connection, id, losses, json, out), signal);
    return json;
  } finally {
    over.abort();
    connection?.close();
    if (server !== undefined) listener.doing("closing the log");
    await processes?.close();
    await server?.close(); // rolls the log into shards before their path is shown
  }
}

/** A private server on the folder, once the one of an interrupted run has let go of it. Agents from elsewhere may lose their connections. */
function ownServer(
  { out, listen, doors = [] }: TournamentPlan,
  { say }: JobListener,
  signal: AbortSignal,
): Promise<PrivateServer> {
  const elsewhere = listen === undefined ? [] : ["--resume-ms", String(RESUME_MS)];
  const flags = ["--http", "127.0.0.1:0", ...listenArguments(listen), ...elsewhere, ...doors];
  return onceLetGo(out, () => startPrivateServer(out, { flags, say, signal }), say, signal);
}

/** How long somebody else's server may be away: as long as it keeps sessions for their agents, where it was not told otherwise. */
const AWAY_MS = 60_000;

/** How long a session of an agent from elsewhere waits to be resumed. */
const RESUME_MS = 60_000;

/** Forfeits what an entrant was playing, or all that it has left, when its process ended; resolves with how many matches that were. */
function forfeitOn(connection: Connection, id: string, key: string, say: (line: string) => void) {
  return async ({ entrant, how, logFile, error }: EndedProcess, all: boolean): Promise<number> => {
    const times = all ? "ended too often, at last" : "ended";
    const message = `its process ${times} with ${how}${error === undefined ? "" : `: ${error.message}`}`;
    say(`${entrant}: ${message} (its words are in ${logFile})`);
    try {
      return (await connection.forfeitMatches({ id, entrant, message, all, key })).matchIds.length;
    } catch {
      return 0; // the watch tells
    }
  };
}

/** An entrant of somebody's own whose process ended time after time before it played: nothing is forfeited, for it can be put right. */
function unplayable({ entrant, how, logFile, error, lastWords }: EndedProcess): IcrlError {
  const why = error?.message ?? (lastWords === "" ? "it said nothing" : `it said at last: ${lastWords}`);
  return new IcrlError(
    "AGENT_ABSENT",
    `entrant "${entrant}" never played: its process ended too often, at last with ${how}; ${why} (its words are in ${logFile}): put its command right, and run the same command again to go on`,
  );
}
