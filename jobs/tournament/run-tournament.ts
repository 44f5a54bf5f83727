/** Plays a tournament, or goes on with it, and writes what came out: what `icrl tournament run` does. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../clients/typescript/connect.js";
import { TOURNAMENT } from "../../datasets/output/output-kinds.js";
import { type Tournament, type TournamentSpec, TournamentState } from "../../proto/gen/icrl/v1/tournament.js";
import { abortable } from "../abortable.js";
import { connectTo } from "../connect-to.js";
import type { JobListener } from "../listener.js";
import { onceLetGo, requireNoWriter } from "../log-writer.js";
import { type AgentProcesses, type EndedProcess, startAgentProcesses } from "../processes/agent-processes.js";
import { type PrivateServer, startPrivateServer } from "../processes/private-server.js";
import { VERSIONS } from "../processes/versions.js";
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
  /** What goes into its trials' seeds beside its seed, in hexadecimal; empty: nothing. Absent: nothing where nobody but this command's own processes plays, else the server draws it. */
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
  /** The key of that server's operator, where it is known. */
  readonly operatorKey?: string;
  /** HOST:PORT at which the private server listens; absent: a free port of this machine alone. */
  readonly listen?: string;
  /** Command line that plays it again, for the results. */
  readonly command: string;
}

/**
 * Plays it: results.json, trials.parquet, a picture and the agents' words lie in its folder then.
 *
 * @returns what results.json holds; matches may be forfeited in it
 * @throws SPEC_INVALID, TASK_UNKNOWN, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*, TASK_UNSUPPORTED, OUTPUT_EXISTS, LOG_LOCKED
 * @throws the signal's reason once it is aborted: the same plan goes on with it
 */
export async function runTournament(
  plan: TournamentPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<ResultsJson> {
  const { out, overwrite } = plan;
  const awaited = plan.awaited ?? new Map<string, number>();
  const entrants = sortEntrants(plan.spec, awaited, plan.server);
  if (overwrite && TOURNAMENT.is(out)) await onceLetGo(out, () => requireNoWriter(out), listener.say, signal);
  // Strangers could guess a small seed; our own agents do not, and then the results depend on the file alone.
  const usualKey = plan.server === undefined && entrants.fromElsewhere.length === 0 ? "" : undefined;
  const { spec, seedKey, goesOn } = prepareRunFolder(
    out,
    { spec: plan.spec, seedKey: plan.seedKey },
    usualKey,
    overwrite,
  );
  const owner = ownerKey(out);
  const keyOf = (entrant: string) => entrantKey(owner, entrant);
  let server: PrivateServer | undefined;
  let connection: Connection | undefined;
  let processes: AgentProcesses | undefined;
  try {
    listener.doing(plan.server === undefined ? "starting a server" : `connecting to ${plan.server}`);
    server = plan.server === undefined ? await ownServer(plan, listener, signal) : undefined;
    const address = plan.server ?? (server as PrivateServer).address;
    connection = await connectTo(address, listener, signal, server?.operatorKey ?? plan.operatorKey);
    const request = {
      seedKey: seedKey === undefined ? undefined : Buffer.from(seedKey, "hex"),
      spec,
      attendance: attendanceOf(entrants, awaited),
      declarations: declarationsOf(entrants),
      ownerKey: owner,
      entrantKeys: entrants.builtIn.map(({ name }) => ({ name, key: keyOf(name) })),
    };
    let tournament = (await abortable(connection.createTournament(request), signal)).tournament as Tournament;
    if (server?.pageUrl !== undefined) listener.say(`watch it at ${server.pageUrl}`);
    if (goesOn) listener.say(goingOnText(tournament));
    for (const entrant of entrants.fromElsewhere) listener.say(joinText(entrant, address, awaited));
    const { id } = tournament;
    const forfeit = forfeitOn(connection, id, owner, listener.say);
    processes = startAgentProcesses({
      address,
      schedule: ["--tournament", id],
      entrants: entrants.builtIn,
      keyOf,
      parallel: plan.parallel ?? availableParallelism(),
      logDir: join(out, "agents"),
      unfinished: (entrant) =>
        tournament.matches.some((match) => match.entrant === entrant && match.state !== TournamentState.FINISHED),
      onCrash: (ended) => forfeit(ended, false),
      onGivenUp: (ended) => forfeit(ended, true),
    });
    const played = watchTournament(connection, id, (update) => {
      tournament = update;
      for (const { name, processes: there } of update.entrants) processes?.seen(name, there);
      listener.update(progressItems(tournament, entrants), waitingText(tournament, entrants));
      if (isPlayed(tournament)) listener.doing("computing the results");
    });
    const results = await abortable(played, signal);
    listener.doing("writing the results");
    if (seedKey === undefined) noteRun(out, { spec, seedKey: Buffer.from(results.seedKey).toString("hex") });
    const json = resultsJson(results, tournament, plan.command, VERSIONS);
    await abortable(writeResults(connection, id, json, out), signal);
    return json;
  } finally {
    connection?.close();
    if (server !== undefined) listener.doing("closing the log");
    await processes?.close();
    await server?.close(); // rolls the log into shards before their path is shown
  }
}

/** A private server on the folder, once the one of an interrupted run has let go of it. */
function ownServer({ out, listen }: TournamentPlan, { say }: JobListener, signal: AbortSignal): Promise<PrivateServer> {
  const flags = ["--http", "127.0.0.1:0", ...(listen === undefined ? [] : ["--listen", listen])];
  return onceLetGo(out, () => startPrivateServer(out, { flags, say, signal }), say, signal);
}

/** Forfeits what an entrant was playing, or all that it has left, when its process ended. */
function forfeitOn(connection: Connection, id: string, key: string, say: (line: string) => void) {
  return async ({ entrant, how, logFile, error }: EndedProcess, all: boolean): Promise<void> => {
    const times = all ? "ended too often, at last" : "ended";
    const message = `its process ${times} with ${how}${error === undefined ? "" : `: ${error.message}`}`;
    say(`${entrant}: ${message} (its words are in ${logFile})`);
    await connection.forfeitMatches({ id, entrant, message, all, key }).catch(() => {}); // the watch tells
  };
}
