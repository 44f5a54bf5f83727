/** What comes of checking a server or an agent, rule by rule. */

/** What came of one rule or scenario. */
export interface Outcome {
  /** Its name, by which it can be asked for. */
  readonly name: string;
  /** "skipped": it was not looked at; its notes say why. */
  readonly result: "holds" | "fails" | "skipped";
  /** What is wrong, each thing in a sentence; [] unless it fails. */
  readonly faults: readonly string[];
  /** What is no fault and worth knowing, each thing in a sentence. */
  readonly notes: readonly string[];
}

/** Whether nothing is wrong. */
export const allHold = (outcomes: readonly Outcome[]): boolean => outcomes.every(({ result }) => result !== "fails");

/** Whether a name is among those that were asked for: has one of the texts in it. All are where none was given. */
export const isAsked = (name: string, only: readonly string[]): boolean =>
  only.length === 0 || only.some((text) => name.toLowerCase().includes(text.toLowerCase()));
