/**
 * `npm run lock`, after a change of dependencies: adds to package-lock.json the packages for other platforms that npm left out,
 * which it does where the registry (a mirror, say) does not have them. Without them `npm ci` of npm 11.19 refuses the lock file,
 * and the other platforms would get no binary. Every entry gets its integrity, the hash that its archive must have. With --check nothing
 * is written, and no registry is asked: what is missing is named, and so is a package whose install script package.json neither allows nor
 * forbids, which npm would warn of at every `npm ci`.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "../package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));

/** @type {Record<string, Record<string, any>>} */
const missing = {};
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
    const platform = /(android|darwin|freebsd|linux|win32)-(\w+)(?:-(musl|gnu))?/.exec(name);
    if (platform === null || !/^\d/.test(version)) throw new Error(`${name}@${version}: for which platform is it?`);
    const [, os, arch, libc] = platform;
    missing[`node_modules/${name}`] = {
      version,
      cpu: [arch === "armv7" ? "arm" : arch],
      ...(dev ? { dev } : {}),
      ...(libc ? { libc: [libc === "gnu" ? "glibc" : libc] } : {}),
      optional: true,
      os: [os],
    };
  }
}

const packages = { ...lock.packages, ...missing };
/** Those of the registry that nothing would tell from others of the same name and version; this package and its workspaces are none. */
const unverified = Object.entries(packages).filter(
  ([path, entry]) => path.includes("node_modules/") && !entry.link && !entry.integrity,
);

if (process.argv.includes("--check")) {
  for (const path of Object.keys(missing)) console.error(`package-lock.json lacks ${path}: npm run lock`);
  for (const [path] of unverified) {
    if (!(path in missing)) console.error(`package-lock.json has ${path} without its integrity: npm run lock`);
  }
  const { allowScripts } = JSON.parse(readFileSync(join(file, "../package.json"), "utf8"));
  const undecided = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => nameOf(path))
    .filter((name) => !Object.hasOwn(allowScripts, name));
  for (const name of undecided)
    console.error(`package.json's allowScripts says nothing of ${name}: npm install-scripts`);
  if (unverified.length + undecided.length > 0) process.exitCode = 1;
} else {
  for (const [path, { version, resolved, ...rest }] of unverified) {
    const integrity = integrityOf(nameOf(path), version);
    packages[path] = { version, ...(resolved ? { resolved } : {}), integrity, ...rest }; // in npm's own order
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}

/** Of a package, by its place. */
function nameOf(/** @type {string} */ path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** The hash of a package's archive, as npm's own client learns it from whichever registry it is set to. */
function integrityOf(/** @type {string} */ name, /** @type {string} */ version) {
  const args = ["view", `${name}@${version}`, "dist.integrity", "--json"];
  const { status, stdout, stderr } = spawnSync("npm", args, { encoding: "utf8", shell: process.platform === "win32" });
  const integrity = status === 0 && stdout.trim() !== "" ? JSON.parse(stdout) : undefined;
  if (typeof integrity !== "string" || !integrity.startsWith("sha512-")) {
    throw new Error(`npm knows no integrity of ${name}@${version}: ${stderr || stdout || "it has none"}`);
  }
  return integrity;
}
