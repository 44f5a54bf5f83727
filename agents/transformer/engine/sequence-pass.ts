/**
 * One sequence forwards, and backwards from the gradient of the head's outputs: the model of ../model.ts, in the kernels' calls. Rows beyond the
 * sequence's length are computed as well, up to a multiple of 8; nothing that is seen depends on them, and their gradients are 0.
 */
import type { ModelConfig } from "../model-config.js";
import { backwardPass } from "./backward-pass.js";
import { forwardPass } from "./forward-pass.js";
import type { Kernels } from "./kernels.js";
import type { MemoryPlan, Workspace } from "./memory-plan.js";
import type { ParameterLayout } from "./parameter-layout.js";
import { type SequenceInput, sequenceParts } from "./sequence-parts.js";
import type { EngineShape } from "./shape.js";

/** Both passes, in a thread's workspace. */
export interface SequencePass {
  /** Leaves the head's outputs [rows, outputs] in the workspace. */
  forward(input: SequenceInput): void;
  /** Adds to the gradients from that address on, those of `doutputs` in the workspace; for the sequence that was last forwards. */
  backward(input: SequenceInput, gradients: number): void;
}

/** The passes of a model. */
export function sequencePass(
  config: ModelConfig,
  shape: EngineShape,
  layout: ParameterLayout,
  plan: MemoryPlan,
  work: Workspace,
  kernels: Kernels,
): SequencePass {
  const parts = sequenceParts(config, shape, layout, plan, work, kernels);
  return { forward: forwardPass(parts), backward: backwardPass(parts) };
}
