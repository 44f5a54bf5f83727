/** `icrl tournament run FILE`: plays a tournament, or goes on with it, and writes what came out. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { type Connection, connect } from "../../../clients/typescript/connect.js";
import { VERSION } from "../../../common/version.js";
import { wholeNumberOf } from "../../../common/written-numbers.js";
import { TOURNAMENT } from "../../../datasets/output/output-kinds.js";
import { onceLetGo, requireNoWriter } from "../../../jobs/log-writer.js";
import {
  type AgentProcesses,
  type EndedProcess,
  startAgentProcesses,
} from "../../../jobs/processes/agent-processes.js";
import { type PrivateServer, startPrivateServer } from "../../../jobs/processes/private-server.js";
import { attendanceOf, declarationsOf, joinText, sortEntrants } from "../../../jobs/tournament/entrants.js";
import { type ResultsJson, resultsJson } from "../../../jobs/tournament/results.js";
import { prepareRunFolder } from "../../../jobs/tournament/run-folder.js";
import { readTournamentFile } from "../../../jobs/tournament/tournament-file.js";
import { watchTournament } from "../../../jobs/tournament/watch-tournament.js";
import { type Tournament, TournamentState } from "../../../proto/gen/icrl/v1/tournament.js";
import { EXIT } from "../../exit-codes.js";
import { interruptible } from "../../interruptible.js";
import { jsonText, printJson } from "../../print/json.js";
import { forfeitsText, leaderboardText } from "../../print/leaderboard.js";
import { paintFor } from "../../print/paint.js";
import { commandProgress, type Progress } from "../../print/progress.js";
import { printText } from "../../print/terminal.js";
import { goingOnText, isPlayed, progressItems, waitingText } from "../../print/tournament-progress.js";
import { ownCommandLine, typedCommand } from "../../typed-command.js";
import { hostAndPort, required, uint64, wholeNumber } from "../arguments.js";

interface RunFlags {
  out?: string;
  trials?: number;
  seed?: bigint;
  parallel: number;
  await?: Map<string, number>;
  server?: string;
  listen?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** The command. */
export function runTournamentCommand(): Command {
  return new Command("run")
    .description(
      "Play a tournament: a private server (or --server), processes for the built-in entrants, then a leaderboard, results.json, trials.parquet and a picture. Interrupted, the same command goes on with it.",
    )
    .argument(
      "<file>",
      "YAML or JSON: {name, seed, trials, tasks: [{id, task, options}], agents: [{name, agent, options, tasks}]}",
    )
    .option("--out <dir>", "folder for the results and, of a private server, the log (required)")
    .option("--trials <n>", "trials of each match, instead of the file's", wholeNumber(1))
    .option("--seed <n>", "seed, instead of the file's", uint64)
    .option(
      "--parallel <n>",
      "entrants that play at a time, a process each (default: as many as the machine has cores)",
      wholeNumber(1),
      availableParallelism(),
    )
    .option(
      "--await <name=count>",
      "do not start this entrant: so many agent processes join under its name, over the network, and share its matches; may be repeated",
      nameAndCount,
    )
    .option("--server <host:port>", "a running server (default: a private one)", hostAndPort)
    .option(
      "--listen <host:port>",
      "where the private server listens; port 0 takes a free one (default: 127.0.0.1:0, which agents on this machine alone can join)",
      hostAndPort,
    )
    .option("--overwrite", "begin anew: remove what an earlier run left in the folder, its log too, and nothing else")
    .option("--json", "print what results.json holds")
    .action(run);
}

/** Adds NAME=COUNT, or NAME for one process, to what was given before. */
function nameAndCount(text: string, before: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const [, name = text, count = "1"] = /^(.+)=(.*)$/.exec(text) ?? []; // no name has a "="
  const processes = Number(wholeNumberOf(count) ?? 0);
  if (processes < 1 || processes > 10_000) {
    throw new InvalidArgumentError("Give NAME=COUNT, with a COUNT from 1 to 10000.");
  }
  return new Map([...before, [name, processes]]);
}

async function run(file: string, flags: RunFlags, command: Command): Promise<void> {
  const out = required(flags.out, "--out <dir>", command);
  if (flags.server !== undefined && flags.listen !== undefined) {
    command.error("error: --listen is for the private server, which --server does without");
  }
  const given = readTournamentFile(file);
  given.trials = flags.trials ?? given.trials;
  given.seed = flags.seed ?? given.seed;
  const awaited = flags.await ?? new Map<string, number>();
  const entrants = sortEntrants(given, awaited, flags.server);
  const startedAt = performance.now();
  const progress = commandProgress();
  if (flags.overwrite && TOURNAMENT.is(out)) await onceLetGo(out, progress.say, () => requireNoWriter(out));
  const { spec, goesOn } = prepareRunFolder(out, given, flags.overwrite ?? false);
  let server: PrivateServer | undefined;
  let connection: Connection | undefined;
  let processes: AgentProcesses | undefined;
  let json: ResultsJson;
  try {
    progress.doing(flags.server === undefined ? "starting a server" : `connecting to ${flags.server}`);
    server = flags.server === undefined ? await ownServer(out, flags, progress) : undefined;
    const address = flags.server ?? (server as PrivateServer).address;
    connection = await connect(address, undefined, progress.say);
    const request = {
      spec,
      attendance: attendanceOf(entrants, awaited),
      declarations: declarationsOf(entrants),
    };
    let tournament = (await connection.createTournament(request)).tournament as Tournament;
    if (server?.pageUrl !== undefined) progress.say(`watch it at ${server.pageUrl}`);
    if (goesOn) progress.say(goingOnText(tournament));
    for (const entrant of entrants.fromElsewhere) progress.say(joinText(entrant, address, awaited));
    const { id } = tournament;
    const forfeit = async ({ entrant, how, logFile, error }: EndedProcess, all: boolean) => {
      const times = all ? "ended too often, at last" : "ended";
      const message = `its process ${times} with ${how}${error === undefined ? "" : `: ${error.text}`}`;
      progress.say(`${entrant}: ${message} (its words are in ${logFile})`);
      await (connection as Connection).forfeitMatches({ id, entrant, message, all }).catch(() => {}); // the watch tells
    };
    processes = startAgentProcesses({
      address,
      schedule: ["--tournament", id],
      entrants: entrants.builtIn,
      parallel: flags.parallel,
      logDir: join(out, "agents"),
      unfinished: (entrant) =>
        tournament.matches.some((match) => match.entrant === entrant && match.state !== TournamentState.FINISHED),
      onCrash: (ended) => forfeit(ended, false),
      onGivenUp: (ended) => forfeit(ended, true),
    });
    const results = await interruptible(
      watchTournament(connection, id, (update) => {
        tournament = update;
        progress.update(progressItems(tournament, entrants), waitingText(tournament, entrants));
        if (isPlayed(tournament)) progress.doing("computing the results");
      }),
    );
    progress.doing("writing the results");
    json = resultsJson(results, tournament, ownCommandLine(), { icrl: VERSION, node: process.version });
    await interruptible(writeResults(connection, id, json, out));
  } finally {
    connection?.close();
    if (server !== undefined) progress.doing("closing the log");
    await processes?.close();
    await server?.close(); // rolls the log into shards before their path is shown
    progress.finish();
  }
  if (flags.json) printJson(process.stdout, json);
  else printText(process.stdout, summary(json, out, flags.server, (performance.now() - startedAt) / 1000));
  if (json.tasks.some((task) => task.agents.some((agent) => agent.forfeits > 0))) process.exitCode = EXIT.forfeited;
}

/** A private server on the folder, once the one of an interrupted run has let go of it. */
function ownServer(out: string, { listen }: RunFlags, progress: Progress): Promise<PrivateServer> {
  const flags = ["--http", "127.0.0.1:0", ...(listen === undefined ? [] : ["--listen", listen])];
  return onceLetGo(out, progress.say, () => startPrivateServer(out, flags));
}

/** results.json, trials.parquet and the picture. */
async function writeResults(connection: Connection, id: string, json: ResultsJson, out: string): Promise<void> {
  writeFileSync(join(out, "results.json"), jsonText(json));
  const [{ writeTrialsParquet }, { writePicture }] = await Promise.all([
    import("../../../datasets/tournament/write-trials.js"),
    import("../../../jobs/charts/picture.js"),
  ]); // wanted once, at the end: Arrow and Vega
  const chunks = [];
  for await (const { arrowIpc } of connection.streamTrials({ id })) chunks.push(arrowIpc);
  writeTrialsParquet(chunks, join(out, "trials.parquet"));
  await writePicture(json, join(out, "regret"));
}

function summary(json: ResultsJson, out: string, server: string | undefined, seconds: number): string {
  const paint = paintFor(process.stdout, process.env);
  const forfeits = forfeitsText(json, paint);
  return [
    leaderboardText(json, paint),
    ...(forfeits === "" ? [] : [forfeits]),
    server === undefined
      ? `trajectories  ${join(out, "data")}/*.parquet`
      : `trajectories  in the log of the server at ${server}`,
    `results       ${join(out, "results.json")}`,
    `trials        ${join(out, "trials.parquet")}`,
    `picture       ${join(out, "regret.svg")}, ${join(out, "regret.png")}`,
    `agents' logs  ${join(out, "agents")}/`,
    `report        ${typedCommand("tournament", "report", out)}`,
    `took ${seconds.toFixed(1)} s`,
    "",
  ].join("\n");
}
