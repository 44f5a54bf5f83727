/**
 * Batches whose sequences are of several datasets, mixed by weights: each sequence of a training is of a set drawn by the weights, and is
 * that set's next one, in an order of the set's own. A set that is read through begins anew, so one that is small for its weight is
 * read more often than others. Which set a sequence is of is a function of seed and the sequence's number alone.
 */
import { keyFromSeed, noiseUniform } from "../../common/rng.js";
import { hash64 } from "../../common/seeds.js";
import type { LearningBatch } from "./learner.js";
import type { TrainingPosition, TrialBatch } from "./training-data.js";

/** A dataset of the mixture. */
export interface MixedSet {
  /** Chance that a sequence is of this set, relative to the others'; positive. */
  readonly weight: number;
  /** Its sequences, each a batch of its own, without an end, from a place on. */
  sequences(from: TrainingPosition): AsyncIterable<TrialBatch>;
}

/** Where reading is. */
export interface MixedPosition {
  /** Number of the sequence that comes next. */
  readonly sequence: number;
  /** Where each set is read on, in the order of the sets. */
  readonly sets: readonly TrainingPosition[];
}

/** A batch, and what comes next. */
export type MixedBatch = LearningBatch & { readonly position: MixedPosition };

const BEGINNING: TrainingPosition = { epoch: 0, batch: 0 };

/** Seed of the order of one of the sets, and of what is drawn in its sequences: two sets of the same data are not read alike. */
export const mixedSetSeed = (seed: bigint, set: number): bigint =>
  hash64(["icrl.v1", "mixed-set", String(seed), String(set)]);

/** Shares of the weights: they add up to 1. */
export function sharesOf(sets: readonly Pick<MixedSet, "weight">[]): number[] {
  const sum = sets.reduce((all, { weight }) => all + weight, 0);
  return sets.map(({ weight }) => weight / sum);
}

/**
 * Batches without an end.
 *
 * @param size sequences of a batch
 * @param from where to begin: a batch's `position`, with the same sets; undefined: at the beginning
 * @throws what reading a set throws
 */
export async function* mixedBatches(
  sets: readonly MixedSet[],
  size: number,
  seed: bigint,
  from?: MixedPosition,
): AsyncGenerator<MixedBatch> {
  const key = keyFromSeed(hash64(["icrl.v1", "mixture", String(seed)]));
  const shares = sharesOf(sets);
  const positions = sets.map((_, k) => from?.sets[k] ?? BEGINNING);
  const readers = sets.map(({ sequences }, k) => sequences(positions[k])[Symbol.asyncIterator]());
  let sequence = from?.sequence ?? 0;
  try {
    for (;;) {
      const parts: TrialBatch[] = [];
      for (; parts.length < size; sequence += 1) {
        const set = drawn(noiseUniform(key, Math.floor(sequence / 2 ** 32), sequence % 2 ** 32, 0), shares);
        const { value, done } = await readers[set].next();
        if (done === true) throw new RangeError(`set ${set} of the mixture ended`);
        parts.push(value);
        positions[set] = value.position;
      }
      yield { ...joined(parts), position: { sequence, sets: [...positions] } };
    }
  } finally {
    for (const reader of readers) await reader.return?.();
  }
}

/** The first place up to which shares add up to more than u; the last one where rounding leaves u above all. */
function drawn(u: number, shares: readonly number[]): number {
  let sum = 0;
  const found = shares.findIndex((share) => {
    sum += share;
    return u < sum;
  });
  return found === -1 ? shares.length - 1 : found;
}

/** One batch of the sequences of many, all of one length, of tokens of one kind. */
function joined(parts: readonly TrialBatch[]): LearningBatch {
  const [{ length, numbers, arms }] = parts;
  const floats = (of: (part: TrialBatch) => Float32Array | undefined) => {
    const arrays = parts.map((part) => of(part) as Float32Array);
    const all = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
    let at = 0;
    for (const array of arrays) {
      all.set(array, at);
      at += array.length;
    }
    return all;
  };
  return {
    sequences: parts.reduce((sum, { sequences }) => sum + sequences, 0),
    length,
    tokens: floats(({ tokens }) => tokens),
    targets: floats(({ targets }) => targets),
    weights: floats(({ weights }) => weights),
    numbers: numbers && {
      targets: floats((part) => part.numbers?.targets),
      weights: floats((part) => part.numbers?.weights),
    },
    arms: arms && floats((part) => part.arms),
    decisions: parts.reduce((sum, { decisions }) => sum + decisions, 0),
    numActions: Int32Array.from(parts.flatMap(({ numActions }) => [...numActions])),
  };
}
