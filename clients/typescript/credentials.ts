/** What a client shows a server, and by what it knows the server: a token, and certificates. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { IcrlError } from "../../common/errors.js";
import { isLoopback } from "../../common/loopback.js";

/** What goes with a connection; nothing of it is needed by a server on this machine's loopback. */
export interface Credentials {
  /** Goes with every call as `authorization: Bearer TOKEN`: a token of `icrl token create`, or the operator's key. */
  readonly token?: string;
  /** Authorities that may have signed the server's certificate, as PEM, or PUBLIC_CA. With it the connection is TLS; without it, in the clear. */
  readonly ca?: string;
  /** The client's own certificate and its key, as PEM, where the server asks for one. */
  readonly cert?: string;
  readonly key?: string;
  /** Whether the token goes to others than this machine without TLS, too, where all on the way can read it. */
  readonly inTheClear?: boolean;
}

/** The same as command lines and environments have it: files instead of their texts. */
export type GivenCredentials = Omit<Credentials, "inTheClear">;

/** Instead of a file of authorities: those that browsers believe, as Node has them. */
export const PUBLIC_CA = "public";

/** Environment variables, by what they hold. */
export const CREDENTIAL_VARIABLES = {
  token: "ICRL_TOKEN",
  ca: "ICRL_CA",
  cert: "ICRL_CERT",
  key: "ICRL_KEY",
} as const satisfies Record<keyof GivenCredentials, string>;

/** What a command line gives and, where it gives nothing, the environment. */
export function givenCredentials(
  flags: GivenCredentials,
  env: Readonly<Record<string, string | undefined>>,
): GivenCredentials {
  const names = Object.keys(CREDENTIAL_VARIABLES) as (keyof GivenCredentials)[];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = flags[name] ?? (env[CREDENTIAL_VARIABLES[name]] || undefined);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The environment by which a process that is started has the same: no list of processes shows it. */
export function credentialsEnvironment({ token, ca, cert, key }: GivenCredentials): Record<string, string> {
  const file = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  const values = { token, ca: ca === PUBLIC_CA ? ca : file(ca), cert: file(cert), key: file(key) };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[CREDENTIAL_VARIABLES[name as keyof GivenCredentials], value]],
    ),
  );
}

/**
 * Reads the files.
 *
 * @throws OPTION_INVALID if one cannot be read, or a certificate comes without its key
 */
export function readCredentials({ token, ca, cert, key }: GivenCredentials): Credentials {
  if ((cert === undefined) !== (key === undefined)) {
    throw new IcrlError("OPTION_INVALID", "a client's certificate and its key belong together: give --cert and --key");
  }
  if (cert !== undefined && ca === undefined) {
    throw new IcrlError(
      "OPTION_INVALID",
      `--cert is for TLS: give --ca FILE, the authority of the server's certificate, or --ca ${PUBLIC_CA}`,
    );
  }
  return {
    token,
    ca: ca === undefined || ca === PUBLIC_CA ? ca : readPem("--ca", ca),
    cert: cert === undefined ? undefined : readPem("--cert", cert),
    key: key === undefined ? undefined : readPem("--key", key),
  };
}

function readPem(option: string, file: string): string {
  try {
    const text = readFileSync(file, "utf8");
    if (text.includes("-----BEGIN ")) return text;
  } catch (error) {
    throw new IcrlError("OPTION_INVALID", `${option}: ${(error as Error).message}`);
  }
  throw new IcrlError("OPTION_INVALID", `${option}: ${file} is not PEM: it has no "-----BEGIN"`);
}

/**
 * How a channel to an address is secured.
 *
 * @throws TLS_REQUIRED where a token would go over a network in the clear
 * @throws OPTION_INVALID where certificates make no sense
 */
export function channelCredentials(
  address: string,
  { token, ca, cert, key, inTheClear = false }: Credentials,
): ChannelCredentials {
  if (ca === undefined) {
    if (token === undefined || inTheClear || isLoopback(address)) return credentials.createInsecure();
    throw new IcrlError(
      "TLS_REQUIRED",
      `a token does not go to ${address} in the clear: give --ca FILE (ICRL_CA), the authority of the server's certificate, or --ca ${PUBLIC_CA}`,
    );
  }
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  try {
    return credentials.createSsl(ca === PUBLIC_CA ? null : bytes(ca), bytes(key), bytes(cert));
  } catch (error) {
    throw new IcrlError("OPTION_INVALID", `the certificates cannot be used (${(error as Error).message})`);
  }
}
