/** `icrl tournament run FILE`: plays a tournament and writes what came out. Its report is made by tournament/report.ts. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { agents, findAgent } from "../../../agents/registry.js";
import { IcrlError } from "../../../common/errors.js";
import { resolveOptions } from "../../../common/options.js";
import { playsTask } from "../../../common/plays-task.js";
import { VERSION } from "../../../common/version.js";
import { makeFolders } from "../../../datasets/make-folders.js";
import {
  type Match,
  type Tournament,
  type TournamentResults,
  type TournamentSpec,
  TournamentState,
} from "../../../proto/gen/icrl/v1/tournament.js";
import { LIMIT_OPTIONS, type Limits } from "../../../server/sessions/limits.js";
import { checkSpec } from "../../../server/tournaments/spec.js";
import { type Connection, connect } from "../../typescript/connect.js";
import { type AgentProcesses, startAgentProcesses } from "../agent-processes.js";
import { EXIT } from "../exit-codes.js";
import { interruptible } from "../interruptible.js";
import { jsonText } from "../print/json.js";
import { leaderboardText } from "../print/leaderboard.js";
import { paintFor } from "../print/paint.js";
import { createProgress, type ProgressItem } from "../print/progress.js";
import { startPrivateServer } from "../private-server.js";
import { type ResultsJson, resultsJson } from "../results.js";
import { readTournamentFile } from "../tournament-file.js";
import { hostAndPort, required, uint64, wholeNumber } from "./arguments.js";
import { reportCommand } from "./tournament/report.js";

interface RunFlags {
  out?: string;
  trials?: number;
  seed?: bigint;
  server?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** What a run leaves in its folder. */
const OUTPUTS = ["results.json", "trials.parquet", "regret.svg", "regret.png", "agents", "data", "log"];

/** Agents that are waited for are named up to so many. */
const MOST_NAMED = 4;

/** Of a server that is asked only later. */
const UNKNOWN_LIMITS = Object.fromEntries(
  Object.keys(LIMIT_OPTIONS).map((name) => [name, Infinity]),
) as unknown as Limits;

/** The command. */
export function tournamentCommand(): Command {
  return new Command("tournament")
    .description("Play tournaments, and report them.")
    .addCommand(
      new Command("run")
        .description(
          "Play a tournament: a private server (or --server), one process for each entrant, then a leaderboard, results.json, trials.parquet and a picture.",
        )
        .argument(
          "<file>",
          "YAML or JSON: {name, seed, trials, tasks: [{id, task, options}], agents: [{name, agent, options, tasks}]}",
        )
        .option("--out <dir>", "folder for the results and, of a private server, the log (required)")
        .option("--trials <n>", "trials of each match, instead of the file's", wholeNumber(1))
        .option("--seed <n>", "seed, instead of the file's", uint64)
        .option("--server <host:port>", "a running server (default: a private one)", hostAndPort)
        .option("--overwrite", "replace the results and the log of an earlier run in the folder")
        .option("--json", "print what results.json holds")
        .action(run),
    )
    .addCommand(reportCommand());
}

async function run(file: string, flags: RunFlags, command: Command): Promise<void> {
  const out = required(flags.out, "--out <dir>", command);
  const spec = readTournamentFile(file);
  spec.trials = flags.trials ?? spec.trials;
  spec.seed = flags.seed ?? spec.seed;
  const builtIn = checkedEntrants(spec, flags.server);
  prepareFolder(out, flags.overwrite ?? false);

  const startedAt = performance.now();
  const server = flags.server === undefined ? await startPrivateServer(out) : undefined;
  const address = flags.server ?? (server?.address as string);
  let connection: Connection | undefined;
  let processes: AgentProcesses | undefined;
  let json: ResultsJson;
  const progress = createProgress({
    stream: process.stderr,
    nowMs: () => performance.now(),
    paint: paintFor(process.stderr, process.env),
  });
  try {
    connection = await connect(address);
    let tournament = (await connection.createTournament({ spec })).tournament as Tournament;
    processes = startAgentProcesses(
      address,
      ["--tournament", tournament.id],
      builtIn,
      join(out, "agents"),
      (entrant) =>
        tournament.matches.some((match) => match.entrant === entrant && match.state !== TournamentState.FINISHED),
      (entrant, logFile) => progress.say(`${entrant}: its process ended too often, ${logFile} says why`),
    );
    const finished = watch(connection, tournament.id, (update) => {
      tournament = update;
      progress.update(tournament.matches.map(progressItem), waitingText(tournament));
    });
    const results = await interruptible(finished);
    progress.say("writing the results and closing the log");
    progress.finish();
    const commandLine = ["icrl", ...process.argv.slice(2)].map(quoted).join(" ");
    json = resultsJson(results, tournament, commandLine, { icrl: VERSION, node: process.version });
    await interruptible(writeResults(connection, tournament.id, json, out));
  } finally {
    progress.finish();
    connection?.close();
    await processes?.close();
    await server?.close(); // rolls the log into shards before their path is shown
  }
  if (flags.json) process.stdout.write(jsonText(json));
  else process.stdout.write(summary(json, out, flags.server, (performance.now() - startedAt) / 1000));
  if (json.tasks.some((task) => task.agents.some((agent) => agent.forfeits > 0))) process.exitCode = EXIT.forfeited;
}

/**
 * Checks everything that can be known to be wrong before a server is started and earlier results are replaced.
 *
 * @returns the entrants whose agents are built in. Others are agents of somebody's own, which can join on a server that he knows
 * @throws SPEC_INVALID, TASK_UNKNOWN, AGENT_UNKNOWN, OPTION_*
 */
function checkedEntrants(spec: TournamentSpec, server: string | undefined): TournamentSpec["agents"] {
  const limits = resolveOptions(LIMIT_OPTIONS, {}, "serve");
  const { tasks } = checkSpec(spec, server === undefined ? limits : UNKNOWN_LIMITS, () => 0n);
  return spec.agents.filter(({ name, agent, options }) => {
    if (server !== undefined && !agents.some((builtIn) => builtIn.name === agent)) {
      process.stderr.write(
        `${name}: "${agent}" is not built in; start it with --connect ${server} --entrant ${quoted(name)}\n`,
      );
      return false;
    }
    const found = findAgent(agent);
    resolveOptions(found.options, options ?? {}, `entrant "${name}" (agent "${agent}")`);
    if (!tasks.some(({ task }) => playsTask(found.tasks, task.name, task.kinds))) {
      process.stderr.write(`${name}: agent "${agent}" plays none of the tasks, only ${found.tasks.join(", ")}\n`);
    }
    return true;
  });
}

function prepareFolder(out: string, overwrite: boolean): void {
  const there = OUTPUTS.filter((name) => existsSync(join(out, name)));
  if (there.length > 0 && !overwrite) {
    throw new IcrlError(
      "OUTPUT_EXISTS",
      `${out} already holds ${there.join(", ")}: choose another --out, or replace them with --overwrite`,
    );
  }
  for (const name of there) rmSync(join(out, name), { recursive: true });
  makeFolders(out);
}

/** Waits until the tournament is finished; resolves with its results. */
async function watch(
  connection: Connection,
  id: string,
  onUpdate: (tournament: Tournament) => void,
): Promise<TournamentResults> {
  for await (const { tournament } of connection.watchTournament({ id })) onUpdate(tournament as Tournament);
  const { results } = await connection.getTournament({ id });
  if (results === undefined) throw new IcrlError("TOURNAMENT_RUNNING", `tournament ${id} ended without results`);
  return results;
}

/** results.json, trials.parquet and the picture. */
async function writeResults(connection: Connection, id: string, json: ResultsJson, out: string): Promise<void> {
  writeFileSync(join(out, "results.json"), jsonText(json));
  const [{ writeTrialsParquet }, { writePicture }] = await Promise.all([
    import("../../../datasets/trials-table.js"),
    import("../print/picture.js"),
  ]); // wanted once, at the end: Arrow and Vega
  const chunks = [];
  for await (const { arrowIpc } of connection.streamTrials({ id })) chunks.push(arrowIpc);
  writeTrialsParquet(chunks, join(out, "trials.parquet"));
  await writePicture(json, join(out, "regret"));
}

/**
 * Whom it waits for: an agent says what it plays when it comes, and until then all tasks count as its. Undefined when all have come.
 */
function waitingText({ spec, matches }: Tournament): string | undefined {
  const entrants = spec?.agents.map(({ name }) => name) ?? [];
  const missing = entrants.filter((name) => {
    const own = matches.filter(({ entrant }) => entrant === name);
    return own.length > 0 && own.every(({ state }) => state === TournamentState.PENDING);
  });
  if (missing.length === 0) return undefined;
  const named = missing.length <= MOST_NAMED ? `: ${missing.join(", ")}` : "";
  return `waiting for ${missing.length} of ${entrants.length} agents${named}`;
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

function summary(json: ResultsJson, out: string, server: string | undefined, seconds: number): string {
  return [
    leaderboardText(json, paintFor(process.stdout, process.env)),
    server === undefined
      ? `trajectories  ${join(out, "data")}/*.parquet`
      : `trajectories  in the log of the server at ${server}`,
    `results       ${join(out, "results.json")}`,
    `trials        ${join(out, "trials.parquet")}`,
    `picture       ${join(out, "regret.svg")}, ${join(out, "regret.png")}`,
    `agents' logs  ${join(out, "agents")}/`,
    `took ${seconds.toFixed(1)} s`,
    "",
  ].join("\n");
}

/** A word of a command line as a shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
