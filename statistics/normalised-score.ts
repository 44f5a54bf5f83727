/**
 * A regret on a scale that tasks share: 1 - regret / uniformRegret, which is 0 for uniform play's mean regret and 1 for none. A task on
 * which uniform play loses nothing has nothing to lose: every score of it is 1.
 */
export function normalisedScore(regret: number, uniformRegret: number): number {
  return 1 - shareOfUniform(regret, uniformRegret);
}

/** regret / uniformRegret; 0 where both are. */
export function shareOfUniform(regret: number, uniformRegret: number): number {
  return uniformRegret > 0 ? regret / uniformRegret : 0;
}
