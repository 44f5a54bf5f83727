/**
 * What every `TrajectorySink` must do, wherever it keeps its episodes, as rules that can be run over any of them. A rule gives the
 * first violation it finds, or undefined. What a power cut leaves can be seen by no test: "survives" is the death of the process here.
 */
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "#icrl/common/errors.js";
import { TRAJECTORY_COLUMNS, type TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import type { EpisodeRecord, TrajectorySink } from "#icrl/server/trajectories/sink.js";
import { randomEpisode } from "../server/trajectories/random-episodes.mjs";

/** Where a sink keeps its episodes, as a test handles it; empty at first. */
export interface SinkPlace {
  /** Opens it for writing: again after a close, and in vain while it is open. */
  open(): Promise<TrajectorySink>;
  /** Opens it though it is open, as somebody does to whom its writer looks dead. */
  takeOver(): Promise<TrajectorySink>;
  /** What a reader sees now, in order. */
  read(): Promise<TrajectoryRow[]>;
  /** What would be found if the process died at this very moment: when it is called, not when it resolves. */
  survivors(): Promise<TrajectoryRow[]>;
  /** Makes writes fail, or succeed again. Called while everything appended is sealed. */
  setWritable(writable: boolean): void;
  /** Deletes it, open or not. */
  remove(): Promise<void>;
}

/** A rule and how to find a violation of it. */
export interface SinkRule {
  readonly title: string;
  violation(place: () => SinkPlace): Promise<string | undefined>;
}

/** How long anything that must happen may take: only what hangs takes so long. */
const PATIENCE_MS = 60_000;

/** Found by one of the checks below; its message is the violation. */
class Violation extends Error {}

function check(holds: boolean, violation: string): asserts holds {
  if (!holds) throw new Violation(violation);
}

/** What became of a promise: "resolved", the reason it was rejected with, or "neither" when patience ends. */
async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, "neither resolved nor rejected");
  });
  const outcome = promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof IcrlError ? error.reason : String(error)),
  );
  const first = await Promise.race([outcome, impatience]);
  clearTimeout(timer);
  return first;
}

async function mustResolve(promise: Promise<unknown>, what: string): Promise<void> {
  const outcome = await outcomeOf(promise);
  check(outcome === "resolved", `${what}: ${outcome}`);
}

/** What a call threw: its reason, or "nothing". */
function thrownBy(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof IcrlError ? error.reason : String(error);
  }
  return "nothing";
}

/** The rows are these episodes, in this order, in all columns. */
function checkRows(rows: readonly TrajectoryRow[], episodes: readonly EpisodeRecord[], what: string): void {
  for (const [i, episode] of episodes.entries()) {
    const expected = recordRow(episode);
    const row = rows.at(i);
    check(row !== undefined, `${what}: there are ${rows.length} of ${episodes.length} episodes`);
    const column = TRAJECTORY_COLUMNS.find(({ name }) => !isDeepStrictEqual(row[name], expected[name]))?.name;
    check(
      column === undefined,
      `${what}: ${column} of episode ${i} is ${String(column && row[column])}, not ${String(column && expected[column])}`,
    );
  }
  check(rows.length === episodes.length, `${what}: there are ${rows.length} of ${episodes.length} episodes`);
}

const episodesFrom = (first: number, count: number): EpisodeRecord[] =>
  Array.from({ length: count }, (_, i) => randomEpisode(first + i));

function appendAll(sink: TrajectorySink, episodes: readonly EpisodeRecord[]): number {
  let last = 0;
  for (const episode of episodes) last = sink.append(episode);
  return last;
}

/** Every column at the ends of its range, and with and without all that can be absent. */
function extremeEpisodes(): EpisodeRecord[] {
  const plain = randomEpisode(0);
  const most = 2n ** 64n - 1n;
  const large = { trialIndex: most, taskSeed: most, noiseSeed: 2n ** 53n + 1n, agentSeed: 2n ** 63n };
  const three = { length: 3, actions: Int32Array.of(0, 1, 2 ** 31 - 1), optimalActions: Int32Array.of(2, 1, 0) };
  const floats = [Math.fround(0.1), -0, 3.4028234663852886e38] as const; // the last is the largest float32
  const filled: EpisodeRecord = {
    ...plain,
    ...large,
    ...three,
    run: {
      ...plain.run,
      tournamentId: "t",
      collectionId: "c",
      entrant: "ü ✓",
      taskId: "ß",
      tagsJson: JSON.stringify({ "a\n": '"' }),
    },
    envIndex: 2 ** 31 - 1,
    startedAtMs: 1_700_000_000_001,
    agentMs: 1 / 3,
    return: 0.1 + 0.2,
    optimalValue: -0,
    regret: Number.MIN_VALUE,
    observations: Int32Array.of(0, 1, 2, 2 ** 31 - 1),
    stepFeatures: Float32Array.of(...floats, ...floats),
    rewards: Float32Array.of(...floats),
    propensities: Float32Array.of(Number.NaN, 1, Math.fround(1e-30)),
    probabilities: Float32Array.of(0.25, 0.75, Number.NaN, Number.NaN, 1, 0),
    seriesSeed: 2n ** 64n - 1n,
    regrets: Float32Array.of(...floats),
    trialFeatures: Float32Array.of(...floats),
  };
  const none = undefined;
  const absent = {
    ...{ optimalValue: none, regret: none, observations: none, stepFeatures: none },
    ...{ propensities: none, probabilities: none, seriesSeed: none },
  };
  const nothing = new Int32Array(0);
  return [
    filled,
    {
      ...filled,
      ...absent,
      run: { ...filled.run, tournamentId: none, entrant: none, purpose: none, privileged: true },
      trialFeatures: none,
      terminated: false,
      truncated: true,
      endReason: "AGENT_CLOSED",
    },
    { ...filled, propensities: Float32Array.of(Number.NaN, Number.NaN, Number.NaN) },
    {
      ...filled,
      ...absent,
      length: 0,
      actions: nothing,
      optimalActions: nothing,
      rewards: new Float32Array(0),
      regrets: new Float32Array(0),
      propensities: new Float32Array(0),
      observations: Int32Array.of(5),
      stepFeatures: new Float32Array(0),
    },
    filled,
  ];
}

const ARRAYS = [
  "observations",
  "stepFeatures",
  "actions",
  "rewards",
  "propensities",
  "probabilities",
  "regrets",
  "optimalActions",
  "trialFeatures",
] as const satisfies readonly (keyof EpisodeRecord)[];

async function numbersInOrder(place: SinkPlace): Promise<void> {
  for (const count of [7, 3]) {
    const sink = await place.open();
    check(sink.durable === 0, `durable is ${sink.durable} before anything was appended`);
    check(sink.writable, "it is not writable though nothing has failed");
    check(sink.failures === 0, `${sink.failures} failures before anything was written`);
    for (let i = 1; i <= count; i++) {
      const number = sink.append(randomEpisode(i));
      check(number === i, `episode ${i} of this open has number ${number}`);
    }
    await mustResolve(sink.close(), "close");
  }
}

async function appendDoesNotWait(place: SinkPlace): Promise<void> {
  const sink = await place.open();
  place.setWritable(false);
  // Whoever waits for the disk learns in the first append that it cannot be written, and refuses the second.
  for (const turn of ["first", "second"]) {
    const thrown = thrownBy(() => sink.append(randomEpisode(1)));
    check(thrown === "nothing", `the ${turn} append of a turn knows already what the disk says: ${thrown}`);
  }
  check(sink.durable === 0, "episodes are durable in the turn in which they were appended, on a disk that takes none");
  await outcomeOf(sink.whenDurable(2));
  place.setWritable(true);
  await sink.probe();
  await sink.close();
}

async function appendCopies(place: SinkPlace): Promise<void> {
  const sink = await place.open();
  const kept = episodesFrom(0, 20);
  for (let i = 0; i < kept.length; i++) {
    const shown: EpisodeRecord = randomEpisode(i);
    sink.append(shown);
    for (const name of ARRAYS) shown[name]?.fill(9);
  }
  await mustResolve(sink.close(), "close");
  checkRows(await place.read(), kept, "after the arrays were used again");
}

async function durableSurvives(place: SinkPlace): Promise<void> {
  const sink = await place.open();
  const episodes = episodesFrom(0, 30);
  const last = appendAll(sink, episodes);
  let durableThen = last;
  const durable = sink.whenDurable(last).then(() => {
    durableThen = sink.durable;
  });
  durable.catch(() => {}); // told below
  const start = performance.now();
  for (let seen = 0; seen < last; ) {
    check(
      performance.now() - start < PATIENCE_MS,
      `durable stays at ${sink.durable} of ${last} though nothing is in its way`,
    );
    const now = sink.durable;
    check(now >= seen, `durable has fallen from ${seen} to ${now}`);
    if (now > seen && (seen === 0 || now === last)) {
      check(now <= last, `durable is ${now} of ${last} appended`);
      const survivors = await place.survivors();
      check(survivors.length >= now, `durable is ${now}, and ${survivors.length} survive`);
      checkRows(survivors.slice(0, now), episodes.slice(0, now), "of those that survive");
    } else await new Promise((resolve) => setImmediate(resolve));
    seen = now;
  }
  await mustResolve(durable, `whenDurable(${last})`);
  check(durableThen === last, `whenDurable(${last}) resolved when durable was ${durableThen}`);
  await mustResolve(sink.whenDurable(1), "whenDurable of what is durable already");
  await mustResolve(sink.close(), "close");
}

/** A sink with `kept` sealed, and then appended to, turn after turn, until it is known that the disk takes nothing; the last numbers. */
async function failed(place: SinkPlace, kept: readonly EpisodeRecord[]) {
  const sink = await place.open();
  const before = appendAll(sink, kept);
  await mustResolve(sink.whenDurable(before), "whenDurable before any failure");
  await mustResolve(sink.seal(), "seal before any failure");
  place.setWritable(false);
  const lost = episodesFrom(1_000, 3);
  let after = appendAll(sink, lost);
  const start = performance.now();
  for (let thrown = "nothing"; thrown === "nothing"; ) {
    check(performance.now() - start < PATIENCE_MS, "a disk that takes nothing goes unnoticed");
    await new Promise((resolve) => setImmediate(resolve));
    if (sink.failures > 0) break;
    thrown = thrownBy(() => {
      after = sink.append(lost[after % lost.length]);
    });
  }
  for (const number of [before + 1, after]) {
    const outcome = await outcomeOf(sink.whenDurable(number));
    check(outcome === "LOG_UNWRITABLE", `whenDurable of what cannot be written: ${outcome}`);
  }
  return { sink, before, after };
}

async function failuresAreTold(place: SinkPlace): Promise<void> {
  const { sink, before } = await failed(place, episodesFrom(0, 4));
  check(sink.failures >= 1, "a failed write is not counted");
  check(!sink.writable, "it says that it is writable after a write that failed");
  check(sink.durable === before, `durable is ${sink.durable} where ${before} could be written`);
  const thrown = thrownBy(() => sink.append(randomEpisode(9)));
  check(thrown === "LOG_UNWRITABLE", `append after a write that failed throws ${thrown}`);
  const sealed = await outcomeOf(sink.seal());
  check(sealed === "LOG_UNWRITABLE", `seal of what could not be written: ${sealed}`);
  check(!(await sink.probe()), "probe says that a disk can be written that takes nothing");
  check(!sink.writable, "it is writable after a probe in vain");
  place.setWritable(true);
  await sink.probe();
  await outcomeOf(sink.close());
}

async function probeRecovers(place: SinkPlace): Promise<void> {
  const kept = episodesFrom(0, 4);
  const { sink, after } = await failed(place, kept);
  place.setWritable(true);
  check(await sink.probe(), "probe finds that the disk cannot be written though it can again");
  check(sink.writable, "it is not writable after a probe that succeeded");
  check(sink.failures >= 1, "probe has forgotten the failures");
  const later = episodesFrom(7, 5);
  const first = sink.append(later[0]);
  check(first > after, `the first episode after the failure has number ${first}, which was given before`);
  const last = appendAll(sink, later.slice(1));
  await mustResolve(sink.whenDurable(last), "whenDurable after a probe that succeeded");
  for (const number of [kept.length + 1, after]) {
    const lost = await outcomeOf(sink.whenDurable(number));
    check(lost === "LOG_UNWRITABLE", `whenDurable of what was lost before the probe: ${lost}`);
  }
  await mustResolve(sink.close(), "close");
  checkRows(await place.read(), [...kept, ...later], "what was written before a failure and after it");
}

async function sealShows(place: SinkPlace): Promise<void> {
  const sink = await place.open();
  const episodes = episodesFrom(0, 6);
  for (const from of [0, 3]) {
    appendAll(sink, episodes.slice(from, from + 3));
    await mustResolve(sink.seal(), "seal");
    check(sink.durable === from + 3, `after seal durable is ${sink.durable} of ${from + 3}`);
    checkRows(await place.read(), episodes.slice(0, from + 3), "after seal");
  }
  await mustResolve(sink.seal(), "seal with nothing new");
  await mustResolve(sink.close(), "close");
}

async function closeIsComplete(place: SinkPlace): Promise<void> {
  const episodes = episodesFrom(0, 400);
  for (const [from, to] of [
    [0, 300],
    [300, 300],
    [300, 400],
  ]) {
    const sink = await place.open();
    check(sink.tornBytes === 0, `${sink.tornBytes} bytes were torn by a close`);
    appendAll(sink, episodes.slice(from, to));
    await mustResolve(sink.close(), "close");
    const thrown = thrownBy(() => sink.append(episodes[0]));
    check(thrown === "LOG_UNWRITABLE", `append after close throws ${thrown}`);
  }
  checkRows(await place.read(), episodes, "after three opens");
}

async function columnsAreKept(place: SinkPlace): Promise<void> {
  const episodes = extremeEpisodes();
  const sink = await place.open();
  appendAll(sink, episodes);
  await mustResolve(sink.close(), "close");
  checkRows(await place.read(), episodes, "extreme values");
}

async function backlogFalls(place: SinkPlace): Promise<void> {
  const sink = await place.open();
  check(sink.backlogBytes === 0, `${sink.backlogBytes} bytes wait before anything was appended`);
  for (let round = 0; round < 2; round++) {
    const last = appendAll(sink, episodesFrom(0, 5));
    check(sink.backlogBytes > 0, "episodes were appended and no bytes wait");
    await mustResolve(sink.whenDurable(last), "whenDurable");
    check(sink.backlogBytes === 0, `${sink.backlogBytes} bytes wait though everything is durable`);
  }
  await mustResolve(sink.close(), "close");
}

async function oneWriter(place: SinkPlace): Promise<void> {
  const sink = await place.open();
  const second = await outcomeOf(place.open());
  check(second === "LOG_LOCKED", `opening it a second time: ${second}`);
  const episodes = episodesFrom(0, 2);
  appendAll(sink, episodes);
  await mustResolve(sink.close(), "close");
  await mustResolve(
    place.open().then((again) => again.close()),
    "opening it after a close",
  );
  checkRows(await place.read(), episodes, "what the first writer wrote");
}

async function replacedStops(place: SinkPlace): Promise<void> {
  const first = await place.open();
  const kept = episodesFrom(0, 4);
  await mustResolve(first.whenDurable(appendAll(first, kept)), "whenDurable of the first writer");
  check(thrownBy(() => first.mustHold()) === "nothing", "a writer that was not replaced does not hold its place");
  const second = await place.takeOver();
  // Whoever slept does not know yet; one that looks at its place now and then may know already.
  let late = 0;
  const refused = thrownBy(() => {
    late = appendAll(first, episodesFrom(100, 3));
  });
  const told = refused === "nothing" ? await outcomeOf(first.whenDurable(late)) : refused;
  check(told === "LOG_UNWRITABLE", `whenDurable of a writer that was replaced: ${told}`);
  const holds = thrownBy(() => first.mustHold());
  check(holds === "LOG_UNWRITABLE", `mustHold of a writer that was replaced throws ${holds}`);
  check(first.durable === kept.length, `durable of a writer that was replaced is ${first.durable} of ${kept.length}`);
  check(!first.writable, "a writer that was replaced says that it can write");
  check(!(await first.probe()), "a writer that was replaced can write again by probe");
  const thrown = thrownBy(() => first.append(randomEpisode(9)));
  check(thrown === "LOG_UNWRITABLE", `append of a writer that was replaced throws ${thrown}`);
  const taken = episodesFrom(50, 5);
  await mustResolve(second.whenDurable(appendAll(second, taken)), "whenDurable of the second writer");
  await outcomeOf(first.close());
  const third = await outcomeOf(place.open());
  check(third === "LOG_LOCKED", `opening it after the one that was replaced has closed: ${third}`);
  const more = episodesFrom(70, 5);
  appendAll(second, more);
  await mustResolve(second.close(), "close of the second writer");
  checkRows(await place.read(), [...kept, ...taken, ...more], "what both had acknowledged");
}

const rule = (title: string, find: (place: SinkPlace) => Promise<void>): SinkRule => ({
  title,
  async violation(newPlace) {
    const place = newPlace();
    try {
      await find(place);
      return undefined;
    } catch (error) {
      if (error instanceof Violation) return error.message;
      return `it failed: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      await place.remove();
    }
  },
});

/** The rules. */
export const SINK_RULES: readonly SinkRule[] = [
  rule("numbers episodes from 1 in order, in every open", numbersInOrder),
  rule("does not wait for the disk in append", appendDoesNotWait),
  rule("copies what is appended", appendCopies),
  rule("calls nothing durable that would not survive", durableSurvives),
  rule("tells of writes that fail, counts them, and refuses more", failuresAreTold),
  rule("recovers by probe, and has lost what it said and no more", probeRecovers),
  rule("shows everything to readers after seal", sealShows),
  rule("has everything, once and in order, after close and over opens", closeIsComplete),
  rule("keeps every column as it was given", columnsAreKept),
  rule("lets its backlog fall to 0", backlogFalls),
  rule("has one writer at a time", oneWriter),
  rule("acknowledges nothing once another has taken its place", replacedStops),
];

/** Titles of the rules that a sink violates, each with what was seen. */
export async function sinkViolations(place: () => SinkPlace): Promise<string[]> {
  const found: string[] = [];
  for (const { title, violation } of SINK_RULES) {
    const seen = await violation(place);
    if (seen !== undefined) found.push(`${title}: ${seen}`);
  }
  return found;
}
