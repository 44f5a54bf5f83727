/**
 * Keys of a schedule's entrants: who once entered with a key, or was given one beforehand, is known by it from then on, so that nobody else
 * plays under the name. A name whose first session showed none belongs to whoever comes.
 */
import { IcrlError } from "../../common/errors.js";
import { checkKey, hashOfKey, isKeyOf } from "../keys.js";

/** The keys of one schedule's entrants. */
export interface EntrantKeys {
  /** Hash of an entrant's key; undefined where it has none. */
  hashOf(entrant: string): string | undefined;
  /** A session enters, with a key or without. @throws KEY_REFUSED */
  admit(entrant: string, key: string | undefined): void;
  /** Sees that `give` would take it. @throws KEY_REFUSED */
  checkGiven(entrant: string, key: string): void;
  /** Gives an entrant a key before its first session comes. @throws KEY_REFUSED */
  give(entrant: string, key: string): void;
  /** Goes on with what was kept. */
  restore(hashes: ReadonlyMap<string, string>): void;
}

/**
 * No keys yet.
 *
 * @param schedule for error texts: `tournament 12ab`
 * @param kept told the hash of each key that becomes an entrant's
 */
export function createEntrantKeys(schedule: string, kept: (entrant: string, hash: string) => void): EntrantKeys {
  const hashes = new Map<string, string>();
  /** Entrants whose first session showed none. */
  const keyless = new Set<string>();

  const is = (entrant: string, key: string): boolean => {
    const hash = hashes.get(entrant);
    return hash !== undefined && isKeyOf(hash, key);
  };

  function refuse(entrant: string, why: string): never {
    throw new IcrlError("KEY_REFUSED", `entrant "${entrant}" of ${schedule} ${why}`);
  }

  function check(what: string, entrant: string, key: string): void {
    checkKey(what, key);
    if (keyless.has(entrant)) {
      refuse(entrant, "came without a key at first, so that anybody may play under its name: come without one");
    }
    if (hashes.has(entrant) && !is(entrant, key)) refuse(entrant, `has another key: give ${what} as it was at first`);
  }

  function keep(entrant: string, key: string): void {
    if (hashes.has(entrant)) return;
    const hash = hashOfKey(key);
    hashes.set(entrant, hash);
    kept(entrant, hash);
  }

  return {
    hashOf: (entrant) => hashes.get(entrant),
    admit(entrant, key) {
      if (key !== undefined) {
        check("hello.entrant_key", entrant, key);
        keep(entrant, key);
      } else if (hashes.has(entrant)) refuse(entrant, "has a key: show it as hello.entrant_key (ICRL_ENTRANT_KEY)");
      else keyless.add(entrant);
    },
    checkGiven: (entrant, key) => check("entrant_keys", entrant, key),
    give(entrant, key) {
      check("entrant_keys", entrant, key);
      keep(entrant, key);
    },
    restore(earlier) {
      for (const [entrant, hash] of earlier) hashes.set(entrant, hash);
    },
  };
}
