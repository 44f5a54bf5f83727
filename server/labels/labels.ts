/** The labels that a server's dataset is given: those that are being made, by name. */
import { IcrlError } from "../../common/errors.js";
import { requireLog } from "../../datasets/log/log-folder.js";
import type { LabelRequest, LabelSeat, Labels } from "../sessions/labels.js";
import type { Limits } from "../sessions/limits.js";
import { type LabelCounts, type Labelling, openLabelling } from "./labelling.js";

/** The labels of a dataset. */
export interface DatasetLabels extends Labels {
  /** Trials of all labels that are being made, and of those that were: what is left of those nobody labels. */
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
  /** Those that are being made: one that is over is forgotten, so that any number of names come and go. */
  const labellings = new Map<string, Promise<Labelling>>();
  /** Those of them that are open. */
  const opened = new Map<string, Labelling>();
  let labelledBefore = 0;
  let closed = false;

  /** The labelling of a name; a new one when there is none, or when it is over: there may be more shards now. */
  function labellingOf(name: string): Promise<Labelling> {
    const known = labellings.get(name);
    if (known !== undefined) return known;
    const opening = openLabelling(dir, name, limits, (labelled) => {
      labellings.delete(name);
      opened.delete(name);
      labelledBefore += labelled;
    });
    labellings.set(name, opening);
    opening.then(
      (labelling) => void (labelling.over || opened.set(name, labelling)),
      () => labellings.delete(name),
    );
    return opening;
  }

  async function enter(request: LabelRequest, seat: LabelSeat, hasLeft: () => boolean): Promise<Labelling | undefined> {
    try {
      for (;;) {
        if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: connect again later");
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
      const counts = { labelled: labelledBefore, left: 0 };
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
