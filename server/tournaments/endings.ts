/** How tournaments end before their time, and are forgotten: by whoever may. */
import { IcrlError } from "../../common/errors.js";
import { requireKey, type Shown } from "../keys.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { LoadedEntry } from "./entry.js";
import type { Forfeit } from "./match.js";
import { howFar, type Slot, shown } from "./slot.js";
import type { TournamentEvent } from "./tournament-event.js";

/** Ways to end something. */
export interface Endings {
  /**
   * Forfeits matches of an entrant, as Tournament.forfeit does; that they are is on disk when this resolves.
   * @throws TOURNAMENT_UNKNOWN, ENTRANT_UNKNOWN, KEY_REFUSED, LOG_UNWRITABLE, SERVER_DRAINING
   */
  forfeit(id: string, entrant: string, forfeit: Forfeit, all: boolean, shown: Shown): Promise<string[]>;
  /**
   * Ends one that is not over; nothing changes of one that is. That it is cancelled is on disk when this resolves.
   * @throws TOURNAMENT_UNKNOWN, KEY_REFUSED, SERVER_DRAINING; LOG_UNWRITABLE: it has ended, and is written when it can be
   */
  cancel(id: string, shown: Shown): Promise<LoadedEntry>;
  /**
   * Forgets one that is over or cancelled. Its trials stay in the log, and none of them counts for one that is created later.
   * @throws TOURNAMENT_UNKNOWN, TOURNAMENT_RUNNING, KEY_REFUSED, SERVER_DRAINING, LOG_UNWRITABLE
   */
  delete(id: string, shown: Shown): Promise<void>;
}

/** What endings need of their server. */
export interface EndingsContext {
  readonly sink: TrajectorySink;
  readonly tell: (event: TournamentEvent) => void;
  /** A slot whose tournament may be changed now. @throws TOURNAMENT_UNKNOWN, SERVER_DRAINING */
  readonly slotOf: (id: string) => Slot;
  /** The slot's entry, with its results where it was finished before. */
  readonly loaded: (slot: Slot) => Promise<LoadedEntry>;
  /** Takes the slot away. */
  readonly forgotten: (slot: Slot) => void;
}

/** Endings of these tournaments. */
export function createEndings({ sink, tell, slotOf, loaded, forgotten }: EndingsContext): Endings {
  async function forget(slot: Slot): Promise<void> {
    // What was cut short by its end has its number then, below those of all that comes.
    await sink.seal();
    await slot.journal.remove();
    forgotten(slot);
    tell({ event: "tournament_deleted", tournamentId: slot.spec.id, name: slot.spec.name });
  }

  return {
    async forfeit(id, entrant, forfeit, all, key) {
      const slot = slotOf(id);
      const { owner, journal } = slot;
      const { tournament } = await loaded(slot);
      if (!tournament.lists(entrant)) {
        throw new IcrlError("ENTRANT_UNKNOWN", `tournament ${id} has no entrant "${entrant}"`, { entrant });
      }
      requireKey(`forfeiting matches of "${entrant}"`, [owner, tournament.keys.hashOf(entrant)], key);
      const given = tournament.forfeit(entrant, forfeit, all);
      await journal.durable();
      return given;
    },
    async cancel(id, key) {
      const slot = slotOf(id);
      requireKey(`cancelling tournament ${id}`, [slot.owner], key);
      const entry = await loaded(slot);
      const { tournament } = entry;
      if (!tournament.over && !tournament.cancelled) {
        tournament.cancel();
        const { unfinished, trials: _, ...of } = howFar(entry);
        tell({ event: "tournament_cancelled", ...of, unfinished });
        slot.journal.append({ event: "cancelled", at: new Date().toISOString() });
      }
      await slot.journal.durable();
      return entry;
    },
    async delete(id, key) {
      const slot = slotOf(id);
      requireKey(`deleting tournament ${id}`, [slot.owner], key);
      const { finished, cancelled } = shown(slot);
      if (!finished && !cancelled) {
        throw new IcrlError("TOURNAMENT_RUNNING", `tournament ${id} is not over: cancel it before it is deleted`, {
          tournament: id,
        });
      }
      slot.deleting = forget(slot).finally(() => (slot.deleting = undefined));
      await slot.deleting;
    },
  };
}
