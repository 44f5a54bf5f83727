import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Checkpoint,
  checkpointFolder,
  findCheckpoint,
  readCheckpoint,
  readTrainState,
  type TrainState,
  writeCheckpoint,
} from "#icrl/agents/transformer/checkpoint.js";
import { modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { POSITIONS } from "#icrl/agents/transformer/positions.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "#icrl/agents/transformer/safetensors.js";
import type { TokenConfig } from "#icrl/agents/transformer/token-layout.js";
import type { IcrlError } from "#icrl/common/errors.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { toSnakeCase } from "#icrl/common/snake-case.js";
import { wildParameters } from "../../support/naive-transformer.js";
import { tempDir } from "../../support/temp-dir.js";

const tokens: TokenConfig = {
  layout: "lin2023",
  maxActions: 3,
  numStates: 2,
  dim: 0,
  horizon: 5,
  rewardMean: 0.25,
  rewardStd: 0.5,
};
const model = modelConfig(modelOptions({ layers: 1, width: 4, heads: 2, ff_ratio: 1, attention: "relu" }), tokens, 12);
const checkpointAt = (step: number): Checkpoint => ({
  model,
  tokens,
  parameters: wildParameters(model, rngFromSeed(BigInt(step))),
  training: {
    objective: "ad",
    step,
    tokens: 100 * step,
    data: { name: "set", id: "1", sha256: "0".repeat(64) },
    tasks: [{ id: "t", task: "bernoulli-bandit", options: { arms: 3 } }],
    icrlVersion: "0.1.0",
    backend: "cpu",
  },
});
const trainState = (seed: bigint): TrainState => ({
  firstMoments: wildParameters(model, rngFromSeed(seed)),
  secondMoments: wildParameters(model, rngFromSeed(seed + 1n)),
  state: { position: { epoch: 2 }, seeds: ["18446744073709551615"] },
});

let temp: ReturnType<typeof tempDir>;
let dir: string;
beforeEach(() => {
  temp = tempDir();
  dir = join(temp.path, "model");
});
afterEach(() => temp.remove());

function failure(read: () => unknown): { reason: string; message: string } {
  try {
    read();
  } catch (error) {
    const { reason, message } = error as IcrlError;
    return { reason, message };
  }
  throw new Error("it was read");
}

/** Changes config.json, or one of its parts. */
function editConfig(edit: (config: Record<string, unknown>, model: Record<string, unknown>) => void): void {
  const path = join(dir, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  edit(config, config["model"] as Record<string, unknown>);
  writeFileSync(path, JSON.stringify(config));
}

function editTensors(edit: (tensors: Map<string, NamedTensor>) => void, name = "model.safetensors"): void {
  const path = join(dir, name);
  const { tensors } = decodeSafetensors(readFileSync(path));
  edit(tensors);
  writeFileSync(path, encodeSafetensors(tensors));
}

describe("a checkpoint", () => {
  it.each(POSITIONS)("is read as it was written with positions %s", (positions) => {
    const options = modelOptions({ layers: 1, width: 4, heads: 2, positions, window: 3 });
    const other = modelConfig(options, tokens, 12);
    const checkpoint = { ...checkpointAt(1), model: other, parameters: wildParameters(other, rngFromSeed(1n)) };
    writeCheckpoint(dir, checkpoint);
    expect(readCheckpoint(dir)).toEqual(checkpoint);
  });

  it("is read as it was written, and names its format", () => {
    writeCheckpoint(dir, checkpointAt(3));
    expect(readCheckpoint(dir)).toEqual(checkpointAt(3));
    expect(readTrainState(dir)).toBeUndefined();
    expect(readdirSync(dir).sort()).toEqual(["config.json", "model.safetensors"]);
    expect(decodeSafetensors(readFileSync(join(dir, "model.safetensors"))).metadata).toEqual({
      format: "icrl-transformer",
    });
  });

  it("keeps what training needs to go on", () => {
    writeCheckpoint(dir, checkpointAt(3), trainState(5n));
    expect(readTrainState(dir)).toEqual(trainState(5n));
    expect(readCheckpoint(dir)).toEqual(checkpointAt(3));
  });

  it("takes the place of an older one, in whole", () => {
    writeCheckpoint(dir, checkpointAt(1), trainState(5n));
    writeCheckpoint(dir, checkpointAt(2));
    expect(readCheckpoint(dir).training.step).toBe(2);
    expect(readTrainState(dir)).toBeUndefined();
    expect(readdirSync(temp.path)).toEqual(["model"]);
  });

  it("leaves the older one as it was where it cannot be written", () => {
    writeCheckpoint(dir, checkpointAt(1));
    const parameters = checkpointAt(2).parameters;
    parameters.delete("head.bias");
    expect(failure(() => writeCheckpoint(dir, { ...checkpointAt(2), parameters })).message).toContain("head.bias");
    expect(readCheckpoint(dir)).toEqual(checkpointAt(1));
  });

  it("is written over what a process that was killed left behind", () => {
    mkdirSync(`${dir}.tmp`);
    writeFileSync(join(`${dir}.tmp`, "junk"), "");
    writeCheckpoint(dir, checkpointAt(1));
    expect(readdirSync(dir).sort()).toEqual(["config.json", "model.safetensors"]);
  });

  it("is the latest whole one where a training's folder is given", () => {
    for (const step of [900, 1_000, 100_000_000])
      writeCheckpoint(checkpointFolder(temp.path, step), checkpointAt(step));
    expect(readdirSync(join(temp.path, "checkpoints"))).toContain("step-00000900");
    expect(readCheckpoint(temp.path).training.step).toBe(100_000_000); // by number, not by name
    mkdirSync(join(temp.path, "checkpoints/step-200000000.tmp"));
    writeFileSync(join(temp.path, "checkpoints/step-200000000.tmp/config.json"), "{");
    mkdirSync(join(temp.path, "checkpoints/step-300000000"));
    expect(findCheckpoint(temp.path)).toBe(checkpointFolder(temp.path, 100_000_000));
  });

  it("is not found where there is none", () => {
    for (const where of [dir, temp.path]) {
      const { reason, message } = failure(() => readCheckpoint(where));
      expect(reason).toBe("CHECKPOINT_NOT_FOUND");
      expect(message).toContain(where);
    }
    mkdirSync(join(temp.path, "checkpoints"));
    expect(failure(() => readCheckpoint(temp.path)).reason).toBe("CHECKPOINT_NOT_FOUND");
  });

  it("of a later format is told from a damaged one", () => {
    writeCheckpoint(dir, checkpointAt(1));
    editConfig((config) => {
      config["format_version"] = 2;
      config["tokens"] = "otherwise";
    });
    expect(failure(() => readCheckpoint(dir))).toEqual({
      reason: "CHECKPOINT_TOO_NEW",
      message: expect.stringMatching(/format_version 2.*reads up to 1/),
    });
  });
});

describe("a damaged checkpoint is refused, with what is wrong:", () => {
  beforeEach(() => writeCheckpoint(dir, checkpointAt(1), trainState(1n)));

  const refusal = (): string => {
    const { reason, message } = failure(() => readCheckpoint(dir));
    expect(reason).toBe("CHECKPOINT_CORRUPT");
    return message;
  };

  it("without parameters", () => {
    rmSync(join(dir, "model.safetensors"));
    expect(refusal()).toContain("has no model.safetensors");
  });

  it("parameters that lack one, and have one too many", () => {
    editTensors((tensors) => {
      tensors.set("layers.1.norm1.bias", tensors.get("head.bias") as NamedTensor);
      tensors.delete("head.bias");
    });
    expect(refusal()).toMatch(/it lacks head\.bias; it has layers\.1\.norm1\.bias, which the model/);
  });

  it("a parameter of another shape", () => {
    editTensors((tensors) => tensors.set("head.bias", { shape: [1, 3], data: new Float32Array(3) }));
    expect(refusal()).toContain("head.bias is [1, 3], the model of its config.json has [3]");
  });

  it("a parameter that is no number", () => {
    editTensors((tensors) => tensors.set("head.bias", { shape: [3], data: Float32Array.of(1, Number.NaN, 1) }));
    expect(refusal()).toContain('"head.bias" has values that are not finite');
  });

  it("a config of another kind, of no JSON, of no model", () => {
    editConfig((config) => (config["format"] = "gpt"));
    expect(refusal()).toContain('format is not "icrl-transformer"');
    for (const text of ["", "null", "3", "{"]) {
      writeFileSync(join(dir, "config.json"), text);
      refusal();
    }
  });

  it.each<[what: string, message: RegExp, edit: Parameters<typeof editConfig>[0]]>([
    ["no model", /model is missing, expected an object of options/, (config) => delete config["model"]],
    ["no tokens", /tokens/, (config) => delete config["tokens"]],
    ["a reward scale of 0", /tokens/, (config) => (config["tokens"] = { ...toSnakeCase(tokens), reward_std: 0 })],
    ["an option that is missing", /window is undefined, and should be 0/, (_, model) => delete model["window"]],
    ["an option out of range", /"layers" of the model is 0/, (_, model) => (model["layers"] = 0)],
    ["an option that there is not", /no option "depth"/, (_, model) => (model["depth"] = 1)],
    // By hand: 2 states, 2 more of the situation, 3 actions, 4 more of the outcome.
    [
      "sizes that are not those of the tokens",
      /token_size is 9, and should be 11/,
      (_, model) => (model["token_size"] = 9),
    ],
  ])("a config with %s", (_, message, edit) => {
    editConfig(edit);
    expect(refusal()).toMatch(message);
  });

  it("rotary positions whose heads have an odd width, and positions that are none", () => {
    const turning = modelConfig(modelOptions({ layers: 1, width: 4, heads: 2, positions: "rotary" }), tokens, 12);
    const parameters = wildParameters(turning, rngFromSeed(1n));
    writeCheckpoint(dir, { ...checkpointAt(1), model: turning, parameters });
    expect(readCheckpoint(dir).model).toEqual(turning);
    // Its tensors are those of four heads, too.
    editConfig((_, stored) => Object.assign(stored, { heads: 4 }));
    const { reason, message } = failure(() => readCheckpoint(dir));
    expect(reason).toBe("CHECKPOINT_CORRUPT");
    expect(message).toContain("heads have 1 columns of its width 4, and positions rotary turn pairs of them");
    editConfig((_, stored) => Object.assign(stored, { heads: 2, positions: "constructor" }));
    expect(failure(() => readCheckpoint(dir)).reason).toBe("CHECKPOINT_CORRUPT");
  });

  it("an optimizer's state of another model, or without its rest", () => {
    editTensors((tensors) => tensors.delete("v.head.bias"), "optimizer.safetensors");
    expect(failure(() => readTrainState(dir)).message).toContain("it lacks v.head.bias");
    writeCheckpoint(dir, checkpointAt(1), trainState(1n));
    rmSync(join(dir, "train-state.json"));
    expect(failure(() => readTrainState(dir)).message).toContain("has no train-state.json");
    expect(existsSync(dir)).toBe(true);
  });
});
