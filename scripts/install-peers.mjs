/**
 * `node scripts/install-peers.mjs PACKAGE...`, in a checkout: puts optional peers into node_modules at the versions that package.json
 * pins, and leaves package.json and the lock file alone. `npm install PACKAGE` would answer "up to date" (the package's own peers, being
 * optional, are never installed), and every later `npm install --no-save` would remove what an earlier one added: so those that
 * are there already are named again, and what was built or downloaded into them is kept. `npm ci` removes all of them.
 * Their install scripts do not run: they download, which is the caller's affair.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

process.chdir(join(import.meta.dirname, ".."));

const { peerDependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(peerDependencies, name));
if (wanted.length === 0 || unknown.length > 0) {
  console.error(`name some of ${Object.keys(peerDependencies).join(", ")}`);
  process.exit(2);
}

/** Whether that version of the package is in node_modules. */
function isInstalled(/** @type {string} */ name) {
  const manifest = join("node_modules", name, "package.json");
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === peerDependencies[name];
}

/** What the TensorFlow packages have built or downloaded: npm, installing them anew, would remove it. */
const BUILT = ["deps", "lib"];

const installed = Object.keys(peerDependencies).filter(isInstalled);
if (wanted.some((name) => !installed.includes(name))) {
  const aside = mkdtempSync(join("node_modules", ".built-"));
  const built = installed
    .flatMap((name) => BUILT.map((folder) => join("node_modules", name, folder)))
    .filter(existsSync);
  for (const [i, folder] of built.entries()) renameSync(folder, join(aside, String(i)));
  const names = [...new Set([...installed, ...wanted])].map((name) => `${name}@${peerDependencies[name]}`);
  // --save-prod because the way an optional peer is saved is as an optional peer, which installs nothing; --no-save: and save it nowhere.
  const options = ["--no-save", "--save-prod", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // As `npm ci --omit=dev` left it.
  const isWithoutDev = !Object.keys(devDependencies).every((name) => existsSync(join("node_modules", name)));
  if (isWithoutDev) options.push("--omit=dev");
  const { status } = spawnSync("npm", ["install", ...options, ...names], {
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  for (const [i, folder] of built.entries()) {
    if (existsSync(folder)) rmSync(folder, { recursive: true });
    renameSync(join(aside, String(i)), folder);
  }
  rmSync(aside, { recursive: true });
  const missing = wanted.filter((name) => !isInstalled(name));
  if (status !== 0 || missing.length > 0) {
    console.error(`npm install left out ${missing.join(", ") || "nothing, but failed"}`);
    process.exit(1);
  }
}
