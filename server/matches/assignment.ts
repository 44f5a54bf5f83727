/** What an entrant is given to play: a match of a tournament, or a part of a collection. */
import type { Reason } from "../../common/errors.js";
import type { Task } from "../tasks/task.js";
import type { TrialSource } from "./trial-source.js";

/** An assignment as the session that plays it sees it. */
export interface Assignment {
  readonly tournamentId?: string;
  readonly collectionId?: string;
  /** "<task id>/<entrant>" */
  readonly matchId: string;
  /** Id of the task in the tournament or the collection. */
  readonly taskId: string;
  readonly task: Task;
  readonly agentOptions: Readonly<Record<string, unknown>>;
  readonly source: TrialSource;
  /**
   * The log takes a trial only once it has ended, all its episodes side by side. Whether it takes one that was cut short for this
   * reason: not where the trial will be played again.
   */
  keepsTruncated(reason: Reason): boolean;
  /** Which part of a mixture of behaviours acts; undefined when there is no mixture. */
  readonly behaviourComponent?: string;
}

/** What can be assigned, as its schedule keeps it. */
export interface Assignable {
  readonly entrant: string;
  readonly source: TrialSource;
  /** Whether nothing of it is left to play. */
  readonly finished: boolean;
  /** Called when a session left it unfinished, or its entrant stayed away; with a text for people. See `Place.leave`. */
  abandoned(reason: Reason, message: string, unheard?: boolean): void;
}
