/** How far the labels of a server's dataset are, by its metrics: who labels may be a program that tells nothing. */

import type { JobListener } from "../listener.js";

/** Trials and steps. */
export interface LabelledSoFar {
  /** Trials labelled since the labels were first asked for. */
  readonly trials: number;
  /** Trials that had no such labels then. */
  readonly total: number;
  /** Of everything that the server was asked for. */
  readonly steps: number;
}

/** How long the server may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Asks a server that one expert labels on.
 *
 * @param url of its metrics
 * @returns undefined where it does not answer, or nobody has asked for labels yet
 */
export async function labelledSoFar(url: string): Promise<LabelledSoFar | undefined> {
  const text = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })
    .then((answer) => answer.text())
    .catch(() => undefined);
  return text === undefined ? undefined : parsed(text);
}

function parsed(text: string): LabelledSoFar | undefined {
  const lines = text.split("\n");
  const value = (sample: string) => {
    const line = lines.find((one) => one.startsWith(`${sample} `));
    return Number(line?.slice(sample.length + 1) ?? 0);
  };
  const trials = value('icrl_label_trials{state="labelled"}');
  const total = trials + value('icrl_label_trials{state="left"}');
  return total === 0 ? undefined : { trials, total, steps: value("icrl_steps_total") };
}

/** Tells how far the labels of a name are. */
export function tellLabelled(name: string, { trials, total, steps }: LabelledSoFar, listener: JobListener): void {
  listener.update([{ name: `labels "${name}"`, done: trials, total, steps }]);
  if (trials === total) listener.doing(`writing the labels "${name}"`);
}
