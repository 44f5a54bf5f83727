import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { BACKENDS, type BackendName } from "#icrl/agents/transformer/backends.js";
import { canUseBackend } from "../../requirements.js";

/** The losses of the small training on a back end, in a process that ends by itself and in peace. */
function lossesOn(name: BackendName): number[] {
  const script = join(import.meta.dirname, "small-training.mjs");
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, name, "20"], { encoding: "utf8" });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout).losses;
}

describe("a small training", () => {
  let reference: number[];
  beforeAll(() => {
    reference = lossesOn("cpu");
  });

  test("learns", () => {
    // Where nothing is learned the loss stays above .5; twenty steps of plain JavaScript brought it from .83 to .12.
    expect(reference[0]).toBeGreaterThan(0.7);
    expect(reference[19]).toBeLessThan(0.2);
  });

  for (const name of BACKENDS.filter((one) => one !== "cpu")) {
    const usable = canUseBackend(name);
    test(`has the same losses on ${name} as in plain JavaScript, to 1e-3 over 20 steps`, ({ skip }) => {
      if (!usable) skip();
      const losses = lossesOn(name);
      expect(losses).toHaveLength(20);
      for (const [step, loss] of losses.entries()) expect(Math.abs(loss - reference[step])).toBeLessThan(1e-3);
    });
  }
});

test.skipIf(!canUseBackend("webgpu"))("WebGPU that is asked for again survives the garbage collector", () => {
  // Dawn ends with the object that created it: one for each load ended under the device of the first.
  const program = `
    const { loadBackend } = await import("#icrl/agents/transformer/backends.js");
    for (let i = 0; i < 3; i += 1) {
      await loadBackend("webgpu");
      for (let j = 0; j < 3; j += 1) {
        gc();
        await new Promise(setImmediate);
      }
    }
    console.log("alive");
  `;
  const args = ["--expose-gc", "--input-type=module", "--eval", program];
  const cwd = join(import.meta.dirname, "../../..");
  const { stdout } = spawnSync(process.execPath, args, {
    cwd,
    encoding: "utf8",
    timeout: 120_000,
    killSignal: "SIGKILL",
  });
  expect(stdout).toBe("alive\n");
});
