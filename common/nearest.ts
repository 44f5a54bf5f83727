import { distance } from "fastest-levenshtein";

/** `: did you mean "x"?` for the known name nearest to what was typed, or "" where none is near. */
export function didYouMean(typed: string, known: readonly string[]): string {
  let best = "";
  let bestDistance = Math.max(2, Math.floor(typed.length / 2)) + 1;
  for (const name of known) {
    const d = name.startsWith(typed) && typed.length > 1 ? 1 : distance(typed, name);
    if (d < bestDistance) {
      best = name;
      bestDistance = d;
    }
  }
  return best === "" ? "" : `: did you mean "${best}"?`;
}
