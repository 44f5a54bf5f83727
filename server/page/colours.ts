/**
 * Colours and dashes of entrants, by their place in their tournament: the same agent looks the same everywhere. The colours are variables of
 * page.css, Okabe & Ito (2008) without their yellow; dashes tell later rounds of them apart.
 */
const COLOURS = 7;
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

/** The variable that holds the colour; a quiet one for who has no place. */
export function colourName(place: number | null): string {
  return place === null ? "--muted" : `--agent-${place % COLOURS}`;
}

/** Lengths of dashes and gaps; none for a solid line. */
export function dashOf(place: number | null): readonly number[] {
  return place === null ? [] : DASHES[Math.floor(place / COLOURS) % DASHES.length];
}
