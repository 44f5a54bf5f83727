/**
 * What learns: the engine, which is this project's own and the fastest on a CPU, or automatic differentiation on one of the back ends of
 * TensorFlow.js. docs/backends.md compares them.
 */
import { availableParallelism } from "node:os";
import { IcrlError } from "../../common/errors.js";
import { type BackendName, loadBackend, loadGpuBackend } from "./backends.js";
import { createEngineLearner } from "./engine/engine-learner.js";
import { takesWidth } from "./engine/shape.js";
import type { AdamW, Learner, LearnerState } from "./learner.js";
import type { ModelConfig } from "./model-config.js";

/** One of them. */
export type LearnerBackendName = BackendName | "engine";

/** The one that was chosen. */
export interface LearnerBackend {
  readonly name: LearnerBackendName;
  /** What it is, for people. */
  readonly description: string;
  /** A learner that begins at a state. */
  create(config: ModelConfig, optimizer: AdamW, start: LearnerState): Promise<Learner>;
}

/**
 * The one of that name, ready to learn. `auto` takes a GPU where there is one, else the engine; for a width that the engine does not
 * compute, the best of the others.
 *
 * @param threads of the engine; as many as there are processors by default. Results do not depend on it
 * @throws BACKEND_UNAVAILABLE if the one asked for cannot be had
 * @throws OPTION_INVALID if threads are given, and another than the engine computes
 */
export async function learnerBackend(
  name: LearnerBackendName | "auto",
  { width }: Pick<ModelConfig, "width">,
  threads?: number,
): Promise<LearnerBackend> {
  const gpu = name === "auto" ? await loadGpuBackend() : undefined;
  if (gpu === undefined && (name === "engine" || (name === "auto" && takesWidth(width)))) {
    const count = threads ?? availableParallelism();
    return {
      name: "engine",
      description: `WebAssembly, ${count} thread${count === 1 ? "" : "s"}`,
      create: (config, optimizer, start) => createEngineLearner(config, optimizer, start, { threads: count }),
    };
  }
  if (threads !== undefined) {
    const what = gpu?.name ?? name;
    const text = `threads are the engine's, and the back end is ${what}: leave them out, or take the back end engine`;
    throw new IcrlError("OPTION_INVALID", text, { option: "threads" });
  }
  const loaded = gpu ?? (await loadBackend(name as BackendName | "auto"));
  const { createTfjsLearner } = await import("./tfjs-learner.js"); // with the tensor library, which is there if a back end was loaded
  return {
    name: loaded.name,
    description: loaded.description,
    create: async (config, optimizer, start) => createTfjsLearner(config, optimizer, start),
  };
}
