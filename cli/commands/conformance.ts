/** `icrl conformance`: whether a server keeps the protocol. */
import { Command } from "commander";
import { IcrlError } from "../../common/errors.js";
import { checkServer, type ServerCheck, serverRuleNames } from "../../jobs/conformance/check-server.js";
import { allHold, isAsked } from "../../jobs/conformance/outcome.js";
import { EXIT } from "../../jobs/processes/exit-codes.js";
import { stoppable } from "../interruptible.js";
import { outcomesText } from "../print/outcomes.js";
import { printerFor } from "../print/printer.js";
import { commandProgress } from "../print/progress.js";
import { collect, hostAndPort, required, wholeNumber } from "./arguments.js";

interface ConformanceFlags {
  server?: string;
  only?: string[];
  list?: boolean;
  timeout: number;
  json?: boolean;
}

/** The command. */
export function conformanceCommand(): Command {
  return new Command("conformance")
    .description(
      "Check whether a server keeps the protocol: plays on it by rules, and says in words what does not hold. Exit code 1 when something does not.",
    )
    .option("--server <host:port>", "the server to check; some trials of it are logged there", hostAndPort)
    .option("--only <text>", "only what has this text in its name; may be repeated", collect)
    .option("--list", "print the names of what is checked, and check nothing")
    .option("--timeout <seconds>", "the longest that one of them may take", wholeNumber(1, 86_400), 60)
    .option("--json", "print JSON: {server, server_version, capabilities, ok, checks: [{name, result, faults, notes}]}")
    .action(conformance);
}

async function conformance(flags: ConformanceFlags, command: Command): Promise<void> {
  const { only = [] } = flags;
  const names = serverRuleNames().filter((name) => isAsked(name, only));
  if (names.length === 0)
    throw new IcrlError(
      "OPTION_INVALID",
      `--only ${only.join(", ")}: nothing has that in its name (--list shows all)`,
      {
        option: "only",
      },
    );
  if (flags.list === true) {
    printerFor(flags).print(names, () => `${names.join("\n")}\n`);
    return;
  }
  const server = required(flags.server, "--server <host:port>", command);
  const progress = commandProgress({ units: "rules" });
  let check: ServerCheck;
  try {
    const plan = { server, only, timeoutMs: flags.timeout * 1000 };
    check = await stoppable((signal) => checkServer(plan, progress, signal));
  } finally {
    progress.finish();
  }
  const { outcomes, serverVersion, capabilities } = check;
  const ok = allHold(outcomes);
  printerFor(flags).print(
    outcomes,
    (all, paint) => `${server}, version ${serverVersion}\n${outcomesText(all, paint)}`,
    () => ({ server, server_version: serverVersion, capabilities, ok, checks: outcomes }),
  );
  if (!ok) process.exitCode = EXIT.failed;
}
