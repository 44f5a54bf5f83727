/** Servers that listen beyond this machine. */
import { hostname } from "node:os";
import { isLoopback } from "../../common/loopback.js";

/** What is said of listening on HOST:PORT; undefined where only this machine reaches it. */
export function openAddressWarning(address: string): string | undefined {
  if (isLoopback(address)) return undefined;
  return `warning: whatever reaches ${address} is let in, and asked for no password: listen on 127.0.0.1 where you do not trust the network`;
}

/** HOST:PORT under which a server that listens on all addresses of this machine is found from others. */
export function reachableAddress(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\]):/, `${hostname()}:`);
}
