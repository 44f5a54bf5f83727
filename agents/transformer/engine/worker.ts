/** A thread of the engine: computes chunks of a batch in a workspace of its own. Started by threads.ts alone. */
import { parentPort, workerData } from "node:worker_threads";
import { armWeightGradient, scoreArms } from "../arm-scores.js";
import { actionOutputs, type ModelConfig } from "../model-config.js";
import { addCrossEntropy, type SequenceLoss, shareGradient } from "./cross-entropy.js";
import { instantiate, timed } from "./instance.js";
import { type BatchPlan, COUNTER_AT, memoryPlan } from "./memory-plan.js";
import { parameterLayout } from "./parameter-layout.js";
import { sequencePass } from "./sequence-pass.js";
import { engineShape } from "./shape.js";
import { addSquaredError, numberGradient } from "./squared-error.js";

/** What a thread is started with. */
export interface WorkerData {
  readonly config: ModelConfig;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly threads: number;
  readonly profile: boolean;
}

/** What a thread is told: to take chunks until there are no more, or to add up its share of their gradients. */
export type Command =
  | { readonly kind: "learn"; readonly batch: BatchPlan; readonly dropoutSeed: number }
  | { readonly kind: "evaluate"; readonly batch: BatchPlan }
  | { readonly kind: "reduce"; readonly batch: BatchPlan }
  | { readonly kind: "profile" };

/** Of the chunks that it took; of `profile`, milliseconds by kernel. */
export interface Reply {
  readonly losses: readonly (SequenceLoss & { readonly chunk: number })[];
  readonly times: Readonly<Record<string, number>>;
}

const { config, module, memory, thread, threads, profile } = workerData as WorkerData;
const shape = engineShape(config);
const layout = parameterLayout(config, shape);
const plan = memoryPlan(config, shape, layout, threads);
const work = plan.workspaces[thread];
const times: Record<string, number> = {};
const kernels = profile ? timed(instantiate(module, memory), times) : instantiate(module, memory);
const pass = sequencePass(config, shape, layout, plan, work, kernels);

/** Takes chunks, and computes their losses; in learning, their gradients. */
function takeChunks(batch: BatchPlan, dropoutSeed: number | undefined): Reply["losses"] {
  const { sequences, length, chunk, chunks } = batch;
  const counter = new Int32Array(memory.buffer, COUNTER_AT, 1);
  const floats = (at: number, n: number) => new Float32Array(memory.buffer, at, n);
  const numActions = new Int32Array(memory.buffer, batch.numActions, sequences);
  const { maxActions: actions, armDim: d, numbers = 0 } = config;
  const scores = d > 0;
  const count = Math.ceil(length / config.stride);
  const logits = floats(work.logits, count * shape.actions);
  const shares = floats(work.dlogits, Math.ceil(count / 4) * 4 * shape.actions);
  // Columns and rows beyond those of the outputs stay 0.
  const outputs = floats(work.outputs, count * shape.outputs);
  const doutputs = floats(work.doutputs, count * shape.outputs);
  const [largest, totals] = [floats(work.largest, count), floats(work.totals, count)];
  const losses: (SequenceLoss & { chunk: number })[] = [];
  for (;;) {
    const taken = Atomics.add(counter, 0, 1);
    if (taken >= chunks) return losses;
    const sums = { chunk: taken, loss: 0, agreed: 0, squared: 0 };
    const gradients = batch.chunkGradients + taken * batch.chunkBytes;
    if (dropoutSeed !== undefined) kernels.clear(gradients, layout.size);
    for (let i = taken * chunk; i < Math.min(sequences, (taken + 1) * chunk); i += 1) {
      const input = {
        tokens: batch.tokens + 4 * i * length * config.tokenSize,
        length,
        dropout: dropoutSeed === undefined ? undefined : { seed: dropoutSeed, sequence: i },
      };
      pass.forward(input);
      const arms = scores ? floats(batch.arms + 4 * i * count * actions * d, count * actions * d) : undefined;
      for (let t = 0; arms !== undefined && t < count; t += 1) {
        scoreArms(logits, t * shape.actions, actions, outputs, t * shape.outputs, arms, t * actions * d, d);
      }
      kernels.softmax(count, work.logits, work.dlogits, work.largest, work.totals, numActions[i]);
      const decisions = {
        count,
        actions,
        numActions: numActions[i],
        targets: floats(batch.targets + 4 * i * count * actions, count * actions),
        weights: floats(batch.weights + 4 * i * count, count),
        logits,
        shares,
        largest,
        totals,
        stride: shape.actions,
      };
      const given = {
        count,
        numbers,
        targets: floats(batch.numberTargets + 4 * i * count * numbers, count * numbers),
        weights: floats(batch.numberWeights + 4 * i * count * numbers, count * numbers),
        outputs,
        doutputs,
        stride: shape.outputs,
        column: actionOutputs(config),
      };
      addCrossEntropy(sums, decisions);
      addSquaredError(sums, given);
      if (dropoutSeed === undefined) continue;
      shareGradient(decisions);
      for (let t = 0; arms !== undefined && t < count; t += 1) {
        armWeightGradient(doutputs, t * shape.outputs, actions, shares, t * shape.actions, arms, t * actions * d, d);
      }
      numberGradient(given);
      pass.backward(input, gradients);
    }
    losses.push(sums);
  }
}

/** Adds this thread's share of the chunks' gradients, in their order, to the gradient. */
function reduce({ chunkGradients, chunkBytes, chunks }: BatchPlan): void {
  const blocks = layout.size / 8;
  const from = 8 * Math.floor((blocks * thread) / threads);
  const to = 8 * Math.floor((blocks * (thread + 1)) / threads);
  kernels.reduce(plan.gradients + 4 * from, chunkGradients + 4 * from, chunkBytes, chunks, to - from);
}

function obey(command: Command): Reply {
  switch (command.kind) {
    case "learn":
      return { losses: takeChunks(command.batch, command.dropoutSeed), times };
    case "evaluate":
      return { losses: takeChunks(command.batch, undefined), times };
    case "reduce":
      reduce(command.batch);
      return { losses: [], times };
    case "profile":
      return { losses: [], times };
  }
}

parentPort?.on("message", (command: Command) => parentPort?.postMessage(obey(command)));
