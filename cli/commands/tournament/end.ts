/** `icrl tournament cancel ID` and `icrl tournament delete ID`: ending one, and forgetting it. */
import { Command } from "commander";
import type { Connection } from "../../../clients/typescript/connect.js";
import type { GivenCredentials } from "../../../clients/typescript/credentials.js";
import { readOwnerKey } from "../../../jobs/tournament/run-folder.js";
import { printerFor } from "../../print/printer.js";
import { hostAndPort } from "../arguments.js";
import { credentialFlags, withCredentialFlags } from "../credentials.js";
import { DEFAULT_ADDRESS } from "../serve.js";
import { withServer } from "./with-server.js";

interface EndFlags extends GivenCredentials {
  server: string;
  ownerKey?: string;
  out?: string;
  json?: boolean;
}

/** `cancel`. */
export const cancelTournamentCommand = (): Command =>
  endCommand(
    "cancel",
    "Cancel a tournament on a server: nothing more is played, and there are no results. What was recorded stays in the log.",
    "cancelled",
    (connection, id, ownerKey) => connection.cancelTournament({ id, ownerKey }),
  );

/** `delete`. */
export const deleteTournamentCommand = (): Command =>
  endCommand(
    "delete",
    "Forget a tournament that is over or cancelled. What was recorded stays in the log; created again, it begins anew.",
    "deleted",
    (connection, id, ownerKey) => connection.deleteTournament({ id, ownerKey }),
  );

function endCommand(
  verb: string,
  description: string,
  done: string,
  end: (connection: Connection, id: string, ownerKey: string) => Promise<unknown>,
): Command {
  const command = new Command(verb)
    .description(description)
    .argument("<id>", "its id; `icrl tournament list` has them")
    .option("--server <host:port>", "the server", hostAndPort, DEFAULT_ADDRESS);
  return withCredentialFlags(command)
    .option("--owner-key <key>", "the key of whoever created it")
    .option("--out <dir>", "instead of the key: the folder of the `tournament run` that created it")
    .option("--json", `print JSON: {id, ${done}: true}`)
    .action(async (id: string, flags: EndFlags, command: Command) => {
      if (flags.ownerKey !== undefined && flags.out !== undefined) {
        command.error("error: --owner-key and --out are two ways to give one key");
      }
      const key = flags.ownerKey ?? (flags.out === undefined ? "" : readOwnerKey(flags.out));
      await withServer(flags.server, credentialFlags(flags, command, flags.server), (connection) =>
        end(connection, id, key),
      );
      printerFor(flags).print({ id, [done]: true }, () => `tournament ${id} is ${done}\n`);
    });
}
