/** Servers that listen beyond this machine. */
import { hostname } from "node:os";
import { isLoopback } from "../../common/loopback.js";

/** What is said of HOST:PORT at which others than this machine come in without a token. */
export const openAddressWarning = (address: string): string =>
  `warning: whatever reaches ${address} is let in, and asked for no password: listen on 127.0.0.1 where you do not trust the network`;

/** Where a private server is to listen: beside an address that others reach, one for what is its own. */
export const listenArguments = (listen: string | undefined): string[] =>
  listen === undefined ? [] : ["--listen", listen, ...(isLoopback(listen) ? [] : ["--local", "127.0.0.1:0"])];

/** HOST:PORT under which a server that listens on all addresses of this machine is found from others. */
export function reachableAddress(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\]):/, `${hostname()}:`);
}
