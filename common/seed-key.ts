/** The most bytes of a tournament's seed key. */
export const MAX_SEED_KEY_BYTES = 64;

/** A seed key that people write as hexadecimal digits, in lower case; undefined where a text is none. */
export function seedKeyOf(text: string): string | undefined {
  return text.length <= 2 * MAX_SEED_KEY_BYTES && /^([0-9a-f]{2})*$/i.test(text) ? text.toLowerCase() : undefined;
}
