/**
 * `npm run lock`, after a change of dependencies: adds to package-lock.json the packages for other platforms that npm left out,
 * which it does where the registry (a mirror, say) does not have them. Without them `npm ci` of npm 11.19 refuses the lock file,
 * and the other platforms would get no binary. With --check nothing is written: what is missing is named.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "../package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));

/** @type {Record<string, object>} */
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

if (process.argv.includes("--check")) {
  for (const path of Object.keys(missing)) console.error(`package-lock.json lacks ${path}: npm run lock`);
  if (Object.keys(missing).length > 0) process.exitCode = 1;
} else {
  const packages = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
}
