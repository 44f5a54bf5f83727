/** `icrl tournament run FILE`: plays a tournament, or goes on with it, and writes what came out. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { credentialsEnvironment, type GivenCredentials } from "../../../clients/typescript/credentials.js";
import { wholeNumberOf } from "../../../common/written-numbers.js";
import { EXIT } from "../../../jobs/processes/exit-codes.js";
import type { ResultsJson } from "../../../jobs/tournament/results.js";
import { runTournament } from "../../../jobs/tournament/run-tournament.js";
import { readTournamentFile } from "../../../jobs/tournament/tournament-file.js";
import { stoppable } from "../../interruptible.js";
import { forfeitsText, leaderboardText } from "../../print/leaderboard.js";
import type { Paint } from "../../print/paint.js";
import { printerFor } from "../../print/printer.js";
import { commandProgress } from "../../print/progress.js";
import { ownCommandLine, typedCommand } from "../../typed-command.js";
import { hostAndPort, required, seedKey, uint64, wholeNumber } from "../arguments.js";
import { credentialFlags, operatorCredentials, withCredentialFlags } from "../credentials.js";
import { checkListen, type DoorFlags, doorArguments, withDoorFlags } from "../doors.js";
import { withTaskFlags } from "../own-tasks.js";

interface RunFlags extends DoorFlags, GivenCredentials {
  out?: string;
  trials?: number;
  seed?: bigint;
  seedKey?: string;
  parallel: number;
  await?: Map<string, number>;
  server?: string;
  listen?: string;
  overwrite?: boolean;
  json?: boolean;
}

/** The command. */
export function runTournamentCommand(): Command {
  const command = new Command("run")
    .description(
      "Play a tournament: a private server (or --server), processes for the entrants that are built in or have a command or a module, then a leaderboard, results.json, trials.parquet and a picture. Interrupted, the same command goes on with it.",
    )
    .argument(
      "<file>",
      "YAML or JSON: {name, seed, seed_key, trials, instances, trials_each, tasks: [{id, task, options, instances, trials_each}], agents: [{name, agent, command, module, options, tasks}]}; commands run as they stand: play no file that you would not run",
    )
    .option("--out <dir>", "folder for the results and, of a private server, the log (required)")
    .option("--trials <n>", "trials of each match, instead of the file's", wholeNumber(1))
    .option("--seed <n>", "seed, instead of the file's", uint64)
    .option(
      "--seed-key <hex>",
      "goes into the seeds of all trials beside the seed, so that nobody who guesses that knows the instances; stands in the results (default: the file's; else none where built-in agents alone play on a private server, and one that the server draws otherwise)",
      seedKey,
    )
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
    );
  return withDoorFlags(withCredentialFlags(withTaskFlags(command)))
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
  const { spec, seedKey: keyOfFile, launches, taskSources } = readTournamentFile(file);
  const { await: awaited, overwrite = false, parallel, server, listen } = flags;
  checkListen(flags, command);
  const given = credentialFlags(flags, command, server);
  const plan = {
    spec: { ...spec, trials: flags.trials ?? spec.trials, seed: flags.seed ?? spec.seed },
    launches,
    taskSources,
    seedKey: flags.seedKey ?? keyOfFile,
    ...{ out, overwrite, parallel, awaited, server, listen, doors: doorArguments(flags), command: ownCommandLine() },
    credentials: operatorCredentials(given),
    agentsEnvironment: credentialsEnvironment({ ...given, token: process.env.ICRL_AGENT_TOKEN || given.token }),
  };
  const startedAt = performance.now();
  const progress = commandProgress();
  let json: ResultsJson;
  try {
    json = await stoppable((signal) => runTournament(plan, progress, signal));
  } finally {
    progress.finish();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  printerFor(flags).print(json, (_, paint) => summary(json, out, server, seconds, paint));
  if (json.tasks.some((task) => task.agents.some((agent) => agent.forfeits > 0))) process.exitCode = EXIT.forfeited;
}

function summary(json: ResultsJson, out: string, server: string | undefined, seconds: number, paint: Paint): string {
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
