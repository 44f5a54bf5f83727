import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { expect, onTestFinished, test } from "vitest";
import { BACKENDS, loadBackend } from "#icrl/agents/transformer/backends.js";
import { tempDir } from "../../support/temp-dir.js";

const project = join(import.meta.dirname, "../../..");
const { peerDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));

/**
 * What a process prints that learns by back ends of a copy of this package in `folder`, where of the optional peers only these are installed:
 * for each name what was loaded, or the error's reason and text.
 *
 * @param load how: `loadBackend(name)` or `learnerBackend(name, model)`
 */
function loadWith(
  peers: readonly string[],
  folder: string,
  names: readonly string[],
  load = "loadBackend(name)",
): Record<string, unknown>[] {
  for (const path of ["package.json", "dist/agents/transformer", "dist/common"]) {
    cpSync(join(project, path), join(folder, path), { recursive: true });
  }
  for (const name of ["fastest-levenshtein", ...peers]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(join(project, "node_modules", name), link, "junction");
  }
  const program = `
    const folder = ${JSON.stringify(join(folder, "dist/agents/transformer/"))};
    const { loadBackend } = await import(folder + "backends.js");
    const { learnerBackend } = await import(folder + "learner-backends.js");
    const outcomes = [];
    for (const name of ${JSON.stringify(names)}) {
      outcomes.push(await ${load}.catch(({ reason, message }) => ({ reason, message })));
    }
    console.log(JSON.stringify(outcomes));
  `;
  const args = ["--input-type=module", "--eval", program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

test("in a checkout, a back end that is not installed is refused with the command that installs it", () => {
  const folder = tempDir();
  onTestFinished(folder.remove);
  const refused = (name: string) => ({
    reason: "BACKEND_UNAVAILABLE",
    message: `back end ${name}: not installed: npm run backend:${name}`,
  });
  const names = [...BACKENDS];
  expect(loadWith([], folder.path, names)).toEqual(names.map(refused));
  const { scripts } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(names.map((name) => `backend:${name}`)));
});

test("as a dependency, a back end that is not installed is refused with the versions to install", () => {
  const folder = tempDir();
  onTestFinished(folder.remove);
  const names = ["tensorflow-gpu", "webgpu", "wasm"];
  const [gpu, webgpu, wasm] = loadWith([], join(folder.path, "node_modules/icrl"), names);
  const command = (...peers: string[]) =>
    `npm install ${["@tensorflow/tfjs", ...peers].map((name) => `${name}@${peerDependencies[name]}`).join(" ")}`;
  expect(gpu["message"]).toContain(command("@tensorflow/tfjs-node-gpu"));
  expect(webgpu["message"]).toContain(command("webgpu", "@tensorflow/tfjs-backend-webgpu"));
  expect(wasm["message"]).toContain(command("@tensorflow/tfjs-backend-wasm"));
});

test("without a single tensor library the engine learns, and what it does not compute is refused with the commands", () => {
  const folder = tempDir();
  onTestFinished(folder.remove);
  const [auto, wasm] = loadWith([], folder.path, ["auto", "wasm"], "learnerBackend(name, { width: 32 })");
  expect(auto).toMatchObject({ name: "engine" });
  expect(wasm).toMatchObject({ message: "back end wasm: not installed: npm run backend:wasm" });
  const [odd] = loadWith([], folder.path, ["auto"], "learnerBackend(name, { width: 12 })");
  expect(odd).toMatchObject({
    reason: "BACKEND_UNAVAILABLE",
    message: expect.stringContaining(
      "wasm: not installed: npm run backend:wasm; cpu: not installed: npm run backend:cpu",
    ),
  });
});

test("of TensorFlow.js alone auto takes WebAssembly, says why not the better ones, and prints nothing", () => {
  const folder = tempDir();
  onTestFinished(folder.remove);
  const [loaded] = loadWith(["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"], folder.path, ["auto"]);
  expect(loaded).toMatchObject({ name: "wasm", description: expect.stringContaining("WebAssembly") });
  expect(loaded["skipped"]).toEqual(
    ["tensorflow-gpu", "tensorflow", "webgpu"].map((name) => ({ name, why: `not installed: npm run backend:${name}` })),
  );
});

test("auto says which it took, passed over all better ones, and makes it the one in use", async () => {
  const { name, description, skipped } = await loadBackend("auto");
  expect(skipped.map((one) => one.name)).toEqual(BACKENDS.slice(0, BACKENDS.indexOf(name)));
  for (const { why } of skipped) expect(why).not.toBe("");
  expect(description).not.toBe("");
  expect(tf.getBackend()).toBe(name === "tensorflow-gpu" ? "tensorflow" : name);
});

test("starting WebAssembly leaves the process's handling of uncaught errors alone", async () => {
  const handlers = () => [...process.listeners("uncaughtException"), ...process.listeners("unhandledRejection")];
  const before = handlers();
  await loadBackend("wasm");
  expect(handlers()).toEqual(before);
});
