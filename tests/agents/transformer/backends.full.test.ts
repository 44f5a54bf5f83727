import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { BACKENDS, type BackendName } from "#icrl/agents/transformer/backends.js";
import { canUseBackend, hasNvidiaGpu } from "../../requirements.js";

/** The losses of the small training on a back end, in a process that ends by itself and in peace. */
function lossesOn(name: BackendName): number[] {
  const script = join(import.meta.dirname, "small-training.mjs");
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, name, "20"], { encoding: "utf8" });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("a small training", () => {
  let reference: number[];
  beforeAll(() => {
    reference = lossesOn("cpu");
  });

  test("learns, with either kind of attention", () => {
    // Three actions, so about ln 3 = 1.10 at first; plain JavaScript brought it from 1.13 to .60 with both.
    for (const [first, last] of [
      [0, 19],
      [20, 39],
    ]) {
      expect(reference[first]).toBeGreaterThan(1);
      expect(reference[last]).toBeLessThan(0.7);
    }
  });

  for (const name of BACKENDS.filter((one) => one !== "cpu" && (one !== "tensorflow-gpu" || hasNvidiaGpu()))) {
    const usable = canUseBackend(name);
    test(`has the same losses on ${name} as in plain JavaScript, to 1e-3 over 20 updates`, ({ skip }) => {
      if (!usable) skip();
      const losses = lossesOn(name);
      expect(losses).toHaveLength(40); // twenty updates of each of two models
      for (const [step, loss] of losses.entries()) expect(Math.abs(loss - reference[step])).toBeLessThan(1e-3);
    });
  }
});

describe.skipIf(!canUseBackend("webgpu"))("WebGPU", () => {
  /** What a program prints, and how its process ended. */
  function run(program: string): { stdout: string; stderr: string; status: number | null } {
    const args = ["--expose-gc", "--input-type=module", "--eval", program];
    const cwd = join(import.meta.dirname, "../../..");
    return spawnSync(process.execPath, args, { cwd, encoding: "utf8", timeout: 120_000, killSignal: "SIGKILL" });
  }

  test("that is asked for again survives the garbage collector", () => {
    // Dawn ends with the object that created it: one for each load ended under the device of the first.
    const { stdout } = run(`
      const { loadBackend } = await import("#icrl/agents/transformer/backends.js");
      for (let i = 0; i < 3; i += 1) {
        await loadBackend("webgpu");
        for (let j = 0; j < 3; j += 1) {
          gc();
          await new Promise(setImmediate);
        }
      }
      console.log("alive");
    `);
    expect(stdout).toBe("alive\n");
  });

  test("ends the process when the GPU refuses a shader, which would leave a wrong result", () => {
    // addN binds a buffer for each of its terms, and a shader has eight: a training clipped its gradients by such a norm.
    const { status, stderr } = run(`
      const { loadBackend } = await import("#icrl/agents/transformer/backends.js");
      const tf = await import("@tensorflow/tfjs");
      await loadBackend("webgpu");
      const terms = Array.from({ length: 20 }, () => tf.ones([300, 300]).add(1));
      await tf.addN(terms).data();
    `);
    expect(status).toBe(1);
    expect(stderr).toContain("storage buffers");
  });
});
