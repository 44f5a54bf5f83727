/**
 * The operator's key. The address that the server prints has it behind `#key=`, which no request sends; this tab keeps it, and takes it out
 * of the address, so that a copied link or a picture of the page does not hand it on.
 */

const STORED = "icrl-operator-key";

/** Kept here, too, where a browser stores nothing. */
let key: string | undefined;

/** Takes the key out of the address, if one is there, and leaves the overview's in its place. */
export function takeKey(): void {
  const found = /^#key=([^/]+)/.exec(location.hash)?.[1];
  if (found === undefined) return;
  history.replaceState(null, "", "#/");
  try {
    key = decodeURIComponent(found);
    sessionStorage.setItem(STORED, key);
  } catch {
    // no text, or nothing is stored here
  }
}

/** The key, if this tab was opened with one. */
export function operatorKey(): string | undefined {
  try {
    key ??= sessionStorage.getItem(STORED) ?? undefined;
  } catch {
    // nothing is stored here
  }
  return key;
}
