/**
 * Learning by the engine: forward and backward pass of this one family of models, written out in WebAssembly's vector instructions
 * (assembly/), sequences shared out among threads.
 *
 * Results do not depend on the number of threads: a batch is cut into chunks whatever the threads, each has a gradient of its own, and
 * these are added up in their order. They do on the machine, in the last bits: where it multiplies and adds at once, it rounds once.
 */
import { availableParallelism } from "node:os";
import { IcrlError } from "../../../common/errors.js";
import type { AdamW, Learner, LearnerState, LearningBatch } from "../learner.js";
import type { ModelConfig } from "../model-config.js";
import { tables } from "./assembly/prelude.js";
import { availableSimd } from "./available-simd.js";
import { compileModule, MOST_PAGES } from "./compile-module.js";
import { instantiate } from "./instance.js";
import type { Kernels } from "./kernels.js";
import { type BatchPlan, batchPlan, COUNTER_AT, type MemoryPlan, memoryPlan } from "./memory-plan.js";
import { type ParameterLayout, parameterLayout, readSlot, writeSlot } from "./parameter-layout.js";
import { rotationTable } from "./rotation-table.js";
import { engineShape } from "./shape.js";
import { startThreads } from "./threads.js";
import type { Command, Reply } from "./worker.js";

/** How it computes. */
export interface EngineOptions {
  /** As many as the machine runs at once, if absent. */
  readonly threads?: number;
  /** `plain`: without the instructions that multiply and add at once, also where there are some. */
  readonly simd?: "plain";
  /** Whether the time of each kernel is taken, which costs some. */
  readonly profile?: boolean;
}

/** A learner that can say where its time went. */
export interface EngineLearner extends Learner {
  /** Milliseconds in each kernel so far, all threads together; empty without `profile`. */
  times(): Promise<Record<string, number>>;
}

const PAGE = 65_536;

/**
 * A learner that begins at a state.
 *
 * @throws BACKEND_UNAVAILABLE if the width is not a multiple of 8, or 4 GiB are too little
 */
export async function createEngineLearner(
  config: ModelConfig,
  optimizer: AdamW,
  start: LearnerState,
  options: EngineOptions = {},
): Promise<EngineLearner> {
  const shape = engineShape(config);
  const { threads: count = availableParallelism(), profile = false } = options;
  const available = availableSimd();
  const simd = options.simd === "plain" ? "plain" : available;
  const layout = parameterLayout(config, shape);
  const plan = memoryPlan(config, shape, layout, count);
  const module = await compileModule(shape, simd);
  const memory = new WebAssembly.Memory({ initial: pagesOf(plan.end), maximum: MOST_PAGES, shared: true });
  const kernels = instantiate(module, memory);
  const table = tables(shape.scale);
  new Uint8Array(memory.buffer).set(table.bytes, table.at);
  const turns = rotationTable(shape);
  new Float32Array(memory.buffer, plan.rotation, turns.length).set(turns);
  const vector = (at: number) => new Float32Array(memory.buffer, at, layout.size);
  for (const slot of layout.slots) {
    for (const [at, values] of [
      [plan.parameters, start.parameters],
      [plan.firstMoments, start.firstMoments],
      [plan.secondMoments, start.secondMoments],
    ] as const) {
      const given = values.get(slot.name);
      if (given !== undefined) writeSlot(vector(at), slot, given);
    }
  }
  pack();
  const threads = startThreads({ config, module, memory, threads: count, profile });
  let { updates } = start;

  /** Lays the weights out as the products read them. */
  function pack(): void {
    for (const { slot, out, in: back } of plan.packed.values()) {
      const from = plan.parameters + 4 * slot.offset;
      kernels.packOut(from, out, slot.rows, slot.columns);
      if (back !== undefined) kernels.packIn(from, back, slot.rows, slot.columns);
    }
  }

  /** Writes a batch into the memory, which grows if it must. */
  function enter(batch: LearningBatch): BatchPlan {
    if (batch.length > config.context) {
      throw new RangeError(`${batch.length} tokens are more than the model's context, ${config.context}`);
    }
    if (config.numbers !== undefined && batch.numbers === undefined)
      throw new RangeError("the head's numbers have no targets");
    const place = batchPlan(batch, layout, plan.end);
    const missing = pagesOf(place.end) - memory.buffer.byteLength / PAGE;
    if (missing > 0) memory.grow(missing);
    const put = (at: number, values: Float32Array | undefined): void => {
      if (values !== undefined) new Float32Array(memory.buffer, at, values.length).set(values);
    };
    put(place.tokens, batch.tokens);
    put(place.targets, batch.targets);
    put(place.weights, batch.weights);
    put(place.numberTargets, batch.numbers?.targets);
    put(place.numberWeights, batch.numbers?.weights);
    put(place.arms, batch.arms);
    new Int32Array(memory.buffer, place.numActions, batch.numActions.length).set(batch.numActions);
    return place;
  }

  /** Sums of all chunks, in their order. */
  async function takeChunks(command: Command) {
    Atomics.store(new Int32Array(memory.buffer, COUNTER_AT, 1), 0, 0);
    const replies = await threads.run(command);
    const sums = { loss: 0, agreed: 0, squared: 0 };
    for (const { loss, agreed, squared } of replies.flatMap(({ losses }) => losses).sort((a, b) => a.chunk - b.chunk)) {
      sums.loss += loss;
      sums.agreed += agreed;
      sums.squared += squared;
    }
    return sums;
  }

  return {
    async accumulate(batch, dropoutSeed) {
      const place = enter(batch);
      const { loss } = await takeChunks({ kind: "learn", batch: place, dropoutSeed });
      await threads.run({ kind: "reduce", batch: place });
      return loss;
    },

    async update(learningRate, decisions) {
      updates += 1;
      const norm = adamWStep(kernels, plan, layout, optimizer, { updates, learningRate, decisions });
      pack();
      return norm;
    },

    evaluate: (batch) => takeChunks({ kind: "evaluate", batch: enter(batch) }),

    async state() {
      const copy = (at: number) => new Map(layout.slots.map((slot) => [slot.name, readSlot(vector(at), slot)]));
      return {
        parameters: copy(plan.parameters),
        firstMoments: copy(plan.firstMoments),
        secondMoments: copy(plan.secondMoments),
        updates,
      };
    },

    async times() {
      const replies: Reply[] = await threads.run({ kind: "profile" });
      const sums: Record<string, number> = {};
      for (const { times } of replies) {
        for (const [name, ms] of Object.entries(times)) sums[name] = (sums[name] ?? 0) + ms;
      }
      return sums;
    },

    close: () => threads.close(),
  };
}

/**
 * AdamW's step over all parameters, from gradients that are sums over `decisions`.
 *
 * @param at `updates` is counted with this one, from 1
 * @returns the gradient's norm before it is clipped
 */
function adamWStep(
  kernels: Kernels,
  plan: MemoryPlan,
  layout: ParameterLayout,
  { beta1, beta2, epsilon, weightDecay, clip }: AdamW,
  at: { readonly updates: number; readonly learningRate: number; readonly decisions: number },
): number {
  const { updates, learningRate, decisions } = at;
  const squares = layout.slots.map(({ offset, size }) => kernels.squares(plan.gradients + 4 * offset, size));
  const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0)) / decisions;
  const scale = (clip > 0 && norm > clip ? clip / norm : 1) / decisions;
  // Both corrections for the moments' start at 0, as factors of the step and of the root.
  const rate = learningRate / (1 - beta1 ** updates);
  const correction = 1 / Math.sqrt(1 - beta2 ** updates);
  for (const { offset, size, decays } of layout.slots) {
    const kept = decays ? 1 - learningRate * weightDecay : 1;
    kernels.adamw(
      ...[plan.parameters + 4 * offset, plan.firstMoments + 4 * offset, plan.secondMoments + 4 * offset],
      ...[plan.gradients + 4 * offset, size, scale],
      ...[beta1, 1 - beta1, beta2, 1 - beta2, kept, rate, correction, epsilon],
    );
  }
  return norm;
}

function pagesOf(bytes: number): number {
  const pages = Math.ceil(bytes / PAGE);
  if (pages <= MOST_PAGES) return pages;
  const why = `has ${MOST_PAGES / 2 ** 14} GiB of memory, which this model needs ${(bytes / 2 ** 30).toFixed(1)} of: give a smaller batch or fewer threads, or the back end tensorflow`;
  throw new IcrlError("BACKEND_UNAVAILABLE", `back end engine ${why}`, { backend: "engine", why });
}
