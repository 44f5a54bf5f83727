/**
 * The main of an agent's process, for agents of your own. This at the end of a file makes it a program:
 *
 *   process.exitCode = await runAgent(myAgent, process.argv.slice(2));
 */
import { parseArgs } from "node:util";
import { IcrlError } from "../../common/errors.js";
import { optionsFromTexts } from "../../common/options.js";
import { connect } from "./connect.js";
import type { Agent } from "./define-agent.js";
import { playAgent } from "./play-agent.js";
import { serveMatches } from "./serve-matches.js";

const USAGE = `usage: --connect HOST:PORT (--entrant NAME [--tournament ID] | --task TASK [--trials M] [--envs N] [--seed S])
       [--option name=value ...]`;

/**
 * Runs an agent by the command line of its process: as an entrant of tournaments, or in free play.
 *
 * @param args the command line's words after the program's name
 * @returns the exit code: 0 when all was played, 1 when not, 2 for a command line that it does not understand
 */
export async function runAgent(agent: Agent, args: readonly string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  try {
    const agentOptions = optionsFromTexts(agent.options, values.option);
    const connection = await connect(values.connect);
    try {
      if (values.entrant !== undefined) {
        let failed = 0;
        await serveMatches(connection, agent, {
          entrant: values.entrant,
          tournamentId: values.tournament,
          agentOptions,
          onMatch: (opened) => console.error(`playing ${opened.matchId}`),
          onMatchFailed: (matchId, error) => {
            failed += 1;
            console.error(`${matchId}: ${error.message}`);
          },
        });
        return failed === 0 ? 0 : 1;
      }
      let regret = 0;
      const closed = await playAgent(connection, agent, {
        task: values.task as string,
        trials: values.trials,
        numEnvs: values.envs,
        seed: values.seed,
        agentOptions,
        onTrialEnd: (end) => {
          regret += end.regret ?? 0;
        },
      });
      const trials = Number(closed.completeTrials);
      console.log(`${trials} of ${values.trials} trials, mean regret ${(regret / trials).toFixed(2)}`);
      return trials === values.trials ? 0 : 1;
    } finally {
      connection.close();
    }
  } catch (error) {
    console.error(error instanceof IcrlError ? `${error.reason}: ${error.message}` : (error as Error).message);
    return 1;
  }
}

/** The command line's values. Throws an Error that says what is wrong with it. */
function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      connect: { type: "string", default: "127.0.0.1:50551" },
      entrant: { type: "string" },
      tournament: { type: "string" },
      task: { type: "string" },
      trials: { type: "string", default: "100" },
      envs: { type: "string", default: "10" },
      seed: { type: "string", default: "0" },
      option: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (!values.help && (values.entrant === undefined) === (values.task === undefined)) {
    throw new Error("give --entrant or --task, and not both");
  }
  for (const name of ["trials", "envs", "seed"] as const) {
    if (!/^\d+$/.test(values[name])) throw new Error(`--${name} is "${values[name]}": give a whole number`);
  }
  return { ...values, trials: Number(values.trials), envs: Number(values.envs), seed: BigInt(values.seed) };
}
