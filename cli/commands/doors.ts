/** Flags of all commands whose server others than this machine may reach. */
import { type Command, Option } from "commander";
import { checkDoors, type Doors, readTls } from "../../server/access/tls.js";

/** What they give. */
export interface DoorFlags {
  tlsCert?: string;
  tlsKey?: string;
  tlsClientCa?: string;
  insecure?: boolean;
  requireTokens?: boolean;
  access?: string;
}

/** Adds them. */
export function withDoorFlags(command: Command): Command {
  return command
    .addOption(new Option("--tls-cert <file>", "speak TLS at every address: the certificate, as PEM, with its chain"))
    .addOption(new Option("--tls-key <file>", "with --tls-cert: its key, as PEM"))
    .addOption(
      new Option(
        "--tls-client-ca <file>",
        "with --tls-cert: let in nobody without a certificate of these authorities, as PEM; tokens are needed beside it",
      ),
    )
    .addOption(
      new Option(
        "--access <dir>",
        "folder of the tokens (`icrl token create --access`) and of the audit log (of `serve`: by default `access` in the folder of its log)",
      ),
    )
    .addOption(
      new Option(
        "--insecure",
        "listen beyond this machine without TLS and without tokens: whoever reaches the port plays under any name, creates and ends what has no key, fills the disk, and reads what passes",
      ),
    );
}

/** What they ask for. */
export function doorsOf({ tlsCert, tlsKey, tlsClientCa, insecure, requireTokens }: DoorFlags, command: Command): Doors {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    command.error("error: --tls-cert and --tls-key belong together");
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    if (tlsClientCa !== undefined) command.error("error: --tls-client-ca is for TLS: give --tls-cert and --tls-key");
    return { insecure, requireTokens };
  }
  return { tls: readTls({ cert: tlsCert, key: tlsKey, clientCa: tlsClientCa }), insecure, requireTokens };
}

/** Sees that a private server is not opened to the network unprotected, before anything starts. @throws TLS_REQUIRED, OPTION_INVALID */
export function checkListen({ listen, access, ...flags }: DoorFlags & { listen?: string }, command: Command): void {
  const doors = doorsOf(flags, command);
  if (listen !== undefined) {
    checkDoors({ listen }, doors);
    if (doors.tls !== undefined && !doors.insecure && access === undefined) {
      command.error(
        "error: agents that join need tokens: give --access DIR, where `icrl token create --access DIR` keeps them",
      );
    }
  } else if (doors.tls !== undefined || doors.insecure) {
    command.error("error: --tls-cert and --insecure are for an address that others reach: give --listen");
  }
}

/** The same flags for `icrl serve`, once they are checked. */
export function doorArguments({ tlsCert, tlsKey, tlsClientCa, insecure, access }: DoorFlags): string[] {
  const files = { "--tls-cert": tlsCert, "--tls-key": tlsKey, "--tls-client-ca": tlsClientCa, "--access": access };
  return [
    ...Object.entries(files).flatMap(([flag, file]) => (file === undefined ? [] : [flag, file])),
    ...(insecure ? ["--insecure"] : []),
  ];
}
