/**
 * Builds the binding of @tensorflow/tfjs-node against the library inside PyPI's `tensorflow-cpu`: for networks that do not reach the host
 * from which the package downloads its own (TensorFlow 2.9.1), and for a newer TensorFlow. Linux on x86-64 only; needs Python 3 with
 * pip, a C++ compiler, make, and 2 GB of disk while it runs. `npm run backend:tensorflow` installs the package and runs this.
 *
 *     node scripts/build-tensorflow-backend.mjs [--wheels FOLDER] [--force]
 *
 * --wheels keeps the downloaded wheel (252 MB) in that folder, and takes it from there when it is there; --force builds again.
 * Works because the C API is stable: the binding was written for TensorFlow 2.9 and compiles against 2.19 unchanged.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Heeds TF_CPP_MIN_LOG_LEVEL. 2.21 does not while it is loaded: it greets whoever runs `icrl` on standard error. */
const TENSORFLOW = "2.19.1";

/** Which wheel: each Python's holds the same library, so one is named, whatever Python runs here. */
const WHEEL = ["--python-version=3.11", "--implementation=cp", "--abi=cp311", "--platform=manylinux_2_17_x86_64"];

/** Node-API version of the binding: the highest that tfjs-node 4.22 looks for. */
const NAPI = 8;

/** What the binding needs of a wheel; Python reads zip files without further tools. */
const UNPACK = `
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
headers = tuple(f"tensorflow/include/{part}/" for part in ("tensorflow", "tsl", "xla/tsl"))
wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(("tensorflow/libtensorflow_", *headers))])
`;

/** One step down the gradient of w^2 from w = 3: by hand, 3 - 0.1 * 6 = 2.4. */
const TRAIN = `
const tf = require("@tensorflow/tfjs");
tf.enableProdMode();
require("@tensorflow/tfjs-node");
const w = tf.variable(tf.scalar(3));
tf.train.sgd(0.1).minimize(() => w.square());
const [trained] = w.dataSync();
if (tf.getBackend() !== "tensorflow" || Math.abs(trained - 2.4) > 1e-6) throw new Error(tf.getBackend() + ": " + trained);
console.log("TensorFlow " + tf.backend().binding.TF_Version + " is loaded and trains");
`;

const { values } = parseArgs({ options: { wheels: { type: "string" }, force: { type: "boolean", default: false } } });

/**
 * Says why, and ends.
 *
 * @param {string} why
 * @returns {never}
 */
function fail(why) {
  console.error(`backend:tensorflow: ${why}`);
  process.exit(1);
}

/** Runs a command to its end; its output is shown when it fails. */
function run(/** @type {string} */ what, /** @type {string} */ command, /** @type {string[]} */ args, cwd = ".") {
  const started = performance.now();
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "1" };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) fail(`${what} failed: ${command} ${args.join(" ")}\n${error?.message ?? stdout + stderr}`);
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return stdout;
}

/** Where @tensorflow/tfjs-node is, seen from the current folder. */
function findPackage() {
  try {
    return dirname(createRequire(resolve("package.json")).resolve("@tensorflow/tfjs-node/package.json"));
  } catch {
    return fail("@tensorflow/tfjs-node is not installed");
  }
}

/** The wheel's path, downloaded if it is not in the folder. */
function fetchWheel(/** @type {string} */ folder) {
  const find = () => readdirSync(folder).find((file) => file.startsWith(`tensorflow_cpu-${TENSORFLOW}-cp311-`));
  if (find() === undefined) {
    const options = ["--quiet", "--no-deps", "--only-binary=:all:", ...WHEEL, `--dest=${folder}`];
    run("download", "python3", ["-m", "pip", "download", ...options, `tensorflow-cpu==${TENSORFLOW}`]);
  }
  return join(folder, find() ?? fail("pip downloaded something else"));
}

/** Libraries and headers in deps/, as binding.gyp wants them: it links -ltensorflow, and at run time deps/lib is searched. */
function layOut(/** @type {string} */ unpacked, /** @type {string} */ deps) {
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, "lib"), { recursive: true });
  renameSync(join(unpacked, "tensorflow/include"), join(deps, "include"));
  for (const [file, link] of [
    ["libtensorflow_cc.so.2", "libtensorflow.so"],
    ["libtensorflow_framework.so.2", "libtensorflow_framework.so"],
  ]) {
    renameSync(join(unpacked, "tensorflow", file), join(deps, "lib", file));
    symlinkSync(file, join(deps, "lib", link));
  }
}

/** Compiles the binding into lib/, with npm's own node-gyp where npm runs this. */
function compile(/** @type {string} */ folder) {
  const variables = [
    "--module_name=tfjs_binding",
    `--module_path=${join(folder, `lib/napi-v${NAPI}`)}`,
    `--napi_build_version=${NAPI}`,
  ];
  const own = process.env.npm_config_node_gyp;
  if (own !== undefined) run("compile", process.execPath, [own, "rebuild", ...variables], folder);
  else
    run(
      "compile",
      "npm",
      ["exec", "--yes", "--package=node-gyp@12.4.0", "--", "node-gyp", "rebuild", ...variables],
      folder,
    );
  rmSync(join(folder, "build"), { recursive: true });
  rmSync(join(folder, "deps/include"), { recursive: true });
}

if (process.platform !== "linux" || process.arch !== "x64") {
  fail(
    `no tensorflow-cpu with a library for ${process.platform} ${process.arch}: try npm rebuild @tensorflow/tfjs-node`,
  );
}
const folder = findPackage();
if (values.force || !existsSync(join(folder, `lib/napi-v${NAPI}/tfjs_binding.node`))) {
  const scratch = mkdtempSync(join(folder, ".unpacked-")); // on the same disk as deps/, so that it is moved, not copied
  const wheels = values.wheels === undefined ? mkdtempSync(join(tmpdir(), "icrl-wheels-")) : resolve(values.wheels);
  process.on("exit", () => {
    rmSync(scratch, { recursive: true, force: true });
    if (values.wheels === undefined) rmSync(wheels, { recursive: true, force: true });
  });
  mkdirSync(wheels, { recursive: true });
  run("unpack", "python3", ["-c", UNPACK, fetchWheel(wheels), scratch]);
  layOut(scratch, join(folder, "deps"));
  compile(folder);
}
console.log(run("check", process.execPath, ["--eval", TRAIN]).trim());
