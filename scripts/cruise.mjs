/** The imports of the house, looked up once: the walls and the map both read them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cruise } from "dependency-cruiser";
import { forbidden } from "../.dependency-cruiser.mjs";

/** The rooms that what ships is made of, and the benchmarks: from the lowest to the highest. */
export const ROOMS = [
  "proto/gen",
  "common",
  "statistics",
  "datasets",
  "server",
  "clients",
  "agents",
  "jobs",
  "cli",
  "bench",
];

/** What is made of these when the SDK is packed: no source. */
export const BUNDLED = "clients/typescript/dist/";

/**
 * Every import of a tree's rooms, with the violations of .dependency-cruiser.mjs.
 *
 * @param {string} root folder that holds the rooms
 * @returns {Promise<import("dependency-cruiser").ICruiseResult>}
 */
export async function cruiseRooms(root) {
  const { output } = await cruise(
    ROOMS.filter((room) => existsSync(join(root, room))),
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden },
      tsPreCompilationDeps: true, // an import of a type is an import
      doNotFollow: { path: "node_modules" },
      exclude: { path: BUNDLED },
    },
  );
  if (typeof output === "string") throw new Error("dependency-cruiser gave text where an object was expected");
  return output;
}
