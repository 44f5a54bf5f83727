/** Secrets by which the server knows again who was here before. It keeps their hashes alone. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { IcrlError } from "../common/errors.js";

/** Characters of a key. */
const LENGTHS = { min: 16, max: 100 } as const;

/** A key that nobody guesses: 32 hexadecimal digits. */
export const newKey = (): string => randomBytes(16).toString("hex");

/** What is kept of a key: its SHA-256, in hexadecimal. */
export const hashOfKey = (key: string): string => createHash("sha256").update(key).digest("hex");

/** Whether this is the key of that hash; takes as long whatever is wrong. */
export function isKeyOf(hash: string, key: string): boolean {
  const kept = Buffer.from(hash, "hex");
  const shown = createHash("sha256").update(key).digest();
  return kept.length === shown.length && timingSafeEqual(kept, shown);
}

/** What somebody shows who wants to do what not everybody may. */
export interface Shown {
  /** Empty: none. */
  readonly key: string;
  /** Whether the operator's key came with the call. */
  readonly operator: boolean;
}

/**
 * Sees that somebody may do something: the operator always, and who shows a key of one of these hashes; anybody where there are none.
 *
 * @param what that is to be done, for the error
 * @throws KEY_REFUSED
 */
export function requireKey(what: string, hashes: readonly (string | undefined)[], { key, operator }: Shown): void {
  const kept = hashes.filter((hash) => hash !== undefined);
  if (operator || kept.length === 0 || kept.some((hash) => isKeyOf(hash, key))) return;
  const shown = key === "" ? "no key" : "another key";
  throw new IcrlError("KEY_REFUSED", `${what} needs its owner's key, and ${shown} was shown`);
}

/** What is kept of the key that somebody gives as an owner; undefined where none is given. @throws KEY_REFUSED */
export function ownerHash(key: string): string | undefined {
  if (key === "") return undefined;
  checkKey("owner_key", key);
  return hashOfKey(key);
}

/**
 * Sees that a key can be one: printable ASCII, not too short to guess.
 *
 * @param what for the error: `hello.entrant_key`
 * @throws KEY_REFUSED
 */
export function checkKey(what: string, key: string): void {
  if (key.length >= LENGTHS.min && key.length <= LENGTHS.max && /^[!-~]+$/.test(key)) return;
  throw new IcrlError(
    "KEY_REFUSED",
    `${what} has ${key.length} characters: give ${LENGTHS.min} to ${LENGTHS.max} printable ASCII ones, no spaces`,
  );
}
