/** Which tournaments are in memory: of those that are over the ones that were of use last. The others are read again when somebody asks. */
import type { LoadedEntry } from "./entry.js";
import type { JournalRecord } from "./journal.js";
import { type Slot, shown } from "./slot.js";
import { tournamentBytes } from "./spec.js";

/** Most tournaments that are over and in memory. */
const MOST_KEPT = 32;

/** Most that they may take together, in bytes; the one that was used last may take more. */
const MOST_KEPT_BYTES = 64 << 20;

/** Tournaments in memory. */
export interface InMemory {
  /** The slot's entry, with its results where it was finished before: whoever asks while it is read waits, too. */
  loaded(slot: Slot): Promise<LoadedEntry>;
  /** It is in memory from now on, until it is over and put away. */
  placed(slot: Slot, entry: LoadedEntry): void;
  /** It is gone. */
  forget(slot: Slot): void;
}

/**
 * None yet.
 *
 * @param load brings a slot's tournament into memory
 * @param recordOf what a slot's journal says by now; undefined where it cannot be read
 */
export function inMemory(
  load: (slot: Slot) => Promise<LoadedEntry>,
  recordOf: (slot: Slot) => JournalRecord | undefined,
): InMemory {
  const shelf = createShelf(recordOf);

  function placed(slot: Slot, entry: LoadedEntry): void {
    slot.entry = entry;
    entry.onChange(() => shelf.used(slot));
  }

  function loadOnce(slot: Slot): Promise<LoadedEntry> {
    slot.loading = load(slot).then((entry) => {
      if (slot.entry === undefined) placed(slot, entry);
      return entry;
    });
    return slot.loading;
  }

  return {
    placed,
    async loaded(slot) {
      const entry = await (slot.loading ?? slot.entry ?? loadOnce(slot));
      shelf.used(slot);
      return entry;
    },
    forget: shelf.remove,
  };
}

/** Tournaments that are over and in memory. */
interface Shelf {
  /** It has come to its end, or was asked for. One that is still played is passed over. */
  used(slot: Slot): void;
  /** It is gone. */
  remove(slot: Slot): void;
}

function createShelf(recordOf: (slot: Slot) => JournalRecord | undefined): Shelf {
  /** The one that was used last is the last one. */
  const kept = new Map<Slot, number>();
  let bytes = 0;

  function remove(slot: Slot): void {
    bytes -= kept.get(slot) ?? 0;
    kept.delete(slot);
  }

  /** Where the disk has not heard of its end yet it stays. */
  function putAway(slot: Slot): void {
    const isOnDisk = (record: JournalRecord | undefined) =>
      record?.finished !== undefined || record?.cancelled === true;
    const record = isOnDisk(slot.record) ? slot.record : recordOf(slot);
    if (!isOnDisk(record)) return;
    remove(slot);
    slot.record = record;
    slot.entry = undefined;
    slot.loading = undefined;
  }

  return {
    used(slot) {
      const { finished, cancelled } = shown(slot);
      if (slot.entry === undefined || (!finished && !cancelled)) return;
      remove(slot);
      const own = tournamentBytes(slot.spec);
      kept.set(slot, own);
      bytes += own;
      for (const old of [...kept.keys()]) {
        if (old === slot || (kept.size <= MOST_KEPT && bytes <= MOST_KEPT_BYTES)) return;
        putAway(old);
      }
    },
    remove,
  };
}
