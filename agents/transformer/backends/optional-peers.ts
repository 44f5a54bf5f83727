/** Packages that this one uses when they are installed: whether they are, how they come, and importing them. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** Whether a package is there, working or not. */
export function isInstalled(peer: string): boolean {
  return (require.resolve.paths(peer) ?? []).some((folder) => existsSync(join(folder, peer, "package.json")));
}

/** What installs a back end's peers, at the versions that this package is tested with. */
export function installCommand(backend: string, peers: readonly string[]): string {
  const root = packageRoot();
  if (isCheckout(root)) return `npm run backend:${backend}`;
  const { peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return `npm install ${peers.map((peer) => `${peer}@${peerDependencies[peer]}`).join(" ")}`;
}

/**
 * Imports a peer of a back end.
 *
 * @throws Error, with what may repair it, if it is installed and does not load: a download that its installation missed, say.
 */
export async function importPeer(backend: string, peer: string): Promise<unknown> {
  try {
    return await import(peer);
  } catch (error) {
    const repair = isCheckout(packageRoot()) ? `npm run backend:${backend}` : `npm rebuild ${peer}`;
    throw new Error(`${peer} is installed but does not load (${firstLine(error)}): try ${repair}`);
  }
}

/** An error in one line. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split("\n")[0].trim();
}

/** The folder of this package: the nearest with a package.json. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Whether this is the project itself: there npm takes the optional peers for granted, and `npm install webgpu` does nothing. */
function isCheckout(root: string): boolean {
  return basename(dirname(root)) !== "node_modules";
}
