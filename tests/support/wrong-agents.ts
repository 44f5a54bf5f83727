/** Agents that do one thing wrong, in more than one language, and what the conformance kit says of each. */

/** What is wrong, the scenario that shows it, and a part of the sentence that tells it. */
export type WrongAgent = readonly [fault: string, scenario: string, sentence: string | RegExp];

/** Faults that wait until the kit loses its patience. */
export const IMPATIENT: ReadonlySet<string> = new Set([
  ...["says-no-hello", "never-answers", "never-leaves", "still-runs", "never-connects"],
  ...["never-resumes", "says-nothing-again", "says-hello-anew", "garbage"],
]);

/** Faults that every set of wrong agents has. */
export const EVERY_SET: readonly WrongAgent[] = [
  [
    "crashes-at-once",
    "one-trial",
    /^ended with exit code 1 and had opened no session; its last words: .*no file model.bin/i,
  ],
  ["other-version", "one-trial", "speaks protocol versions 2 to 3, and not 1"],
  ["no-entrant", "one-trial", "said hello without entrant: it was started with --entrant conformance"],
  ["opens-itself", "one-trial", "sent open, though it entered a tournament: there the server opens"],
  ["too-few", "inactive-envs", "answered step_index 0 with actions for 2 of 3 envs"],
  ["floats", "one-trial", "answered step_index 0 with actions of type float32, not int32"],
  ["column", "inactive-envs", "answered step_index 0 with actions of shape [3,1], not [3]"],
  ["out-of-range", "one-trial", "answered step_index 1 with action 5 in env 0: the task has actions 0 to 4"],
  ["takes-5-actions", "one-trial", "answered step_index 1 with action 4 in env 0: the task has actions 0 to 1"],
  ["takes-4-envs", "inactive-envs", "answered step_index 0 with actions for 4 of 3 envs"],
  ["counts-from-1", "one-trial", "answered step_index 0 with step_index 1"],
  ["answers-twice", "one-trial", "answered step_index 1 twice, the second time in other bytes"],
  ["propensity", "one-trial", "answered step_index 0 with propensity 1.5 in env 0: above 0 and at most 1, or NaN"],
  ["never-answers", "one-trial", "did not answer step_index 2 of bernoulli/conformance within 2 s"],
  ["crashes", "one-trial", /^ended with exit code 1 at step_index 2 of bernoulli\/conformance; .*index out of range/],
  ["leaves", "one-trial", "ended its stream in the middle of a match, at step_index 2 of bernoulli/conformance"],
  ["closes", "one-trial", "left a match unfinished, by close without a reason, at step_index 2 of bernoulli/"],
  ["goes-on", "one-trial", "went on after closed {finished}: sent actions"],
  ["never-leaves", "one-trial", "did not end its stream after closed {finished} within 2 s"],
  ["ends-with-3", "one-trial", "ended with exit code 3 after all was played, and not with 0"],
  ["takes-absent-active", "explicit", /^ended with exit code 1 at step_index 0 of bernoulli\/conformance/],
  ["fears-options", "options", /^ended with exit code 1 .*null is no number/],
  ["stops-at-draining", "draining", /^ended with exit code 1 at step_index/],
];
