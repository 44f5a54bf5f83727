import { gaussLegendre } from "./gauss-legendre.js";
import { probabilityOfLargest } from "./probability-of-largest.js";

/**
 * The probability of each of some independent variables that it is the largest, each a normal one of which it is known that it lies in [0, 1], written to
 * `target`, summing to 1; all NaN in the case, not met yet, that the quadrature does not agree with itself to 1e-8.
 *
 * Shapes: means and stds [A], stds positive, Infinity for a uniform variable; target [A].
 */
export function probabilityOfLargestTruncatedNormal(
  means: Float64Array,
  stds: Float64Array,
  target: Float64Array,
): void {
  const bells = Array.from(means, (mean, i) => truncated(mean, stds[i]));
  let points: Float64Array;
  probabilityOfLargest(
    {
      left: Float64Array.from(bells, ({ left }) => left),
      right: Float64Array.from(bells, ({ right }) => right),
      width: Float64Array.from(bells, ({ width }) => width),
      moveTo(now) {
        points = now;
      },
      density(i, target) {
        for (let k = 0; k < points.length; k++) target[k] = bells[i].scale * bells[i].shape(points[k]);
      },
    },
    target,
  );
}

/** Shares of a density's peak below which it is as good as 0: e^-34. */
const DROP = 34;

/** The density of a normal variable in [0, 1], as `scale * shape(x)`: where it is not 0, and how wide it is. */
function truncated(mean: number, std: number) {
  const peak = Math.min(1, Math.max(0, mean));
  const precision = 1 / (std * std); // 0 of a uniform one
  // log shape(peak + x) = -(2 (peak - mean) x + x^2) precision / 2: falls from the peak, which may be at an end.
  const slope = Math.abs(peak - mean) * precision;
  const reach = precision === 0 ? 1 : (Math.sqrt(slope * slope + 2 * DROP * precision) - slope) / precision;
  const left = Math.max(0, peak - reach);
  const right = Math.min(1, peak + reach);
  const width = Math.min(std, 1 / slope, right - left);
  const shape = (x: number): number => {
    const away = x - peak;
    return Math.exp(-0.5 * precision * away * (away + 2 * (peak - mean)));
  };
  return { left, right, width, shape, scale: 1 / integral(shape, left, right, width) };
}

const { nodes, weights } = gaussLegendre(16);

function integral(of: (x: number) => number, left: number, right: number, width: number): number {
  const panels = Math.ceil((right - left) / (2 * width));
  const half = (right - left) / panels / 2;
  let sum = 0;
  for (let panel = 0; panel < panels; panel++) {
    const middle = left + (2 * panel + 1) * half;
    for (let i = 0; i < nodes.length; i++) sum += half * weights[i] * of(middle + half * nodes[i]);
  }
  return sum;
}
