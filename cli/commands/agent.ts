/** `icrl agent NAME`: a built-in agent, or one of a JavaScript module, as a process that serves matches. */
import { Command, Option } from "commander";
import { connect } from "../../clients/typescript/connect.js";
import { type GivenCredentials, readCredentials } from "../../clients/typescript/credentials.js";
import { reconnectionText } from "../../clients/typescript/reconnect-notice.js";
import { serveMatches } from "../../clients/typescript/serve-matches.js";
import { optionsFromTexts, resolveOptions } from "../../common/options.js";
import { agentNamed } from "../../jobs/launch/agent-named.js";
import { EXIT } from "../../jobs/processes/exit-codes.js";
import { printJson } from "../print/json.js";
import { printText } from "../print/terminal.js";
import { collect, hostAndPort, wholeNumber } from "./arguments.js";
import { credentialFlags, withCredentialFlags } from "./credentials.js";
import { DEFAULT_ADDRESS } from "./serve.js";

interface AgentFlags extends GivenCredentials {
  connect: string;
  entrant?: string;
  tournament?: string;
  collection?: string;
  entrantKey?: string;
  option?: string[];
  envs: number;
  streams: number;
  json?: boolean;
}

/** The command. */
export function agentCommand(): Command {
  const command = new Command("agent")
    .description(
      "Run an agent as an entrant: it serves its matches until the tournament, or the collection, has no more for it.",
    )
    .argument(
      "<name>",
      "a built-in agent, as `icrl agents` lists them; or the path of a JavaScript module whose default export is an agent",
    )
    .option("--connect <host:port>", "the server", hostAndPort, DEFAULT_ADDRESS)
    .option("--entrant <name>", "the name it enters under (default: the agent's name)")
    .option("--tournament <id>", "only this tournament (default: the oldest unfinished one that lists the entrant)")
    .option("--collection <id>", "instead of a tournament: a collection, as the behaviour of that name")
    .addOption(
      new Option(
        "--entrant-key <key>",
        "a secret, without which nobody plays under this name once its first session has shown it; better in the environment, where no list of processes shows it",
      ).env("ICRL_ENTRANT_KEY"),
    )
    .option(
      "--option <name=value>",
      "an option of the agent that the tournament does not set; may be repeated",
      collect,
    )
    .option("--envs <n>", "envs side by side in each session, at most", wholeNumber(1), 1024)
    .option("--streams <n>", "sessions side by side", wholeNumber(1, 64), 2)
    .option("--json", "print JSON at the end: {agent, entrant, matches, failed: [{match, reason, error}]}");
  return withCredentialFlags(command).action(async (name: string, flags: AgentFlags) => {
    const agent = await agentNamed(name);
    const entrant = flags.entrant ?? agent.name;
    const agentOptions = optionsFromTexts(agent.options, flags.option ?? []);
    resolveOptions(agent.options, agentOptions, `agent "${name}"`);
    const say = (line: string) => printText(process.stderr, `${line}\n`);
    const credentials = readCredentials(credentialFlags(flags, command, flags.connect));
    const connection = await connect(flags.connect, undefined, say, credentials, {
      onReconnect: (reconnection) => say(reconnectionText(reconnection)),
    });
    const matches = new Set<string>();
    const failed: { match: string; reason: string; error: string }[] = [];
    try {
      await serveMatches(connection, agent, {
        entrant,
        tournamentId: flags.tournament,
        collectionId: flags.collection,
        entrantKey: flags.entrantKey || undefined,
        onWaiting: say,
        agentOptions,
        numEnvs: flags.envs,
        streams: flags.streams,
        onMatch: ({ matchId = "" }) => {
          if (!matches.has(matchId)) printText(process.stderr, `playing ${matchId}\n`);
          matches.add(matchId);
        },
        onMatchFailed: (match, error) => {
          failed.push({ match, reason: "reason" in error ? String(error.reason) : "", error: error.message });
          printText(process.stderr, `${match} failed: ${error.message}\n`);
        },
      });
    } finally {
      connection.close();
    }
    if (flags.json) printJson(process.stdout, { agent: agent.name, entrant, matches: [...matches], failed });
    if (failed.length > 0) process.exitCode = EXIT.forfeited;
  });
}
