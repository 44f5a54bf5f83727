/** Flags of all commands that may connect to a server of somebody's. */
import { type Command, Option } from "commander";
import {
  CREDENTIAL_VARIABLES,
  type Credentials,
  type GivenCredentials,
  readCredentials,
} from "../../clients/typescript/credentials.js";
import { operatorKey } from "./operator-key.js";

const HELP = {
  token: [
    "--token <token>",
    "what `icrl token create` printed, for a server beyond this machine; better in the environment, where no list of processes shows it",
  ],
  ca: [
    "--ca <file|public>",
    "connect by TLS: the authorities that may have signed the server's certificate, as PEM, or those that browsers believe",
  ],
  cert: ["--cert <file>", "with --ca: this side's certificate, as PEM, for a server that asks for one"],
  key: ["--key <file>", "with --cert: its key, as PEM"],
} as const;

const NAMES = Object.keys(HELP) as (keyof typeof HELP)[];

/** Adds them; each has its variable in the environment. */
export function withCredentialFlags(command: Command): Command {
  for (const name of NAMES) {
    const [flags, help] = HELP[name];
    command.addOption(new Option(flags, help).env(CREDENTIAL_VARIABLES[name]));
  }
  return command;
}

/**
 * What was given. A private server needs nothing: there what the environment has is left alone, and a flag is a mistake.
 *
 * @param server the server that it is for; undefined: a private one
 */
export function credentialFlags(
  flags: GivenCredentials,
  command: Command,
  server: string | undefined,
): GivenCredentials {
  if (server === undefined) {
    const given = NAMES.find((name) => command.getOptionValueSource(name) === "cli");
    if (given !== undefined) command.error(`error: --${given} is for a running server: give --server`);
    return {};
  }
  return Object.fromEntries(NAMES.flatMap((name) => (flags[name] ? [[name, flags[name]]] : [])));
}

/** What an operator's command shows: the operator's key where the environment has one, which goes as it always did; else as everybody. */
export function operatorCredentials(given: GivenCredentials): Credentials {
  const key = operatorKey();
  return key === undefined ? readCredentials(given) : { ...readCredentials(given), token: key, inTheClear: true };
}
