/** Holds the source against the walls: imports by .dependency-cruiser.mjs, names by forbidden-names.mjs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { forbidden } from "../.dependency-cruiser.mjs";
import { BUNDLED, cruiseRooms, ROOMS } from "./cruise.mjs";
import { forbiddenNames } from "./forbidden-names.mjs";

/**
 * Every place where a tree breaks a wall, one line each: `rule: file -> what (why)`.
 *
 * @param {string} root folder that holds the rooms
 * @param {import("dependency-cruiser").ICruiseResult} [cruised] its imports, where they have been looked up already
 * @returns {Promise<string[]>}
 */
export async function brokenWalls(root, cruised) {
  const { summary } = cruised ?? (await cruiseRooms(root));
  const imports = summary.violations.map(({ rule, from, to, cycle }) => {
    const why = forbidden.find(({ name }) => name === rule.name)?.comment;
    return `${rule.name}: ${from} -> ${cycle ? cycle.map(({ name }) => name).join(" -> ") : to} (${why})`;
  });
  const files = ROOMS.filter((room) => room !== "proto/gen" && existsSync(join(root, room)))
    .flatMap((room) => readdirSync(join(root, room), { recursive: true }).map((file) => `${room}/${file}`))
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith(BUNDLED));
  const names = files.flatMap((file) =>
    forbiddenNames(file, readFileSync(join(root, file), "utf8")).map(
      ({ rule, detail }) => `${rule}: ${file} ${detail}`,
    ),
  );
  return [...imports, ...names];
}
