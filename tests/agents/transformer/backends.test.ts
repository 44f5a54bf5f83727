import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { expect, onTestFinished, test } from "vitest";
import { BACKENDS, loadBackend } from "#icrl/agents/transformer/backends.js";
import { tempDir } from "../../support/temp-dir.js";

const project = join(import.meta.dirname, "../../..");
const { peerDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));

/**
 * What a process prints that imports the back ends from a copy of this package in `folder`, where no optional peer is installed:
 * for each name what was loaded, or the error's reason and text.
 */
function loadWithoutPeers(folder: string, names: readonly string[]): Record<string, unknown>[] {
  for (const path of ["package.json", "dist/agents/transformer", "dist/common"]) {
    cpSync(join(project, path), join(folder, path), { recursive: true });
  }
  for (const name of ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(project, "node_modules", name), link, "junction");
  }
  const program = `
    const { loadBackend } = await import(${JSON.stringify(join(folder, "dist/agents/transformer/backends.js"))});
    const outcomes = [];
    for (const name of ${JSON.stringify(names)}) {
      outcomes.push(await loadBackend(name).catch(({ reason, message }) => ({ reason, message })));
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
  const names = ["tensorflow-gpu", "tensorflow", "webgpu"];
  expect(loadWithoutPeers(folder.path, names)).toEqual(names.map(refused));
  const { scripts } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(names.map((name) => `backend:${name}`)));
});

test("as a dependency, a back end that is not installed is refused with the versions to install", () => {
  const folder = tempDir();
  onTestFinished(folder.remove);
  const [webgpu, tensorflow] = loadWithoutPeers(join(folder.path, "node_modules/icrl"), ["webgpu", "tensorflow"]);
  const pinned = (...names: string[]) => names.map((name) => `${name}@${peerDependencies[name]}`).join(" ");
  expect(webgpu["message"]).toContain(`npm install ${pinned("webgpu", "@tensorflow/tfjs-backend-webgpu")}`);
  expect(tensorflow["message"]).toContain(`npm install ${pinned("@tensorflow/tfjs-node")}`);
});

test("without optional peers auto takes WebAssembly, says why not the better ones, and prints nothing", () => {
  const folder = tempDir();
  onTestFinished(folder.remove);
  const [loaded] = loadWithoutPeers(folder.path, ["auto"]);
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
