/** What both passes over a sequence know: where everything lies in a thread's memory, and what they do alike. */
import type { ModelConfig } from "../model-config.js";
import { distanceSlopes } from "../positions.js";
import { dropKey } from "./drop-key.js";
import type { Kernels } from "./kernels.js";
import type { LayerWorkspace, MemoryPlan, Workspace } from "./memory-plan.js";
import type { ParameterLayout } from "./parameter-layout.js";
import type { EngineShape } from "./shape.js";

/** One sequence of a batch. */
export interface SequenceInput {
  /** Address of its tokens, [L, tokenSize]. */
  readonly tokens: number;
  /** L. */
  readonly length: number;
  /** What its dropout is drawn from; absent: none. */
  readonly dropout?: { readonly seed: number; readonly sequence: number };
}

/** Parts of a model's passes. */
export type SequenceParts = ReturnType<typeof sequenceParts>;

/** Addresses of a linear map. */
export type LinearPlace = SequenceParts["embed"];

/** Addresses of a norm. */
export type NormPlace = SequenceParts["blocks"][number]["norm1"];

/** Finds the parts for a thread's workspace. */
export function sequenceParts(
  config: ModelConfig,
  shape: EngineShape,
  layout: ParameterLayout,
  { parameters, packed, keepsWeights, rotation }: MemoryPlan,
  work: Workspace,
  kernels: Kernels,
) {
  const { heads, headWidth, attentionWidth, scale, stride, layers } = shape;
  const pre = shape.norm === "pre";
  const learned = config.positions === "learned";
  const panelBytes = shape.rows * 32;
  const partBytes = (attentionWidth / 8) * panelBytes; // from q to k, from k to v
  const headBytes = (headWidth / 8) * panelBytes;
  const weightsBytes = keepsWeights ? shape.rows * shape.scoreColumns * 4 : 0;
  const slopes = distanceSlopes(config.positions, heads).map((slope) => slope / scale);

  const offset = (name: string) => 4 * layout.slot(name).offset;
  const value = (name: string) => parameters + offset(name);
  /** A linear map's addresses. */
  const linear = (name: string) => {
    const pack = packed.get(`${name}.weight`);
    return {
      out: pack?.out as number,
      in: pack?.in ?? 0,
      bias: value(`${name}.bias`),
      weightGradient: offset(`${name}.weight`),
      biasGradient: offset(`${name}.bias`),
    };
  };
  const norm = (name: string) => ({
    weight: value(`${name}.weight`),
    bias: value(`${name}.bias`),
    weightGradient: offset(`${name}.weight`),
    biasGradient: offset(`${name}.bias`),
  });
  const embed = linear("embed");
  const head = linear("head");
  const finalNorm = pre ? norm("final_norm") : undefined;
  const blocks = Array.from({ length: layers }, (_, i) => ({
    norm1: norm(`layers.${i}.norm1`),
    qkv: linear(`layers.${i}.attention.qkv`),
    out: linear(`layers.${i}.attention.out`),
    norm2: norm(`layers.${i}.norm2`),
    up: linear(`layers.${i}.mlp.up`),
    down: linear(`layers.${i}.mlp.down`),
    // What goes into both sub-layers, of a layer's workspace.
    work: work.layers[i],
    input: pre ? work.layers[i].norm1 : i === 0 ? work.first : work.layers[i - 1].norm2,
    middle: pre ? work.layers[i].norm2 : work.layers[i].norm1,
  }));
  const output = pre ? work.last : blocks[layers - 1].work.norm2;

  const threshold = Math.round(shape.dropout * 2 ** 24);
  const keep = 1 / (1 - threshold / 2 ** 24);
  /** Address of what is kept of `from`: `to`, or `from` itself where nothing is dropped. */
  const drop = (input: SequenceInput, site: number, from: number, to: number, n: number): number => {
    if (threshold === 0) return from;
    if (input.dropout === undefined) return from;
    kernels.drop(from, to, n, dropKey(input.dropout.seed, input.dropout.sequence, site), threshold, keep);
    return to;
  };

  /** Turns queries and keys by their positions, where these are rotary: all that reads them takes them so. */
  const rotate = ({ qkv }: LayerWorkspace, rows: number): void => {
    if (!shape.rotary) return;
    for (let h = 0; h < heads; h += 1) {
      kernels.rotate(rows, qkv + h * headBytes, rotation);
      kernels.rotate(rows, qkv + partBytes + h * headBytes, rotation);
    }
  };

  /** Turns their gradients back. */
  const rotateBack = (rows: number): void => {
    if (!shape.rotary) return;
    // q's heads and k's lie side by side.
    for (let h = 0; h < 2 * heads; h += 1) kernels.rotateBack(rows, work.dqkv + h * headWidth * 4, rotation);
  };

  const attentionWeights = ({ qkv, weights, factors }: LayerWorkspace, h: number, rows: number): void => {
    kernels.transpose(rows, qkv + partBytes + h * headBytes, work.columns);
    const E = weights + h * weightsBytes;
    kernels.attentionWeights(rows, qkv + h * headBytes, work.columns, E, factors + h * shape.rows * 4, slopes[h]);
  };

  const decisionRows = (length: number) => Math.ceil(Math.ceil(length / stride) / 4) * 4;

  return {
    ...{ config, shape, work, kernels, pre, learned, keepsWeights },
    ...{ partBytes, headBytes, weightsBytes, offset, value },
    ...{ embed, head, finalNorm, blocks, output, threshold, drop, rotate, rotateBack },
    ...{ attentionWeights, decisionRows },
  };
}
