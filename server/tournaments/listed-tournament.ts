/** A tournament as a list shows it: what a page of them takes is bounded, whatever was created. */
import type { Tournament as WireTournament } from "../../proto/gen/icrl/v1/tournament.js";
import { describeTournament } from "./describe-tournament.js";
import type { Entry } from "./entry.js";
import type { CheckedSpec } from "./spec.js";

/** About the bytes of a match in an answer. */
const MATCH_BYTES = 120;

const specBytes = new WeakMap<CheckedSpec, number>();

/** About the bytes of a spec in an answer. */
function bytesOfSpec(spec: CheckedSpec): number {
  const known = specBytes.get(spec);
  if (known !== undefined) return known;
  const bytes = JSON.stringify([spec.tasks.map(({ id, options }) => ({ id, options })), spec.agents]).length;
  specBytes.set(spec, bytes);
  return bytes;
}

/** About the bytes of a tournament in an answer. */
export const bytesOfTournament = ({ spec, tournament }: Entry): number =>
  bytesOfSpec(spec) + MATCH_BYTES * (tournament?.matches.length ?? 0);

/** As GetTournament describes it; without matches where it has more than `mostBytes` with them, and without tasks and entrants likewise. */
export function listedTournament(entry: Entry, told: boolean, mostBytes: number): WireTournament {
  if (bytesOfTournament(entry) <= mostBytes) return describeTournament(entry, told);
  const inShort = describeTournament(entry, told, "without matches");
  if (bytesOfSpec(entry.spec) <= mostBytes || inShort.spec === undefined) return inShort;
  return { ...inShort, spec: { ...inShort.spec, tasks: [], agents: [] }, entrants: [] };
}
