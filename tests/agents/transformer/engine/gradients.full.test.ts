/** Every gradient of every kind of model: half a minute. */
import * as tf from "@tensorflow/tfjs";
import { beforeAll, test } from "vitest";
import { expectSameGradients, type GradientCase } from "../../../support/engine-gradients.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const shapes: readonly [title: string, options: Record<string, unknown>, sequences: number, length: number][] = [
  ["width 8, odd length", { width: 8, heads: 1 }, 3, 7],
  ["one token, one sequence", { width: 8, heads: 2 }, 1, 1],
  ["width 24, heads of 12", { width: 24, heads: 2 }, 3, 19],
  ["width 24, heads of 6, three layers", { width: 24, heads: 4, layers: 3 }, 3, 24],
  ["width 32", { width: 32, heads: 4 }, 3, 33],
  ["width 64, heads of 16, one layer", { width: 64, heads: 4, layers: 1 }, 2, 40],
  ["width 64, one head", { width: 64, heads: 1, layers: 1, ff_ratio: 1 }, 2, 9],
  ["post norm", { width: 32, heads: 4, norm: "post" }, 3, 21],
  ["relu", { width: 32, heads: 2, attention: "relu" }, 3, 21],
  ["alibi", { width: 32, heads: 4, positions: "alibi" }, 3, 30],
  ["a window", { width: 32, heads: 4, window: 5 }, 3, 30],
  ["a window of one", { width: 8, heads: 1, window: 1 }, 2, 12],
  ["alibi and a window", { width: 24, heads: 2, positions: "alibi", window: 11 }, 2, 41],
  ["relu, alibi, a window, post norm", { width: 32, heads: 4, attention: "relu", norm: "post", positions: "alibi", window: 9 }, 3, 37], // biome-ignore format: a row
  ["alibi, half of three heads flat", { width: 24, heads: 3, positions: "alibi-flat" }, 3, 30],
  ["rotary", { width: 32, heads: 4, positions: "rotary" }, 3, 30],
  ["rotary, heads of 6", { width: 24, heads: 4, positions: "rotary", layers: 1 }, 2, 19],
  ["rotary, one head of 24, relu, a window", { width: 24, heads: 1, attention: "relu", positions: "rotary", window: 7 }, 3, 26], // biome-ignore format: a row
  ["no positions, a window, post norm", { width: 16, heads: 2, norm: "post", positions: "none", window: 6 }, 3, 17],
];

/** Some of them, with such tokens and such a head. */
const some = (tokensAndHead: string, chosen: (place: number) => boolean) =>
  shapes.filter((_, i) => chosen(i)).map((shape) => [tokensAndHead, ...shape] as const);

const cases = [
  ...some("step, two numbers", (i) => i % 4 === 0),
  ...some("lin2023, two numbers", (i) => i === 4),
  ...some("chosen-arm, two numbers", (i) => i === 2),
  ...some("step", (i) => i % 4 !== 0),
  ...some("lin2023", (i) => i % 3 === 1),
  ...some("chosen-arm", (i) => i % 5 === 0),
];

test.each(cases)(
  "every gradient is that of automatic differentiation: layout %s, %s",
  async (tokensAndHead, _, options, sequences, length) => {
    const [layout, head] = tokensAndHead.split(", ");
    await expectSameGradients({
      layout: layout as GradientCase["layout"],
      numbers: head !== undefined,
      ...{ options, sequences, length },
    });
  },
);
