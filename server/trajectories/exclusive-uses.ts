/** Uses of something that one may use at a time, in the order in which they were asked for. */
export interface ExclusiveUses {
  /** Whether any has not ended. */
  readonly any: boolean;
  /** Runs `use` after everybody who asked before. */
  run(use: () => Promise<void>): Promise<void>;
}

/** None yet. @param ended called after each, failed or not */
export function createExclusiveUses(ended: () => void): ExclusiveUses {
  let uses = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    get any() {
      return uses > 0;
    },
    run(use) {
      uses += 1;
      const mine = last.then(use);
      last = mine
        .catch(() => {})
        .then(() => {
          uses -= 1;
          ended();
        });
      return mine;
    },
  };
}
