/** What a server shows by TLS, and what it asks of those who come. */
import { readFileSync } from "node:fs";
import { createSecureContext, type TlsOptions } from "node:tls";
import { IcrlError } from "../../common/errors.js";
import { isLoopback } from "../../common/loopback.js";

/** Files of a server's TLS, each PEM. */
export interface TlsFiles {
  /** The certificate, with those between it and the authority behind it. */
  readonly cert: string;
  /** Its key. */
  readonly key: string;
  /** Authorities of clients' certificates: who shows none of theirs is not let in. Absent: nobody is asked. */
  readonly clientCa?: string;
}

/** Options of every TLS listener of a server. */
export type ServerTls = Readonly<Pick<TlsOptions, "cert" | "key" | "ca" | "requestCert" | "minVersion">>;

/**
 * Reads them.
 *
 * @throws OPTION_INVALID if one cannot be read, or they do not belong together
 */
export function readTls({ cert, key, clientCa }: TlsFiles): ServerTls {
  const tls: ServerTls = {
    cert: read("--tls-cert", cert),
    key: read("--tls-key", key),
    ...(clientCa === undefined ? {} : { ca: read("--tls-client-ca", clientCa), requestCert: true }),
    minVersion: "TLSv1.2",
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new IcrlError("OPTION_INVALID", `--tls-cert and --tls-key cannot be used: ${(error as Error).message}`);
  }
  return tls;
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new IcrlError("OPTION_INVALID", `${option}: ${(error as Error).message}`);
  }
}

/** Who is let in at the addresses of a server. */
export interface Doors {
  readonly tls?: ServerTls;
  /** Whether others than this machine may come without TLS and without a token. */
  readonly insecure?: boolean;
  /** Whether whoever comes from this machine has to show a token, too. */
  readonly requireTokens?: boolean;
}

/** Addresses of a server, HOST:PORT; undefined where it does not listen. */
export interface Addresses {
  readonly listen: string;
  readonly local?: string;
  readonly http?: string;
  readonly metrics?: string;
}

/**
 * Sees that nobody opens to the network what is not protected.
 *
 * @throws TLS_REQUIRED; OPTION_INVALID for a local address that is not local
 */
export function checkDoors({ local, ...addresses }: Addresses, { tls, insecure = false }: Doors = {}): void {
  if (local !== undefined && !isLoopback(local)) {
    throw new IcrlError("OPTION_INVALID", `--local ${local} is not on this machine's loopback: give 127.0.0.1:PORT`);
  }
  if (tls !== undefined || insecure) return;
  for (const name of ["listen", "http", "metrics"] as const) {
    const address = addresses[name];
    if (address === undefined || isLoopback(address)) continue;
    throw new IcrlError(
      "TLS_REQUIRED",
      `--${name} ${address} is reached by others than this machine: give --tls-cert and --tls-key, or --insecure to let in whoever comes, in the clear`,
    );
  }
}

/** Whether whoever comes to an address has to show a token. */
export const demandsTokens = (address: string, { insecure = false, requireTokens = false }: Doors): boolean =>
  requireTokens || !(insecure || isLoopback(address));
