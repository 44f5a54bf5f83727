/** Trials longer than a model's context: what is learned from of them, and how they are played. */
import { isUnbounded, type ModelConfig } from "../../agents/transformer/model-config.js";
import type { TrainingOptions } from "../../agents/transformer/training-options.js";

/** What is taken of them: their beginnings, or pieces that begin anywhere. */
export function cropOf({ crop }: Pick<TrainingOptions, "crop">, model: ModelConfig): "prefix" | "random" {
  if (crop !== "auto") return crop;
  return isUnbounded(model) ? "random" : "prefix";
}

/**
 * How a model plays trials of so many tokens, as the agent's option `context`: 0, with all of them; its own context, with the last ones, as
 * if the trial began there, which pieces that begin anywhere have taught it; undefined: it cannot, for it knows beginnings alone.
 */
export function playContext(model: ModelConfig, crop: "prefix" | "random", tokens: number): number | undefined {
  if (isUnbounded(model) || tokens - model.stride < model.context) return 0; // what follows the last decision is not read
  return crop === "random" ? model.context : undefined;
}
