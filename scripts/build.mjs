/**
 * `npm run build`: compiles to dist/, and notes at its end what it was made from. With --if-stale, as npm's `prepare` and the tests call
 * it, nothing is done where dist/ is what the sources give: npm prepares a checkout not only when it is installed, but also when
 * `npx icrl` is run in it for the first time, when it is packed, and when another package installs it.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

process.chdir(join(import.meta.dirname, ".."));

/** What the build reads: files, and folders whole. The lock file stands for the compilers. */
const INPUTS = [
  ...[
    "agents",
    "bench",
    "cli",
    "clients/typescript",
    "common",
    "datasets",
    "jobs",
    "proto/gen",
    "server",
    "statistics",
  ],
  ...["scripts/build.mjs", "scripts/build-wasm.mjs", "scripts/copy-page.mjs"],
  ...["tsconfig.json", "package.json", "package-lock.json"],
];

/**
 * Removed when a build begins and written when it has ended: where one broke off there is none. After one that failed it says what lies
 * in dist/, and nothing of what that was made from.
 */
const NOTE = "dist/build.json";

/** What package.json names as the command `icrl`. */
const BIN = "dist/cli/main.js";

/** What is made of dist/ when the SDK is packed: no source. */
const BUNDLED = "clients/typescript/dist";

const STEPS = [
  ["node_modules/typescript/bin/tsc", "-p", "."],
  ["node_modules/typescript/bin/tsc", "-p", "server/page"],
  ["scripts/copy-page.mjs"],
  ["scripts/build-wasm.mjs"],
];

/** SHA-256 of the names and bytes of files, and of all files in folders. Bytes, not times: a checkout has any times. */
function hashOf(/** @type {readonly string[]} */ ...places) {
  const hash = createHash("sha256");
  for (const file of places.filter(existsSync).flatMap(filesAt).sort()) {
    if (file === NOTE || file.endsWith(".tsbuildinfo")) continue; // what compilers note for themselves
    const bytes = readFileSync(file);
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** @returns {string[]} */
function filesAt(/** @type {string} */ place) {
  if (!statSync(place).isDirectory()) return [place];
  if (place === BUNDLED) return [];
  return readdirSync(place).flatMap((name) => filesAt(`${place}/${name}`));
}

/** What the last build noted; nothing where there is no note, or not a whole one. */
function lastBuild() {
  try {
    return JSON.parse(readFileSync(NOTE, "utf8"));
  } catch {
    return {};
  }
}

function note(/** @type {string | null} */ inputs) {
  writeFileSync(NOTE, `${JSON.stringify({ inputs, outputs: hashOf("dist") }, null, 2)}\n`);
}

const last = lastBuild();
const inputs = hashOf(...INPUTS); // before: what is changed meanwhile makes it stale
const isWhole = last.outputs === hashOf("dist"); // dist/ is what that build left, every byte of it
if (process.argv.includes("--if-stale") && isWhole && last.inputs === inputs) process.exit(0);
if (!existsSync(STEPS[0][0])) {
  console.error("dist/ is to be built, and the compiler is not installed: npm ci, then npm prune --omit=dev for less");
  process.exit(1);
}

rmSync(NOTE, { force: true });
// Compilers write again what they noted as changed, and do not look at what is there.
if (!isWhole && existsSync("dist")) {
  for (const name of readdirSync("dist")) if (/\.tsbuildinfo$|^wasm\.json$/.test(name)) rmSync(`dist/${name}`);
}
for (const step of STEPS) {
  const { status } = spawnSync(process.execPath, step, { stdio: "inherit" });
  if (status === 0) continue;
  note(null);
  process.exit(status ?? 1);
}
// The compiler leaves what no source makes any more: whoever still imported it would find it here, and nobody else would.
for (const file of filesAt("dist")) {
  const [, source] = /^dist\/(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file) ?? [];
  if (source !== undefined && ![".ts", ".tsx", ".d.ts"].some((end) => existsSync(source + end))) rmSync(file);
}
// The compiler writes files that cannot be run; npm makes the command one that can when it links it, and not again after a build made it anew.
chmodSync(BIN, 0o755);
note(inputs);
