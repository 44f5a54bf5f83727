/** Packages that this one uses when they are installed: whether they are, how they come, and importing them. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type * as tfjs from "@tensorflow/tfjs";

/** TensorFlow.js, which every back end but the engine computes by. */
export type Tensors = typeof tfjs;

/** Whether a package is there, working or not. */
export function isInstalled(peer: string): boolean {
  return nearestWith(join("node_modules", peer, "package.json")) !== undefined;
}

/** What installs a back end's peers, at the versions that this package is tested with. */
export function installCommand(backend: string, peers: readonly string[]): string {
  if (isCheckout()) return `npm run backend:${backend}`;
  const { peerDependencies } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
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
    const repair = isCheckout() ? `npm run backend:${backend}` : `npm rebuild ${peer}`;
    throw new Error(`${peer} is installed but does not load (${firstLine(error)}): try ${repair}`);
  }
}

/** An error in one line. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split("\n")[0].trim();
}

/** Whether this is the project itself: there npm takes the optional peers for granted, and `npm install webgpu` does nothing. */
function isCheckout(): boolean {
  return basename(dirname(packageRoot())) !== "node_modules";
}

/** The folder of this package. */
function packageRoot(): string {
  return nearestWith("package.json") as string;
}

/** The nearest folder, from this file's upwards, in which there is that path. */
function nearestWith(path: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, path))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
