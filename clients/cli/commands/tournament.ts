/** `icrl tournament run FILE`: plays a tournament and writes what came out. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { findAgent } from "../../../agents/registry.js";
import { IcrlError } from "../../../common/errors.js";
import { resolveOptions } from "../../../common/options.js";
import { VERSION } from "../../../common/version.js";
import { writeTrialsParquet } from "../../../datasets/trials-table.js";
import { type Match, type Tournament, type TournamentSpec, TournamentState } from "../../../proto/gen/icrl/v1/tournament.js";
import { buildTask } from "../../../server/tasks/registry.js";
import { type Connection, connect } from "../../typescript/connect.js";
import { startAgentProcesses } from "../agent-processes.js";
import { EXIT } from "../exit-codes.js";
import { jsonText } from "../print/json.js";
import { leaderboardText } from "../print/leaderboard.js";
import { paintFor } from "../print/paint.js";
import { writePicture } from "../print/picture.js";
import { createProgress, type ProgressItem } from "../print/progress.js";
import { startPrivateServer } from "../private-server.js";
import { type ResultsJson, resultsJson } from "../results.js";
import { readTournamentFile } from "../tournament-file.js";
import { hostAndPort, uint64, wholeNumber } from "./arguments.js";

interface RunFlags {
  out: string;
  trials?: number;
  seed?: bigint;
  server?: string;
  overwrite: boolean;
  json: boolean;
}

/** What a run leaves in its folder. */
const OUTPUTS = ["results.json", "trials.parquet", "regret.svg", "regret.png", "agents", "data", "log"];

/** The command. */
export function tournamentCommand(): Command {
  return new Command("tournament").description("Play tournaments.").addCommand(
    new Command("run")
      .description(
        "Play a tournament: a private server (or --server), one process for each entrant, then a leaderboard, results.json, trials.parquet and a picture.",
      )
      .argument("<file>", "YAML or JSON: {name, seed, trials, tasks: [{id, task, options}], agents: [{name, agent, options}]}")
      .requiredOption("--out <dir>", "folder for the results and, of a private server, the log")
      .option("--trials <n>", "trials of each match, instead of the file's", wholeNumber(1))
      .option("--seed <n>", "seed, instead of the file's", uint64)
      .option("--server <host:port>", "a running server (default: a private one)", hostAndPort)
      .option("--overwrite", "replace the results and the log of an earlier run in the folder", false)
      .option("--json", "print what results.json holds", false)
      .action(run),
  );
}

async function run(file: string, flags: RunFlags): Promise<void> {
  const spec = readTournamentFile(file);
  spec.trials = flags.trials ?? spec.trials;
  spec.seed = flags.seed ?? spec.seed;
  checkEntrants(spec);
  prepareFolder(flags);

  const startedAt = performance.now();
  const server = flags.server === undefined ? await startPrivateServer(flags.out) : undefined;
  const address = flags.server ?? (server?.address as string);
  const connection = await connect(address);
  try {
    const { id, results, tournament } = await play(connection, address, spec, flags);
    const command = ["icrl", ...process.argv.slice(2)].map(quoted).join(" ");
    const json = resultsJson(results, tournament, command, { icrl: VERSION, node: process.version });
    writeFileSync(join(flags.out, "results.json"), jsonText(json));
    const chunks = [];
    for await (const { arrowIpc } of connection.streamTrials({ id })) chunks.push(arrowIpc);
    writeTrialsParquet(chunks, join(flags.out, "trials.parquet"));
    await writePicture(json, join(flags.out, "regret"));
    connection.close();
    await server?.close(); // rolls the log into shards before their path is shown
    if (flags.json) process.stdout.write(jsonText(json));
    else process.stdout.write(summary(json, flags, (performance.now() - startedAt) / 1000));
    if (json.tasks.some((task) => task.agents.some((agent) => agent.forfeits > 0))) process.exitCode = EXIT.forfeited;
  } finally {
    connection.close();
    await server?.close();
  }
}

/** Everything about entrants and tasks that can be known to be wrong before a server is started. */
function checkEntrants(spec: TournamentSpec): void {
  for (const { task, options } of spec.tasks) buildTask(task, options ?? {});
  for (const { name, agent, options } of spec.agents) {
    resolveOptions(findAgent(agent).options, options ?? {}, `entrant "${name}" (agent "${agent}")`);
  }
}

function prepareFolder({ out, overwrite }: RunFlags): void {
  const there = OUTPUTS.filter((name) => existsSync(join(out, name)));
  if (there.length > 0 && !overwrite) {
    throw new IcrlError(
      "OUTPUT_EXISTS",
      `${out} already holds ${there.join(", ")}: choose another --out, or replace them with --overwrite`,
    );
  }
  for (const name of there) rmSync(join(out, name), { recursive: true });
  mkdirSync(out, { recursive: true });
}

async function play(connection: Connection, address: string, spec: TournamentSpec, flags: RunFlags) {
  const created = await connection.createTournament({ spec });
  let tournament = created.tournament as Tournament;
  const { id } = tournament;
  const unfinished = (entrant: string) =>
    tournament.matches.some((match) => match.entrant === entrant && match.state !== TournamentState.FINISHED);
  const agents = startAgentProcesses(address, id, spec, join(flags.out, "agents"), unfinished);
  const progress = createProgress({
    stream: process.stderr,
    nowMs: () => performance.now(),
    paint: paintFor(process.stderr, process.env),
  });
  const stop = () => {
    // The private server and the agents end with this process; a tournament on a shared server forfeits what was under way.
    void agents.close().finally(() => process.exit(EXIT.failed));
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    for await (const update of connection.watchTournament({ id })) {
      tournament = update.tournament as Tournament;
      progress.update(tournament.matches.map(progressItem));
    }
  } finally {
    progress.finish();
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    await agents.close();
  }
  const { results } = await connection.getTournament({ id });
  if (results === undefined) throw new IcrlError("TOURNAMENT_RUNNING", `tournament ${id} ended without results`);
  return { id, results, tournament };
}

function progressItem(match: Match): ProgressItem {
  const waiting = match.state === TournamentState.PENDING ? "waiting for its agent" : undefined;
  return {
    name: `${match.taskId} / ${match.entrant}`,
    done: match.completeTrials + match.forfeits,
    total: match.trials,
    steps: Number(match.steps),
    note: match.forfeits > 0 ? `forfeited: ${match.forfeitReason}` : waiting,
  };
}

function summary(json: ResultsJson, flags: RunFlags, seconds: number): string {
  return [
    leaderboardText(json, paintFor(process.stdout, process.env)),
    flags.server === undefined
      ? `trajectories  ${join(flags.out, "data")}/*.parquet`
      : `trajectories  in the log of the server at ${flags.server}`,
    `results       ${join(flags.out, "results.json")}`,
    `trials        ${join(flags.out, "trials.parquet")}`,
    `picture       ${join(flags.out, "regret.svg")}, ${join(flags.out, "regret.png")}`,
    `agents' logs  ${join(flags.out, "agents")}/`,
    `took ${seconds.toFixed(1)} s`,
    "",
  ].join("\n");
}

/** A word of a command line as a shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
