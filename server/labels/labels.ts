/** The labels that a server's dataset is given: those that are being made, by name. */
import { IcrlError } from "../../common/errors.js";
import { requireLog } from "../../datasets/log/log-folder.js";
import type { LabelRequest, LabelSeat, Labels } from "../sessions/labels.js";
import type { Limits } from "../sessions/limits.js";
import { type LabelCounts, type Labelling, openLabelling } from "./labelling.js";

/** The labels of a dataset. */
export interface DatasetLabels extends Labels {
  /** Trials of all labels that are being made, or were last. */
  readonly trials: LabelCounts;
  /** Stops making them. */
  close(): void;
}

/**
 * Labels of the dataset in `dir`.
 * @throws NOT_A_LOG if it has no shards
 */
export function createLabels(dir: string, limits: Limits): DatasetLabels {
  requireLog(dir);
  const labellings = new Map<string, Promise<Labelling>>();
  /** Those that are open, or were last. */
  const opened = new Map<string, Labelling>();
  let closed = false;

  /** The labelling of a name; a new one when there is none, or when it is over: there may be more shards now. */
  async function labellingOf(name: string): Promise<Labelling> {
    for (;;) {
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
      const opening = labellings.get(name) ?? openLabelling(dir, name, limits);
      labellings.set(name, opening);
      const current = await opening.catch(() => undefined);
      if (current !== undefined) opened.set(name, current);
      if (current !== undefined && !current.over && !closed) return current;
      if (labellings.get(name) === opening) labellings.delete(name);
      if (current === undefined) return opening; // fails, as it failed for whoever began it
    }
  }

  async function enter(request: LabelRequest, seat: LabelSeat, hasLeft: () => boolean): Promise<Labelling | undefined> {
    try {
      for (;;) {
        const labelling = await labellingOf(request.name);
        if (labelling.over) continue; // since a moment
        if (hasLeft() || (await labelling.request(request, seat))) return labelling;
      }
    } catch (error) {
      if (!hasLeft()) seat.fail(error);
      return undefined;
    }
  }

  return {
    get trials() {
      const counts = { labelled: 0, left: 0 };
      for (const { trials } of opened.values()) {
        counts.labelled += trials.labelled;
        counts.left += trials.left;
      }
      return counts;
    },
    request(request, seat) {
      let left = false;
      const entered = enter(request, seat, () => left);
      return () => {
        left = true;
        void entered.then((labelling) => labelling?.leave(seat));
      };
    },
    close() {
      closed = true;
      for (const labelling of labellings.values()) void labelling.then((open) => open.close()).catch(() => {});
    },
  };
}
