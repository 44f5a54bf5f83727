/** Holds the source against the walls: imports by .dependency-cruiser.mjs, names by forbidden-names.mjs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cruise } from "dependency-cruiser";
import { forbidden } from "../.dependency-cruiser.mjs";
import { forbiddenNames } from "./forbidden-names.mjs";

const ROOMS = ["proto/gen", "common", "statistics", "datasets", "server", "clients", "agents", "jobs", "cli", "bench"];

/** What is made of these when the SDK is packed. */
const BUNDLED = "clients/typescript/dist/";

/**
 * Every place where a tree breaks a wall, one line each: `rule: file -> what (why)`.
 *
 * @param {string} root folder that holds the rooms
 * @returns {Promise<string[]>}
 */
export async function brokenWalls(root) {
  const rooms = ROOMS.filter((room) => existsSync(join(root, room)));
  const { output } = await cruise(rooms, {
    baseDir: root,
    validate: true,
    ruleSet: { forbidden },
    tsPreCompilationDeps: true, // an import of a type is an import
    doNotFollow: { path: "node_modules" },
    exclude: { path: BUNDLED },
  });
  if (typeof output === "string") throw new Error("dependency-cruiser gave text where an object was expected");
  const imports = output.summary.violations.map(({ rule, from, to, cycle }) => {
    const why = forbidden.find(({ name }) => name === rule.name)?.comment;
    return `${rule.name}: ${from} -> ${cycle ? cycle.map(({ name }) => name).join(" -> ") : to} (${why})`;
  });
  const files = rooms
    .filter((room) => room !== "proto/gen")
    .flatMap((room) => readdirSync(join(root, room), { recursive: true }).map((file) => `${room}/${file}`))
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith(BUNDLED));
  const names = files.flatMap((file) =>
    forbiddenNames(file, readFileSync(join(root, file), "utf8")).map(
      ({ rule, detail }) => `${rule}: ${file} ${detail}`,
    ),
  );
  return [...imports, ...names];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const broken = await brokenWalls(join(import.meta.dirname, ".."));
  for (const line of broken) console.error(line);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
