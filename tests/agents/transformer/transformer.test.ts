import { cpSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkpointFolder, writeCheckpoint } from "#icrl/agents/transformer/checkpoint.js";
import { loadModel } from "#icrl/agents/transformer/loaded-model.js";
import { type ModelConfig, modelConfig, modelOptions } from "#icrl/agents/transformer/model-config.js";
import { type TokenConfig, writeOutcome, writeSituation } from "#icrl/agents/transformer/token-layout.js";
import { transformer } from "#icrl/agents/transformer/transformer.js";
import type { Arms, Outcome, Policy, Trial } from "#icrl/clients/typescript/define-agent.js";
import type { IcrlError } from "#icrl/common/errors.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createPolicy } from "../../support/create-policy.js";
import { naiveLogits, wildParameters } from "../../support/naive-transformer.js";
import { tempDir } from "../../support/temp-dir.js";

const temp = tempDir();
afterAll(() => temp.remove());

const TOKENS: TokenConfig = {
  layout: "step",
  maxActions: 4,
  numStates: 3,
  dim: 2,
  horizon: 3,
  rewardMean: 0.5,
  rewardStd: 2,
};
const CONTEXT = 12;

let written = 0;

/** A model with random weights, on disk. */
function madeUp(
  options: Record<string, unknown> = {},
  tokens: TokenConfig = TOKENS,
  seed = 8n,
): { checkpoint: string; model: ModelConfig; parameters: Map<string, Float32Array> } {
  const model = modelConfig(modelOptions({ layers: 2, width: 8, heads: 2, ...options }), tokens, CONTEXT);
  const parameters = wildParameters(model, rngFromSeed(seed));
  written += 1;
  const checkpoint = join(temp.path, `model-${written}`);
  const training = { objective: "none", step: 0, tokens: 0, data: null, tasks: [], icrlVersion: "0", backend: "none" };
  writeCheckpoint(checkpoint, { model, tokens, parameters, training });
  return { checkpoint, model, parameters };
}

const ARMS: Arms = { data: Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), rows: 3, cols: 2 };
const ARM_ROWS = [
  [0.1, 0.2],
  [0.3, 0.4],
  [0.5, 0.6],
].map((row) => row.map(Math.fround));
/** An arm's logit of the weights that score two features: w . x + W11 x1^2 + W12 x1 x2 + W22 x2^2. */
const arm = ([w1, w2, w11, w12, w22]: readonly number[], [x1, x2]: readonly number[]) =>
  w1 * x1 + w2 * x2 + w11 * x1 * x1 + w12 * x1 * x2 + w22 * x2 * x2;
/** A made-up task of 3 actions and 4 episodes of 3 steps. */
const TRIAL: Trial = {
  task: "made-up",
  taskOptions: {},
  kinds: [],
  numActions: 3,
  numStates: 2,
  dim: 2,
  arms: ARMS,
  horizon: 3,
  episodes: 4,
  reward: { kind: "gaussian", min: undefined, max: undefined, noiseStd: undefined },
};

/** A past in which the actions are not those that the policy would choose. */
const PAST: readonly Outcome[] = Array.from({ length: 12 }, (_, t) => ({
  episode: Math.floor(t / 3),
  step: t % 3,
  state: t % 2,
  arms: ARMS,
  action: (t * t) % 3,
  reward: Math.fround(Math.sin(t)),
  nextState: (t + 1) % 2,
  terminated: t % 3 === 2,
  truncated: false,
}));

/** The tokens that a trial's decisions are read at, and those between, as the layout's description has them. */
function tokensOf(tokens: TokenConfig, size: number): Float32Array[] {
  return PAST.flatMap((outcome, t) => {
    const token = new Float32Array(size);
    writeSituation(token, 0, tokens, { arms: ARMS.data, state: outcome.state, step: outcome.step });
    if (tokens.layout !== "lin2023") {
      if (t > 0) writeOutcome(token, 0, tokens, { ...PAST[t - 1], arms: ARMS.data });
      return [token];
    }
    const after = new Float32Array(size);
    writeOutcome(after, 0, tokens, { ...outcome, arms: ARMS.data });
    return [token, after];
  });
}

const softmax = (logits: readonly number[], temperature = 1): number[] => {
  const weights = logits.map((logit) => Math.exp(logit / temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
};

/** Laws of all decisions of the past, each asked before the choice, and each compared with its propensity. */
function lawsOf(policy: Policy): number[][] {
  return PAST.map((outcome) => {
    const law = new Float64Array(3);
    policy.probabilities?.(outcome, law);
    const choice = policy.act(outcome);
    expect(policy.propensity).toBe(law[choice]);
    policy.observe?.(outcome);
    return Array.from(law);
  });
}

const policyOf = (options: Record<string, unknown>, trial = TRIAL, seed = 1n): Policy =>
  createPolicy(transformer, trial, options, seed);

function refusal(options: Record<string, unknown>, trial: Partial<Trial> = {}): { reason: string; message: string } {
  try {
    policyOf(options, { ...TRIAL, ...trial });
  } catch (error) {
    const { reason, message } = error as IcrlError;
    return { reason, message };
  }
  throw new Error("it plays");
}

const closeTo = (laws: readonly number[][]) => laws.map((law) => law.map((p) => expect.closeTo(p, 6) as number));

describe("the law of its choice", () => {
  it.each([
    ["step", "pre"],
    ["lin2023", "post"],
    ["chosen-arm", "pre"],
    ["transition", "pre"],
  ] as const)(
    "is the softmax of what the whole past gives, executed actions in it, over the task's actions: %s",
    (layout, norm) => {
      const tokens = { ...TOKENS, layout };
      const { checkpoint, model, parameters } = madeUp({ norm, positions: "alibi", window: 24 }, tokens);
      const logits = naiveLogits(model, parameters, tokensOf(tokens, model.tokenSize));
      const atDecisions = logits
        .filter((_, i) => i % model.stride === 0)
        .map((row) => (layout === "chosen-arm" ? ARM_ROWS.map((x) => arm(row, x)) : row.slice(0, 3)));
      expect(lawsOf(policyOf({ checkpoint }))).toEqual(closeTo(atDecisions.map((row) => softmax(row))));
      expect(lawsOf(policyOf({ checkpoint, temperature: 0.5 }))).toEqual(
        closeTo(atDecisions.map((row) => softmax(row, 0.5))),
      );
    },
  );

  it("does not depend on the arms' places, and takes more of them than in training, where arms are scored", () => {
    const tokens: TokenConfig = { ...TOKENS, layout: "chosen-arm", numStates: 1 };
    const { checkpoint } = madeUp({}, tokens);
    const five: Arms = { data: Float32Array.of(0.5, 0.6, 0.1, 0.2, 7, 8, 0.3, 0.4, -1, 1), rows: 5, cols: 2 };
    const more = { ...TRIAL, numActions: 5, numStates: 1, arms: five };
    const three = policyOf({ checkpoint }, { ...TRIAL, numStates: 1 });
    const policy = policyOf({ checkpoint }, more);
    const places = [1, 3, 0]; // of the three arms among the five
    for (const outcome of PAST) {
      const [law, all] = [new Float64Array(3), new Float64Array(5)];
      const turn = { ...outcome, state: 0 };
      three.probabilities?.(turn, law);
      policy.probabilities?.({ ...turn, arms: five }, all);
      const share = places.reduce((sum, place) => sum + all[place], 0);
      for (const [a, place] of places.entries()) expect(all[place] / share).toBeCloseTo(law[a], 6);
      three.observe?.(turn);
      policy.observe?.({ ...turn, arms: five, action: places[outcome.action] });
    }
  });

  it("is sure of the largest logit where it plays that", () => {
    const { checkpoint, model, parameters } = madeUp({}, TOKENS, 4n);
    const best = naiveLogits(model, parameters, tokensOf(TOKENS, model.tokenSize)).map((row) => {
      const three = row.slice(0, 3);
      return three.indexOf(Math.max(...three));
    });
    const policy = policyOf({ checkpoint, choose: "argmax", temperature: 5 });
    expect(new Set(best).size).toBeGreaterThan(1);
    for (const [t, outcome] of PAST.entries()) {
      expect([policy.act(outcome), policy.propensity]).toEqual([best[t], 1]);
      policy.observe?.(outcome);
    }
  });

  it("is uniform over the largest logits where there are several", () => {
    const { checkpoint, model, parameters } = madeUp();
    for (const name of ["head.weight", "head.bias"]) parameters.get(name)?.fill(0);
    const training = {
      objective: "none",
      step: 0,
      tokens: 0,
      data: null,
      tasks: [],
      icrlVersion: "0",
      backend: "none",
    };
    writeCheckpoint(`${checkpoint}-flat`, { model, tokens: TOKENS, parameters, training });
    const policies = Array.from({ length: 60 }, (_, i) =>
      policyOf({ checkpoint: `${checkpoint}-flat`, choose: "argmax" }, TRIAL, BigInt(i)),
    );
    const choices = policies.map((policy) => policy.act(PAST[0]));
    expect(policies[0].propensity).toBeCloseTo(1 / 3, 12);
    expect(new Set(choices)).toEqual(new Set([0, 1, 2]));
  });

  it("depends on what was executed, not on what it chose", () => {
    const { checkpoint } = madeUp();
    const otherwise = PAST.map((outcome, t) => (t === 4 ? { ...outcome, action: (outcome.action + 1) % 3 } : outcome));
    const [one, other] = [PAST, otherwise].map((past) => {
      const policy = policyOf({ checkpoint });
      return past.map((outcome) => {
        const law = new Float64Array(3);
        policy.act(outcome);
        policy.probabilities?.(outcome, law); // also after the choice
        policy.observe?.(outcome);
        return Array.from(law);
      });
    });
    expect(other.slice(0, 5)).toEqual(one.slice(0, 5));
    for (const t of [5, 6, 7, 8, 9, 10, 11]) expect(other[t]).not.toEqual(one[t]);
  });

  it("forgets all but the last tokens where it may see no more", () => {
    const { checkpoint, model, parameters } = madeUp();
    const tokens = tokensOf(TOKENS, model.tokenSize);
    const expected = tokens.map((_, t) => {
      const seen = tokens.slice(Math.max(0, t - 3), t + 1);
      return softmax((naiveLogits(model, parameters, seen).at(-1) as number[]).slice(0, 3));
    });
    expect(lawsOf(policyOf({ checkpoint, context: 4 }))).toEqual(closeTo(expected));
    const longer = { ...TRIAL, episodes: 100 };
    expect(lawsOf(policyOf({ checkpoint, context: 4 }, longer))).toEqual(closeTo(expected));
  });
});

describe("the memory of its trials", () => {
  it("is given back at the last outcome of each", () => {
    const { checkpoint } = madeUp({ width: 64 });
    const { decoder } = loadModel(checkpoint);
    const play = () => {
      const policy = policyOf({ checkpoint });
      for (const outcome of PAST) {
        policy.act(outcome);
        policy.observe?.(outcome);
      }
    };
    play();
    const bytes = decoder.memoryBytes;
    for (let i = 0; i < 200; i += 1) play(); // 64 KiB of keys and values each
    expect(decoder.memoryBytes).toBe(bytes);
  });
});

describe("it is refused", () => {
  const { checkpoint } = madeUp();

  it("without a checkpoint, with what to do", () => {
    const { reason, message } = refusal({});
    expect(reason).toBe("OPTION_INVALID");
    expect(message).toContain("--option checkpoint=DIR");
  });

  it("where there is none", () => {
    expect(refusal({ checkpoint: join(temp.path, "nowhere") }).reason).toBe("CHECKPOINT_NOT_FOUND");
  });

  it.each<[what: string, trial: Partial<Trial>, message: RegExp]>([
    ["more actions", { numActions: 5 }, /5 actions.*at most 4/],
    ["more states", { numStates: 4 }, /4 states.*at most 3/],
    ["arms of other features", { dim: 3 }, /3 features.*for 2/],
    ["longer trials", { episodes: 5 }, /15 steps \(5 x 3\).*room for 12.*context=12/],
  ])("a task of %s than the model's", (_, trial, message) => {
    const found = refusal({ checkpoint }, trial);
    expect(found.reason).toBe("TASK_UNSUPPORTED");
    expect(found.message).toMatch(message);
  });

  it.each(["alibi", "alibi-flat", "rotary", "none"])(
    "a longer trial not, where the model has no learned positions and has a window: positions %s",
    (positions) => {
      const unbounded = madeUp({ positions, window: 5 }).checkpoint;
      policyOf({ checkpoint: unbounded }, { ...TRIAL, episodes: 1_000 });
      const alone = madeUp({ positions }).checkpoint;
      expect(refusal({ checkpoint: alone }, { episodes: 5 }).message).toContain("with a window and any positions but");
    },
  );

  it("the last step's outcome needs no room, so that two tokens a step leave room for half as many steps, rounded up", () => {
    const two = madeUp({}, { ...TOKENS, layout: "lin2023" }).checkpoint;
    policyOf({ checkpoint: two }, { ...TRIAL, episodes: 2 }); // 6 steps, 11 tokens
    expect(refusal({ checkpoint: two }, { episodes: 3 }).message).toMatch(/9 steps.*room for 6/);
  });

  it("a view of more tokens than the model was trained on", () => {
    const found = refusal({ checkpoint, context: 13 });
    expect(found.reason).toBe("OPTION_INVALID");
    expect(found.message).toContain("trained on 12 tokens");
  });
});

describe("a process", () => {
  it("reads a checkpoint once, and again when it was overwritten", () => {
    const { checkpoint } = madeUp();
    const first = loadModel(checkpoint);
    expect(loadModel(`${checkpoint}/../${checkpoint.split("/").at(-1)}`)).toBe(first);
    utimesSync(join(checkpoint, "config.json"), 1, 1);
    const second = loadModel(checkpoint);
    expect(second).not.toBe(first);
    expect(loadModel(checkpoint)).toBe(second);
  });

  it("stays with the checkpoint that it found though training goes on", () => {
    const { checkpoint } = madeUp();
    const out = join(temp.path, "training");
    cpSync(checkpoint, checkpointFolder(out, 1), { recursive: true });
    const first = loadModel(out);
    expect(first.folder).toBe(checkpointFolder(out, 1));
    cpSync(checkpoint, checkpointFolder(out, 2), { recursive: true });
    expect(loadModel(out)).toBe(first);
  });
});
