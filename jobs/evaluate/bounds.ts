/**
 * What theory says of the difference between a model's return and its expert's, from how far their choices are apart, for rewards whose expectation lies
 * in [0, 1]: of wider ones multiply by their range. T is a trial's number of steps, p_t the expert's law at step t and q_t the model's.
 *
 * The difference is a sum over steps of (p_t - q_t) times what is to be had from there on, which is at most T - t + 1, over histories of the expert's own play:
 *
 *     by total variation    sum_t (T - t + 1) E_expert[ TV(p_t, q_t) ]
 *
 * On a behaviour's histories instead, an expectation over the expert's is one over the behaviour's, weighted; by the Cauchy-Schwarz inequality, with the distribution
 * ratio R of the two and TV^2 at most the squared Hellinger distance D (without the half):
 *
 *     by Hellinger          T sqrt(R) sum_t sqrt( E_behaviour[ D(p_t, q_t) ] )
 *     by eps_real           T^2 sqrt(R) sqrt(eps_real),   as D is at most KL, and that at most log E[p / q]
 *
 * The last is the paper's with its constant 1, without the term for a finite sample: what is left if nothing better is in the class of models.
 *
 * Source: Lin, Bai & Mei (2023), arXiv 2310.08566, theorem 6 and its proof; Kakade & Langford (2002) for the sum over steps.
 */
import type { ImitationGap } from "../../agents/transformer/imitation-gap.js";

/** The bounds. */
export interface Bounds {
  readonly byTotalVariation: number;
  /** Null where nothing was compared on a behaviour's histories, or the ratio is not known; so is the next. */
  readonly byHellinger: number | null;
  readonly byEpsilonReal: number | null;
}

/** What was compared on a behaviour's histories. */
export interface OnBehaviour {
  readonly gap: ImitationGap;
  /** log R at the trial's end. */
  readonly logRatio: number;
}

/**
 * Computes them.
 *
 * @param horizon T
 * @param onExpert compared on the expert's own histories
 */
export function boundsOf(horizon: number, onExpert: ImitationGap, onBehaviour: OnBehaviour | undefined): Bounds {
  const byTotalVariation = sumOverSteps(onExpert, ({ step, totalVariation }, share) => {
    return (horizon - step + 1) * totalVariation * share;
  });
  if (onBehaviour === undefined) return { byTotalVariation, byHellinger: null, byEpsilonReal: null };
  const { gap, logRatio } = onBehaviour;
  const rootRatio = Math.exp(logRatio / 2);
  const distance = sumOverSteps(gap, ({ squaredHellinger }, share) => Math.sqrt(squaredHellinger * share));
  return {
    byTotalVariation,
    byHellinger: finite(horizon * rootRatio * distance),
    byEpsilonReal: finite(horizon ** 2 * rootRatio * Math.sqrt(gap.epsilonReal.logExpectedRatio)),
  };
}

/** @param of with the share of all trials that reach the step: where a trial has ended nothing differs */
function sumOverSteps(
  { steps, mean }: ImitationGap,
  of: (step: ImitationGap["steps"][number], share: number) => number,
): number {
  return steps.reduce((sum, step) => sum + of(step, step.trials / mean.trials), 0);
}

/** JSON knows no infinity. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
