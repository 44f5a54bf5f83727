/** What an entrant looks like in every picture of a tournament. */

/** A colour and, where colours have run out or cannot be seen, what else tells it from the others. */
export interface Look {
  readonly colour: string;
  /** Lengths of dashes and gaps in pixels; empty for a solid line. */
  readonly dash: readonly number[];
  /** Shape of its points, a name of Vega's. */
  readonly marker: string;
}

/**
 * Colours that colour-blind readers can tell apart, without the yellow that vanishes on white. Source: Okabe & Ito
 * (2008).
 */
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

/** Dashes for the first, second, ... round of the colours. */
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

const MARKERS = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"];

/** The look of each name, by its place among them: 28 differ, then they come again. */
export function looksOf(names: readonly string[]): ReadonlyMap<string, Look> {
  return new Map(
    names.map((name, place) => [
      name,
      {
        colour: COLOURS[place % COLOURS.length],
        dash: DASHES[Math.floor(place / COLOURS.length) % DASHES.length],
        marker: MARKERS[place % MARKERS.length],
      },
    ]),
  );
}
