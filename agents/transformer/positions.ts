/**
 * How a model knows where its tokens are. `learned` adds a vector of each position to its token; the others have no parameters and know
 * distances at most:
 *
 *     alibi        a score falls with distance, by a slope of its head
 *     alibi-flat   so it does in half of the heads; the others count over all that they see, wherever it is
 *     rotary       queries and keys are turned by angles in proportion to their positions
 *     none         nothing: what tokens hold, and that none sees those after it
 */

/** All of them, as a model's option `positions` names them. */
export const POSITIONS = ["learned", "alibi", "alibi-flat", "rotary", "none"] as const;

/** One of them. */
export type Positions = (typeof POSITIONS)[number];

/**
 * Slopes of the heads' distance penalties, [H]: by its head's a score falls with each token of distance.
 *
 * With `alibi` head h of H has 2^(-8 (h + 1) / H). With `alibi-flat` the last floor(H / 2) heads have 0, and the others what as many heads
 * have with `alibi`: one head alone has a slope. With all else every head has 0.
 *
 * Source: Press, Smith & Lewis (2022), "Train Short, Test Long: Attention with Linear Biases ...", section 3.
 * Differs: the same geometric sequence where the number of heads is no power of two; heads without slope are not in it.
 */
export function distanceSlopes(positions: Positions, heads: number): number[] {
  const steep = positions === "alibi" ? heads : positions === "alibi-flat" ? Math.ceil(heads / 2) : 0;
  return Array.from({ length: heads }, (_, h) => (h < steep ? 2 ** ((-8 * (h + 1)) / steep) : 0));
}

/** What angles fall by from a head's first pair of columns to what would be behind its last. */
const ROTARY_BASE = 10_000;

/**
 * Writes what turns a head's queries and keys at a position: factors of each column, cosines [d] and sines [d], with which column c becomes
 *
 *     x_c cosines_c + x_c' sines_c,   c' the other column of its pair.
 *
 * Arrays may be longer than d: what is behind stays as it is.
 */
export type WriteRotation = (position: number, cosines: Float32Array, sines: Float32Array) => void;

/**
 * Rotary positions of heads of d columns, an even number: at position m columns 2i and 2i + 1 are turned, as a vector of the plane, by the
 * angle m 10000^(-2i / d), so that the product of a query and a key depends on their distance alone. Pairs are neighbours (interleaved), as in the
 * paper; weights of models that pair column i with i + d / 2 would have to be reordered. Turning back is the same with sines negated.
 *
 * Angles are computed in float64. Up to position 2^26 their errors are less than 2^-25, with which float32 rounds the cosines and sines
 * themselves; beyond, they grow in proportion.
 *
 * Source: Su et al. (2021), "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv 2104.09864, sections 3.2.2 and
 *     3.4.2.
 */
export function rotation(columns: number): WriteRotation {
  const speeds = Array.from({ length: columns / 2 }, (_, i) => ROTARY_BASE ** ((-2 * i) / columns));
  return (position, cosines, sines) => {
    for (const [i, speed] of speeds.entries()) {
      const angle = position * speed;
      cosines[2 * i] = cosines[2 * i + 1] = Math.cos(angle);
      sines[2 * i + 1] = Math.sin(angle);
      sines[2 * i] = -sines[2 * i + 1];
    }
  };
}
