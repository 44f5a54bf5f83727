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
