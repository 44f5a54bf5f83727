/** What is done between that of which the progress is shown. */

/** Something that is done beside what has a bar. */
export interface Interlude {
  /** Its kind, where more of them are to come: see `expect`. The time of those counts for the time left, not for the rate. */
  readonly kind?: string;
  /** Whether it is short: elsewhere than on a terminal nothing is said of it. */
  readonly brief?: boolean;
}

/** Time that went by in interludes of which more are to come, and how long those will take. */
export function createInterludes() {
  const kinds = new Map<string, { count: number; ms: number; expected: number }>();
  let now: { readonly kind: string; readonly beganAtMs: number } | undefined;
  let pausedMs = 0;
  const of = (kind: string) => {
    const known = kinds.get(kind) ?? { count: 0, ms: 0, expected: 0 };
    kinds.set(kind, known);
    return known;
  };

  function end(atMs: number): void {
    if (now === undefined) return;
    const known = of(now.kind);
    const tookMs = atMs - now.beganAtMs;
    known.count += 1;
    known.ms += tookMs;
    pausedMs += tookMs;
    now = undefined;
  }

  return {
    begin(kind: string | undefined, atMs: number): void {
      end(atMs);
      if (kind !== undefined) now = { kind, beganAtMs: atMs };
    },
    end,
    expect(kind: string, times: number): void {
      of(kind).expected = times;
    },
    /** The clock of what has a bar. */
    workMs: (atMs: number): number => atMs - pausedMs - (now === undefined ? 0 : atMs - now.beganAtMs),
    /** What is still to come; undefined where that is not known. */
    leftMs(): number | undefined {
      let sum = 0;
      for (const { count, ms, expected } of kinds.values()) {
        if (expected > 0 && count === 0) return undefined;
        if (expected > 0) sum += (expected * ms) / count;
      }
      return sum;
    },
  };
}
