import { categoricalFromUniform, type Rng } from "../../common/rng.js";
import type { ParticleTrials } from "./particle-trials.js";

/** What one population says of one horizon. */
export interface PopulationPoint {
  /** Steps of the trial. */
  readonly horizon: number;
  /** Logarithm of the population's estimate of R; Infinity where the mixture cannot do what the expert can. */
  readonly logRatio: number;
  /**
   * Sum over the particles that began of the square of the share of the weight that their descendants carry. Its inverse is the
   * population's effective number of particles; without resampling it is that of plain importance sampling.
   */
  readonly squaredShares: number;
  /** Particles that began and have descendants. */
  readonly ancestors: number;
}

/**
 * The distribution ratio of an expert E to a mixture of behaviours B_k with weights q_k,
 *
 *   R_t = E over instances and the expert's trials of  E(D_t) / sum_k q_k B_k(D_t),  D_t the first t steps,
 *
 * by sequential Monte Carlo. With B(a) = sum_k Q_k B_k(a), Q_k the probability of part k after the trial so far, the ratio is
 * a product over steps of E(a) / B(a). Plain averages of it over the expert's own trials have a variance that explodes with t where the
 * two differ. So a particle's weight grows at each step by the factor g = sum_a E(a)^2 / B(a), which is known before the action is,
 * and its action is to come from the law E(a)^2 / B(a) / g. The mean weight estimates R_t without bias. When the weights'
 * effective sample size falls below half of the particles they are resampled (systematically), before actions are drawn.
 *
 * With a single behaviour that law is what actions are drawn from. Of a mixture one part may prevail later, and then
 * E(a)^2 / B_k(a) is the better law: with the expert itself in the mixture, E. So actions are drawn from a mixture of these laws (and the
 * first), each part as probable as its own earlier actions make it, and weights are corrected. However good or bad one of the laws
 * is, this costs at most a factor of their number.
 *
 * Source: Lin, Bai & Mei (2023), arXiv 2310.08566 (R); Pitt & Shephard (1999), Journal of the American Statistical Association 94
 * (weights before actions); Hesterberg (1995), Technometrics 37 (mixtures as proposals); Lee & Whiteley (2018), Biometrika 105 (the
 * relative variance of the estimate by the shares of ancestors).
 *
 * @param weights q, [K], positive, summing to 1
 * @param horizons ascending, at least 1
 * @param onStep told after each step how many are done
 */
export function runPopulation(
  trials: ParticleTrials,
  weights: Float64Array,
  horizons: readonly number[],
  rng: Rng,
  onStep: (steps: number) => void = () => {},
): PopulationPoint[] {
  const { size, numActions } = trials;
  const parts = weights.length;
  const experts = new Float64Array(size * numActions); // laws of the coming action, [N, A]
  const behaviours = new Float64Array(size * parts * numActions); // the same of each part, [N, K, A]
  const goesOn = new Uint8Array(size);
  const ratios = ratioLaws(numActions, weights, size);
  const logWeights = new Float64Array(size);
  const shares = new Float64Array(size);
  const ancestors = Int32Array.from({ length: size }, (_, i) => i);
  const points: PopulationPoint[] = [];
  let logBase = 0; // of the mean weight when weights were last made equal

  const expertOf = rowsOf(experts, numActions);
  const behavioursOf = rowsOf(behaviours, parts * numActions);
  const last = horizons[horizons.length - 1];
  for (let step = 1; step <= last; step++) {
    for (let i = 0; i < size; i++) {
      goesOn[i] = trials.laws(i, expertOf[i], behavioursOf[i]) ? 1 : 0;
      if (goesOn[i] === 1) logWeights[i] += Math.log(ratios.growth(i, expertOf[i], behavioursOf[i]));
    }
    const logMean = writeShares(logWeights, shares);
    if (horizons.includes(step)) {
      points.push({ horizon: step, logRatio: logBase + logMean, ...ancestry(shares, ancestors) });
    }
    onStep(step);
    if (logMean === Number.POSITIVE_INFINITY) return [...points, ...endless(horizons, step)];
    if (step === last) break;
    if (1 / sumOfSquares(shares) < size / 2) {
      resample(shares, rng.uniform(), (from, to) => {
        trials.copy(from, to);
        ratios.copy(from, to);
        goesOn[to] = goesOn[from];
        expertOf[to].set(expertOf[from]);
        behavioursOf[to].set(behavioursOf[from]);
        ancestors[to] = ancestors[from];
      });
      logBase += logMean;
      logWeights.fill(0);
    }
    for (let i = 0; i < size; i++) {
      if (goesOn[i] === 0) continue;
      const { action, correction } = ratios.draw(i, expertOf[i], behavioursOf[i], rng.uniform());
      logWeights[i] += Math.log(correction);
      trials.take(i, action);
    }
  }
  return points;
}

/** What is left to say where the ratio has become infinite. */
const endless = (horizons: readonly number[], step: number): PopulationPoint[] =>
  horizons
    .filter((horizon) => horizon > step)
    .map((horizon) => ({ horizon, logRatio: Number.POSITIVE_INFINITY, squaredShares: 1, ancestors: 0 }));

/**
 * Growth of weights, and the laws that actions are drawn from, for each particle.
 *
 * Shapes: weights [K]; expert [A]; behaviours [K, A].
 */
function ratioLaws(numActions: number, weights: Float64Array, size: number) {
  const parts = weights.length;
  const mixture = createMixtures(weights, size);
  const laws = parts === 1 ? 1 : parts + 1; // E^2 / B, and E^2 / B_k of each part
  const proposals = createMixtures(new Float64Array(laws).fill(1 / laws), size);
  const chances = new Float64Array(numActions); // B
  const proposed = new Float64Array(laws * numActions);
  const ideal = proposed.subarray(0, numActions);
  const drawn = new Float64Array(numActions);

  const writeIdeal = (i: number, expert: Float64Array, behaviours: Float64Array): number => {
    mixture.predict(i, behaviours, chances);
    return writeSquares(expert, chances, 0, ideal);
  };

  return {
    /** The factor by which a particle's weight grows; Infinity where B is 0 and E is not. */
    growth: writeIdeal,
    /** An action, by the uniform u, and what the weight is to be multiplied with for it. */
    draw(i: number, expert: Float64Array, behaviours: Float64Array, u: number) {
      writeIdeal(i, expert, behaviours);
      for (let k = 1; k < laws; k++) {
        const target = proposed.subarray(k * numActions, (k + 1) * numActions);
        const sum = writeSquares(expert, behaviours, (k - 1) * numActions, target);
        if (sum === Number.POSITIVE_INFINITY) target.set(expert); // a part that can not prevail
      }
      proposals.predict(i, proposed, drawn);
      const action = categoricalFromUniform(u, drawn, 0, numActions);
      mixture.learn(i, behaviours, action);
      proposals.learn(i, proposed, action);
      return { action, correction: ideal[action] / drawn[action] };
    },
    copy(from: number, to: number) {
      mixture.copy(from, to);
      proposals.copy(from, to);
    },
  };
}

/** Writes E^2 / B over its sum to `target`, and returns the sum; Infinity where B is 0 and E is not. */
function writeSquares(expert: Float64Array, chances: Float64Array, offset: number, target: Float64Array): number {
  let sum = 0;
  for (let a = 0; a < expert.length; a++) {
    target[a] = expert[a] === 0 ? 0 : expert[a] * (expert[a] / chances[offset + a]);
    sum += target[a];
  }
  for (let a = 0; a < expert.length; a++) target[a] /= sum;
  return sum;
}

/** Mixtures of laws, one for each particle: which of the laws its actions come from, as far as they tell. Shapes: weights [K]. */
function createMixtures(weights: Float64Array, size: number) {
  const parts = weights.length;
  const logs = new Float64Array(size * parts); // of the parts' probabilities, up to a constant in each row, [N, K]
  for (let i = 0; i < size; i++) logs.set(weights.map(Math.log), i * parts);
  return {
    /** Writes the law of the mixture, [A], of the parts' laws, [K, A]. */
    predict(particle: number, laws: Float64Array, target: Float64Array): void {
      const at = particle * parts;
      let most = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < parts; k++) most = Math.max(most, logs[at + k]);
      let sum = 0;
      target.fill(0);
      for (let k = 0; k < parts; k++) {
        const share = Math.exp(logs[at + k] - most);
        sum += share;
        for (let a = 0; a < target.length; a++) target[a] += share * laws[k * target.length + a];
      }
      for (let a = 0; a < target.length; a++) target[a] /= sum;
    },
    /** An action was taken, to which the parts gave these chances, [K, A]. */
    learn(particle: number, laws: Float64Array, action: number): void {
      const numActions = laws.length / parts;
      for (let k = 0; k < parts; k++) logs[particle * parts + k] += Math.log(laws[k * numActions + action]);
    },
    copy(from: number, to: number): void {
      logs.copyWithin(to * parts, from * parts, (from + 1) * parts);
    },
  };
}

const rowsOf = (matrix: Float64Array, length: number): Float64Array[] =>
  Array.from({ length: matrix.length / length }, (_, i) => matrix.subarray(i * length, (i + 1) * length));

const sumOfSquares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);

/** Writes the weights over their sum, and returns the logarithm of their mean. An infinite weight has all of it. */
function writeShares(logWeights: Float64Array, shares: Float64Array): number {
  const most = logWeights.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let i = 0; i < shares.length; i++) {
    shares[i] = logWeights[i] === most ? 1 : Math.exp(logWeights[i] - most);
    sum += shares[i];
  }
  for (let i = 0; i < shares.length; i++) shares[i] /= sum;
  return most + Math.log(sum / shares.length);
}

function ancestry(shares: Float64Array, ancestors: Int32Array): Pick<PopulationPoint, "squaredShares" | "ancestors"> {
  const carried = new Float64Array(shares.length);
  for (let i = 0; i < shares.length; i++) carried[ancestors[i]] += shares[i];
  return { squaredShares: sumOfSquares(carried), ancestors: carried.filter((share) => share > 0).length };
}

/**
 * Systematic resampling: particle i has floor or ceil of N share_i offspring. Those that have any stay where they are; the others'
 * places are taken by copies.
 */
function resample(shares: Float64Array, u: number, copy: (from: number, to: number) => void): void {
  const size = shares.length;
  const offspring = new Int32Array(size);
  let sum = 0;
  let drawn = 0;
  for (let i = 0; i < size; i++) {
    sum += shares[i] * size;
    for (; drawn < size && drawn + u < sum; drawn++) offspring[i] += 1;
  }
  offspring[shares.findLastIndex((share) => share > 0)] += size - drawn; // what rounding of the sum left
  let to = 0;
  for (let from = 0; from < size; from++) {
    for (; offspring[from] > 1; offspring[from]--) {
      while (offspring[to] > 0) to += 1;
      copy(from, to);
      to += 1;
    }
  }
}
