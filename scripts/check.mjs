/**
 * `npm run check`: everything about the source that can be judged without running it. One line a step, the output of those
 * that fail, the map of the house, and a non-zero exit status if one fails. `npm run check -- docs lint` runs those steps alone.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cruiseRooms } from "./cruise.mjs";
import { houseMap } from "./map.mjs";
import { brokenWalls } from "./walls.mjs";

process.chdir(join(import.meta.dirname, ".."));

/** What is wrong, in words; empty when nothing is. */
function run(/** @type {string} */ command, /** @type {string[]} */ ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? "" : error?.message || stdout + stderr || `${command} exited with ${status}`;
}

/** Files under a folder, by path, with their bytes. */
function texts(/** @type {string} */ folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file.slice(folder.length + 1), readFileSync(file, "latin1")];
    }),
  );
}

/** Whether proto/gen is what buf generates from the protos now. */
function generated() {
  const folder = mkdtempSync(join(tmpdir(), "icrl-generated-"));
  try {
    const descriptors = (/** @type {string} */ of, /** @type {string} */ name) =>
      run(
        "buf",
        "build",
        of,
        "--as-file-descriptor-set",
        "--exclude-source-info",
        "--output",
        join(folder, "gen", name),
      );
    const failure =
      run("buf", "generate", "proto", "--template", "proto/buf.gen.yaml", "--output", folder) ||
      descriptors("proto", "descriptors.binpb") ||
      descriptors("node_modules/grpc-health-check/proto", "health.binpb");
    if (failure) return failure;
    const fresh = texts(join(folder, "gen"));
    const committed = texts("proto/gen");
    const files = new Set([...fresh.keys(), ...committed.keys()]);
    const stale = [...files].filter((file) => fresh.get(file) !== committed.get(file));
    return stale.map((file) => `proto/gen/${file} is not what the protos give: npm run generate\n`).join("");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @type {ReturnType<typeof cruiseRooms> | undefined} */
let cruising;

/** The imports of the house, looked up by the first step that asks. */
function cruised() {
  cruising ??= cruiseRooms(process.cwd());
  return cruising;
}

/** What is too long, circular or upside down; prints the map, whatever it is like. */
async function map() {
  const { table, breaches } = houseMap(process.cwd(), await cruised());
  console.log(`\n${table}\n`);
  return breaches.join("\n");
}

/** @type {Record<string, () => string | Promise<string>>} */
const steps = {
  format: () => run("biome", "format", "."),
  lint: () => run("biome", "lint", "."),
  types: () =>
    run("node", "scripts/build.mjs", "--if-stale") || // which compiles all that ships
    run("tsc", "-p", "tests") ||
    run("tsc", "-p", "scripts"),
  walls: async () => (await brokenWalls(process.cwd(), await cruised())).join("\n"),
  map,
  lock: () => run("node", "scripts/lock.mjs", "--check"),
  generated,
  "proto-lint": () => run("buf", "lint", "proto"),
  breaking: () => run("buf", "breaking", "proto", "--against", "proto/released.binpb"),
  docs: () => run("node", "scripts/docs.mjs", "--check"), // reads dist/, which types has built
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(steps, name));
if (unknown.length > 0) {
  console.error(`no step ${unknown.join(", ")}: there are ${Object.keys(steps).join(", ")}`);
  process.exit(2);
}

for (const [name, step] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const failure = await step();
  console.log(`${failure ? "failed" : "ok    "} ${name}`);
  if (!failure) continue;
  console.log(failure.trimEnd());
  process.exitCode = 1;
}
