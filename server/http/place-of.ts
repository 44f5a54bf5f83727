import type { CheckedSpec } from "../tournaments/spec.js";
import type { Tournaments } from "../tournaments/tournaments.js";

const places = new WeakMap<CheckedSpec, ReadonlyMap<string, number>>();

/** Place of an entrant in its tournament's spec, which gives it its colour; null outside of tournaments. */
export function placeOf(
  tournaments: Pick<Tournaments, "list">,
  tournamentId: string | undefined,
  entrant: string | undefined,
): number | null {
  if (tournamentId === undefined || entrant === undefined) return null;
  const spec = tournaments.list().find((entry) => entry.spec.id === tournamentId)?.spec;
  return spec === undefined ? null : (entrantPlaces(spec).get(entrant) ?? null);
}

/** Places of all entrants of a spec, by name. */
export function entrantPlaces(spec: CheckedSpec): ReadonlyMap<string, number> {
  let found = places.get(spec);
  if (found === undefined) {
    found = new Map(spec.agents.map(({ name }, place) => [name, place]));
    places.set(spec, found);
  }
  return found;
}
