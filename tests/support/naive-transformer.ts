/**
 * The transformer's forward pass as one would write it on a blackboard, in float64, all tokens at once: what the fast ones are compared
 * with. Written from the description of the model, not from them.
 */
import type { ModelConfig } from "#icrl/agents/transformer/model-config.js";
import { parameterSpecs } from "#icrl/agents/transformer/parameters.js";
import type { Rng } from "#icrl/common/rng.js";

type Vector = number[];
type Matrix = Vector[];

const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
const plus = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]);

/** Logits [L][A] at every token of a sequence [L][F]. */
export function naiveLogits(
  model: ModelConfig,
  parameters: ReadonlyMap<string, Float32Array>,
  sequence: readonly Float32Array[],
): Matrix {
  const { width, heads, window } = model;
  const get = (name: string): Vector => Array.from(parameters.get(name) as Float32Array);
  const linear = (name: string, x: Vector): Vector => {
    const [weight, bias] = [get(`${name}.weight`), get(`${name}.bias`)];
    return bias.map((b, row) => b + dot(weight.slice(row * x.length, (row + 1) * x.length), x));
  };
  const norm = (name: string, x: Vector): Vector => {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const [weight, bias] = [get(`${name}.weight`), get(`${name}.bias`)];
    return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i] + bias[i]);
  };
  const perHead = width / heads;
  /** What a head's scores fall by with each token of distance. */
  const slope = (h: number): number => {
    if (model.positions === "alibi") return 2 ** ((-8 * (h + 1)) / heads);
    if (model.positions !== "alibi-flat") return 0;
    const flat = Math.floor(heads / 2);
    return h >= heads - flat ? 0 : 2 ** ((-8 * (h + 1)) / (heads - flat));
  };
  /** A query or key at its position: columns 2i and 2i + 1 are a complex number, which is turned. */
  const turned = (x: Vector, at: number): Vector => {
    if (model.positions !== "rotary") return x;
    return x.map((value, c) => {
      const angle = at / 10_000 ** ((c - (c % 2)) / perHead);
      return c % 2 === 0
        ? value * Math.cos(angle) - x[c + 1] * Math.sin(angle)
        : value * Math.cos(angle) + x[c - 1] * Math.sin(angle);
    });
  };

  function attention(name: string, xs: Matrix): Matrix {
    const qkv = xs.map((x) => linear(`${name}.qkv`, x));
    return xs.map((_, i) => {
      const first = window === 0 ? 0 : Math.max(0, i - window + 1);
      const mixed = Array.from({ length: heads }, (__, h) => {
        const part = (at: number, block: number): Vector =>
          qkv[at].slice(block * width + h * perHead, block * width + (h + 1) * perHead);
        const scores = Array.from({ length: i - first + 1 }, (___, n) => {
          const distance = i - (first + n);
          const product = dot(turned(part(i, 0), i), turned(part(first + n, 1), first + n));
          return product / Math.sqrt(perHead) - slope(h) * distance;
        });
        const raw = scores.map((s) =>
          model.attention === "softmax" ? Math.exp(s - Math.max(...scores)) : Math.max(s, 0) / scores.length,
        );
        const sum = model.attention === "softmax" ? raw.reduce((total, value) => total + value, 0) : 1;
        return Array.from({ length: perHead }, (___, c) =>
          raw.reduce((total, weight, n) => total + (weight / sum) * part(first + n, 2)[c], 0),
        );
      });
      return linear(`${name}.out`, mixed.flat());
    });
  }

  let xs = sequence.map((token, i) => {
    const x = linear("embed", Array.from(token));
    if (model.positions !== "learned") return x;
    return plus(x, get("position.weight").slice(i * width, (i + 1) * width));
  });
  for (let layer = 0; layer < model.layers; layer += 1) {
    const at = `layers.${layer}`;
    const mlp = (x: Vector): Vector =>
      linear(
        `${at}.mlp.down`,
        linear(`${at}.mlp.up`, x).map((value) => Math.max(value, 0)),
      );
    if (model.norm === "pre") {
      const mixed = attention(
        `${at}.attention`,
        xs.map((x) => norm(`${at}.norm1`, x)),
      );
      xs = xs.map((x, i) => plus(x, mixed[i]));
      xs = xs.map((x) => plus(x, mlp(norm(`${at}.norm2`, x))));
    } else {
      const mixed = attention(`${at}.attention`, xs);
      xs = xs.map((x, i) => norm(`${at}.norm1`, plus(x, mixed[i])));
      xs = xs.map((x) => norm(`${at}.norm2`, plus(x, mlp(x))));
    }
  }
  return xs.map((x) => linear("head", model.norm === "pre" ? norm("final_norm", x) : x));
}

/** Parameters that are all random, biases and norms too, and large enough that attention is far from uniform. */
export function wildParameters(model: ModelConfig, rng: Rng): Map<string, Float32Array> {
  return new Map(
    parameterSpecs(model).map(({ name, shape }) => {
      const own = rng.split(name);
      const size = shape.reduce((product, length) => product * length, 1);
      const isNorm = /norm\d?\.weight$/.test(name);
      const scale = name.endsWith("qkv.weight")
        ? 2 / Math.sqrt(shape[1])
        : shape.length === 2
          ? 1 / Math.sqrt(shape[1])
          : 0.3;
      return [name, Float32Array.from({ length: size }, () => (isNorm ? 1 : 0) + scale * own.normal())];
    }),
  );
}
