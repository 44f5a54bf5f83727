/** `icrl tournament run FILE`: plays a tournament, or goes on with it, and writes what came out. */
import { writeFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { agents, findAgent } from "../../../../agents/registry.js";
import { IcrlError } from "../../../../common/errors.js";
import { resolveOptions } from "../../../../common/options.js";
import { playsTask } from "../../../../common/plays-task.js";
import { VERSION } from "../../../../common/version.js";
import {
  type Attendance,
  type Match,
  type Tournament,
  type TournamentSpec,
  TournamentState,
} from "../../../../proto/gen/icrl/v1/tournament.js";
import { LIMIT_OPTIONS, type Limits } from "../../../../server/sessions/limits.js";
import { checkSpec } from "../../../../server/tournaments/spec.js";
import { type Connection, connect } from "../../../typescript/connect.js";
import { type AgentProcesses, type EndedProcess, startAgentProcesses } from "../../agent-processes.js";
import { EXIT } from "../../exit-codes.js";
import { interruptible } from "../../interruptible.js";
import { jsonText } from "../../print/json.js";
import { forfeitsText, leaderboardText } from "../../print/leaderboard.js";
import { paintFor } from "../../print/paint.js";
import { createProgress, type Progress, type ProgressItem } from "../../print/progress.js";
import { type PrivateServer, startPrivateServer } from "../../private-server.js";
import { type ResultsJson, resultsJson } from "../../results.js";
import { prepareRunFolder } from "../../run-folder.js";
import { readTournamentFile } from "../../tournament-file.js";
import { watchTournament } from "../../watch-tournament.js";
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

/** Of a server that is asked only later. */
const UNKNOWN_LIMITS = Object.fromEntries(
  Object.keys(LIMIT_OPTIONS).map((name) => [name, Infinity]),
) as unknown as Limits;

/** How long the server of an interrupted run may take to let go of the folder. */
const LET_GO_MS = 30_000;

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
      awaited,
    )
    .option("--server <host:port>", "a running server (default: a private one)", hostAndPort)
    .option(
      "--listen <host:port>",
      "where the private server listens (default: 127.0.0.1:0, with --await 0.0.0.0:0; port 0 takes a free one)",
      hostAndPort,
    )
    .option("--overwrite", "begin anew: replace the results and the log of an earlier run in the folder")
    .option("--json", "print what results.json holds")
    .action(run);
}

/** Adds NAME=COUNT, or NAME for one process, to what was given before. */
function awaited(text: string, before: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const [, name = text, count = "1"] = /^(.+)=(\d*)$/.exec(text) ?? [];
  const processes = Number(count);
  if (count === "" || !(processes >= 1 && processes <= 10_000)) {
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
  const entrants = sortEntrants(given, flags);
  const { spec, goesOn } = prepareRunFolder(out, given, flags.overwrite ?? false);

  const startedAt = performance.now();
  const progress = createProgress({
    stream: process.stderr,
    nowMs: () => performance.now(),
    paint: paintFor(process.stderr, process.env),
  });
  let server: PrivateServer | undefined;
  let connection: Connection | undefined;
  let processes: AgentProcesses | undefined;
  let json: ResultsJson;
  try {
    server = flags.server === undefined ? await ownServer(out, flags, progress) : undefined;
    const address = flags.server ?? (server as PrivateServer).address;
    connection = await connect(address);
    const request = { spec, attendance: attendanceOf(entrants, flags.await) };
    let tournament = (await connection.createTournament(request)).tournament as Tournament;
    if (goesOn) progress.say(goingOnText(tournament));
    for (const { name, agent } of entrants.fromElsewhere) {
      progress.say(joinText(name, agent, address, flags));
    }
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
    const plays = whatIsPlayed(given);
    const results = await interruptible(
      watchTournament(connection, id, (update) => {
        tournament = update;
        const items = tournament.matches.filter(plays).map((match) => progressItem(match, tournament));
        progress.update(items, waitingText(tournament, entrants.fromElsewhere));
      }),
    );
    progress.say("writing the results and closing the log");
    progress.finish();
    const commandLine = ["icrl", ...process.argv.slice(2)].map(quoted).join(" ");
    json = resultsJson(results, tournament, commandLine, { icrl: VERSION, node: process.version });
    await interruptible(writeResults(connection, id, json, out));
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

type SpecEntrant = TournamentSpec["agents"][number];

/** Who starts which entrants. */
interface SortedEntrants {
  /** Started by this command. */
  readonly builtIn: readonly SpecEntrant[];
  /** Join by themselves. */
  readonly fromElsewhere: readonly SpecEntrant[];
}

/**
 * Checks everything that can be known to be wrong before a server is started and earlier results are replaced.
 *
 * @throws SPEC_INVALID, TASK_UNKNOWN, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*
 */
function sortEntrants(spec: TournamentSpec, { server, await: awaited }: RunFlags): SortedEntrants {
  const limits = resolveOptions(LIMIT_OPTIONS, {}, "serve");
  const { tasks } = checkSpec(spec, server === undefined ? limits : UNKNOWN_LIMITS, () => 0n);
  for (const name of awaited?.keys() ?? []) {
    if (!spec.agents.some((entrant) => entrant.name === name)) {
      const names = spec.agents.map((entrant) => entrant.name).join(", ");
      throw new IcrlError("ENTRANT_UNKNOWN", `--await ${name}: the entrants are ${names}`);
    }
  }
  const elsewhere = ({ name, agent }: SpecEntrant) =>
    awaited?.has(name) === true || (server !== undefined && !agents.some((builtIn) => builtIn.name === agent));
  const builtIn = spec.agents.filter((entrant) => !elsewhere(entrant));
  for (const { name, agent, options } of builtIn) {
    const found = findAgent(agent);
    resolveOptions(found.options, options ?? {}, `entrant "${name}" (agent "${agent}")`);
    if (!tasks.some(({ task }) => playsTask(found.tasks, task.name, task.kinds))) {
      process.stderr.write(`${name}: agent "${agent}" plays none of the tasks, only ${found.tasks.join(", ")}\n`);
    }
  }
  return { builtIn, fromElsewhere: spec.agents.filter(elsewhere) };
}

/** This command sees to its own processes, and to none that join: those may come and go, but for strangers whom nobody awaits. */
function attendanceOf({ builtIn }: SortedEntrants, awaited: ReadonlyMap<string, number> = new Map()): Attendance[] {
  return [
    ...builtIn.map(({ name }) => ({ name, processes: 1, mayLeave: true })),
    ...Array.from(awaited, ([name, processes]) => ({ name, processes, mayLeave: true })),
  ];
}

/** A private server on the folder, once the one of an interrupted run has let go of it. */
async function ownServer(out: string, flags: RunFlags, progress: Progress): Promise<PrivateServer> {
  const listen = flags.listen ?? (flags.await === undefined ? undefined : "0.0.0.0:0");
  const until = performance.now() + LET_GO_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      return await startPrivateServer(out, listen === undefined ? [] : ["--listen", listen]);
    } catch (error) {
      const locked = error instanceof IcrlError && error.reason === "LOG_LOCKED";
      if (!locked || performance.now() > until) throw error;
      if (attempt === 0) progress.say(`another process still writes to ${out}: waiting for it to stop`);
      await interruptible(wait(500));
    }
  }
}

function goingOnText({ matches, state }: Tournament): string {
  if (state === TournamentState.FINISHED) return "played to its end before: nothing is left to play";
  const there = matches.reduce((sum, match) => sum + match.completeTrials + match.forfeits, 0);
  const all = matches.reduce((sum, match) => sum + match.trials, 0);
  return `going on: ${there} of ${all} trials are there already`;
}

/** How an agent from elsewhere joins. */
function joinText(name: string, agent: string, address: string, { await: awaited }: RunFlags): string {
  const processes = awaited?.get(name);
  const reachable = address.replace(/^(0\.0\.0\.0|\[::\]):/, `${hostname()}:`);
  const join = `--connect ${reachable} --entrant ${quoted(name)}`;
  if (processes === undefined) return `${name}: "${agent}" is not built in; start it with ${join}`;
  const count = processes === 1 ? "a process" : `${processes} processes`;
  const start = agents.some((builtIn) => builtIn.name === agent) ? `icrl agent ${agent} ${join}` : `it with ${join}`;
  return `${name}: waiting for ${count} of agent "${agent}" to join; start ${start}`;
}

/** results.json, trials.parquet and the picture. */
async function writeResults(connection: Connection, id: string, json: ResultsJson, out: string): Promise<void> {
  writeFileSync(join(out, "results.json"), jsonText(json));
  const [{ writeTrialsParquet }, { writePicture }] = await Promise.all([
    import("../../../../datasets/trials-table.js"),
    import("../../print/picture.js"),
  ]); // wanted once, at the end: Arrow and Vega
  const chunks = [];
  for await (const { arrowIpc } of connection.streamTrials({ id })) chunks.push(arrowIpc);
  writeTrialsParquet(chunks, join(out, "trials.parquet"));
  await writePicture(json, join(out, "regret"));
}

/** Whether a match will be played: the server knows it when its agent has come, of built-in agents it is known at once. */
function whatIsPlayed(spec: TournamentSpec): (match: Match) => boolean {
  const { tasks } = checkSpec(spec, UNKNOWN_LIMITS, () => 0n);
  const taskOf = new Map(tasks.map(({ id, task }) => [id, task]));
  const agentOf = new Map(
    spec.agents.map(({ name, agent }) => [name, agents.find((builtIn) => builtIn.name === agent)]),
  );
  return ({ taskId, entrant }) => {
    const task = taskOf.get(taskId);
    const agent = agentOf.get(entrant);
    return task === undefined || agent === undefined || playsTask(agent.tasks, task.name, task.kinds);
  };
}

/**
 * Whom it waits for that nobody knows: an agent says what it plays when it comes, and until then all tasks count as its. Undefined when
 * all have come.
 */
function waitingText({ entrants, matches }: Tournament, fromElsewhere: readonly SpecEntrant[]): string | undefined {
  const missing = fromElsewhere.filter(
    ({ name }) =>
      entrants.some((entrant) => entrant.name === name && entrant.processes < entrant.awaited) &&
      matches.every(({ entrant, state }) => entrant !== name || state === TournamentState.PENDING),
  );
  if (missing.length === 0) return undefined;
  const texts = missing.map(({ name }) => {
    const { processes = 0, awaited = 1 } = entrants.find((entrant) => entrant.name === name) ?? {};
    return awaited > 1 ? `${name} (${processes} of ${awaited} processes)` : name;
  });
  return `waiting for ${texts.join(", ")}`;
}

function progressItem(match: Match, { entrants }: Tournament): ProgressItem {
  const there = (entrants.find(({ name }) => name === match.entrant)?.processes ?? 0) > 0;
  const begun = match.completeTrials + match.forfeits > 0;
  const waiting = match.state === TournamentState.PENDING || (begun && !there) ? "waiting for its agent" : undefined;
  return {
    name: `${match.taskId} / ${match.entrant}`,
    done: match.completeTrials + match.forfeits,
    total: match.trials,
    steps: Number(match.steps),
    note: match.forfeits > 0 ? `forfeited: ${match.forfeitReason}` : waiting,
  };
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
    `report        icrl tournament report ${quoted(out)}`,
    `took ${seconds.toFixed(1)} s`,
    "",
  ].join("\n");
}

/** A word of a command line as a shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
