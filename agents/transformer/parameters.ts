/**
 * A model's parameters: names, shapes, initial values; how many there are and what a token costs.
 *
 * Linear weights are [out, in], named so that PyTorch's `nn.Linear` loads them as they are.
 *
 * Initial values: biases 0, norms 1 and 0, positions N(0, 0.02^2), weights N(0, 1 / in); those of a sub-layer's last product are
 * divided by sqrt(2 layers), so that the sum of all sub-layers has the size of one (Radford et al. 2019, "Language Models are
 * Unsupervised Multitask Learners", section 2.3); the head's are divided by 10, so that first choices are nearly uniform.
 *
 * Shapes: D width, H heads, F tokenSize, K headOutputs, r ffRatio, C context.
 */
import type { Rng } from "../../common/rng.js";
import { headOutputs, type ModelConfig } from "./model-config.js";

/** One parameter. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Standard deviation of its normal initial values; "zeros" or "ones". */
  readonly init: number | "zeros" | "ones";
  /** Whether weight decay applies: weights of products alone. */
  readonly decays: boolean;
}

/** All parameters, in the order of the forward pass. */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  const { layers, width, ffRatio, norm, positions, tokenSize, context } = config;
  const specs: ParameterSpec[] = [];
  const linear = (name: string, out: number, from: number, scale = 1) => {
    specs.push({ name: `${name}.weight`, shape: [out, from], init: scale / Math.sqrt(from), decays: true });
    specs.push({ name: `${name}.bias`, shape: [out], init: "zeros", decays: false });
  };
  const layerNorm = (name: string) => {
    specs.push({ name: `${name}.weight`, shape: [width], init: "ones", decays: false });
    specs.push({ name: `${name}.bias`, shape: [width], init: "zeros", decays: false });
  };
  const last = 1 / Math.sqrt(2 * layers);
  linear("embed", width, tokenSize);
  if (positions === "learned") {
    specs.push({ name: "position.weight", shape: [context, width], init: 0.02, decays: false });
  }
  for (let layer = 0; layer < layers; layer += 1) {
    const at = `layers.${layer}`;
    layerNorm(`${at}.norm1`);
    linear(`${at}.attention.qkv`, 3 * width, width);
    linear(`${at}.attention.out`, width, width, last);
    layerNorm(`${at}.norm2`);
    linear(`${at}.mlp.up`, ffRatio * width, width);
    linear(`${at}.mlp.down`, width, ffRatio * width, last);
  }
  if (norm === "pre") layerNorm("final_norm");
  linear("head", headOutputs(config), width, 0.1);
  return specs;
}

/** Elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** How many parameters there are. */
export function parameterCount(config: ModelConfig): number {
  return parameterSpecs(config).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Initial values by name. Each parameter has a random stream of its own, named as it is. */
export function initParameters(config: ModelConfig, rng: Rng): Map<string, Float32Array> {
  return new Map(
    parameterSpecs(config).map(({ name, shape, init }) => {
      const values = new Float32Array(sizeOf(shape));
      if (init === "ones") values.fill(1);
      else if (init !== "zeros") {
        const own = rng.split(name);
        for (let i = 0; i < values.length; i += 1) values[i] = init * own.normal();
      }
      return [name, values];
    }),
  );
}

/**
 * Floating-point operations (a multiply-add is two) of the forward pass for one token, averaged over a sequence: 2 for each weight
 * of a product, and 4 D a layer for each token it sees. Norms, activations and rotary positions are not counted. The head is, at decisions only.
 *
 * @param length tokens of the sequence; the context by default
 */
export function flopsPerToken(config: ModelConfig, length: number = config.context): number {
  const { layers, width, window, stride } = config;
  const weights = parameterSpecs(config)
    .filter(({ decays, name }) => decays && name !== "head.weight")
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const reach = window === 0 ? length : Math.min(window, length);
  // Token i of the first `reach` sees i + 1 tokens, later ones see `reach`.
  const seen = ((reach * (reach + 1)) / 2 + (length - reach) * reach) / length;
  return 2 * weights + (2 * headOutputs(config) * width) / stride + 4 * layers * width * seen;
}
