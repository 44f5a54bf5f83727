/**
 * 95 % intervals of shares: of trials that all went one way, too, they tell what so few trials leave open, where a bootstrap has no width.
 *
 * Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
 */
import { normalQuantile } from "../common/normal.js";

const Z = normalQuantile(0.975);

/**
 * The interval of a share: [0, 0.39] of 0 among 6. null of fewer than two trials.
 *
 * @param share in [0, 1]
 * @param trials how many it is a share of; a number that is not whole where they have unequal weights
 */
export function wilsonInterval(share: number, trials: number): readonly [low: number, high: number] | null {
  if (!(trials >= 2)) return null;
  const spread = Z ** 2 / trials;
  const centre = (share + spread / 2) / (1 + spread);
  const reach = Math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread);
  return [share <= 0 ? 0 : Math.max(0, centre - reach), share >= 1 ? 1 : Math.min(1, centre + reach)];
}

/**
 * How far below and above a share its interval has to reach at least, whatever resamples say: at most as far up as the lower end of the
 * interval of 1, at least as far as the upper end of that of 0. 0 for shares that lie between.
 */
export function wilsonMargins(share: number, trials: number): readonly [below: number, above: number] {
  const open = Z ** 2 / (trials + Z ** 2);
  return [Math.max(0, share - (1 - open)), Math.max(0, open - share)];
}
