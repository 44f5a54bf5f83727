import { describe, expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { createRecentEpisodes } from "#icrl/server/http/recent-episodes.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import type { TrajectorySink } from "#icrl/server/trajectories/sink.js";
import { logPlace } from "../support/log-place.js";
import { type MemorySinkParts, memoryPlace } from "../support/memory-sink.js";
import { SINK_RULES, type SinkPlace } from "./sink.js";

/** Every sink there is. */
const SINKS: readonly [name: string, place: () => SinkPlace][] = [
  ["the log, durable by fsync", () => logPlace({ durability: "fsync" })],
  [
    "the log, durable for the process, in tiny commits and segments",
    () => logPlace({ durability: "process", commitRows: 3, segmentBytes: 20_000 }),
  ],
  [
    "a sink as the live page watches it",
    () => {
      const place = memoryPlace();
      return { ...place, open: async () => createRecentEpisodes(() => 0).watch(await place.open()) };
    },
  ],
];

for (const [name, place] of SINKS) {
  describe(name, () => {
    for (const { title, violation } of SINK_RULES) {
      test(title, async () => expect(await violation(place)).toBeUndefined());
    }
  });
}

/** The sink but for some members. */
function but(sink: TrajectorySink, changes: Partial<TrajectorySink>): TrajectorySink {
  return new Proxy(sink, {
    get(target, key) {
      const value: unknown = Reflect.get(key in changes ? changes : target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A sink that is sound but for some members of what is handed out. */
const handingOut = (change: (sink: TrajectorySink) => Partial<TrajectorySink>): Partial<MemorySinkParts> => ({
  sink: (sink) => but(sink, change(sink)),
});

/** A sink that keeps a row but for some columns. */
const keeping = (change: (row: TrajectoryRow) => Partial<TrajectoryRow>): Partial<MemorySinkParts> => ({
  row(episode) {
    const row = structuredClone(recordRow(episode));
    return { ...row, ...change(row) };
  },
});

/** Broken sinks and the one rule, at least, that each of them must not pass. */
const BROKEN: readonly [what: string, title: string, parts: Partial<MemorySinkParts>][] = [
  [
    "counts from 0",
    "numbers episodes from 1 in order, in every open",
    handingOut((sink) => ({ append: (episode) => sink.append(episode) - 1 })),
  ],
  [
    "writes within append",
    "does not wait for the disk in append",
    handingOut((sink) => ({
      append(episode) {
        const number = sink.append(episode);
        void sink.seal().catch(() => {});
        return number;
      },
    })),
  ],
  ["keeps the arrays themselves", "copies what is appended", { row: recordRow }],
  [
    "acknowledges before it has written",
    "calls nothing durable that would not survive",
    handingOut((sink) => {
      let appended = 0;
      return {
        append: (episode) => (appended = sink.append(episode)),
        get durable() {
          return appended;
        },
      };
    }),
  ],
  [
    "resolves whenDurable at once",
    "calls nothing durable that would not survive",
    handingOut(() => ({ whenDurable: () => Promise.resolve() })),
  ],
  ["swaps two rows", "calls nothing durable that would not survive", { written: (rows) => rows.toReversed() }],
  [
    "swallows failures",
    "tells of writes that fail, counts them, and refuses more",
    handingOut((sink) => ({ whenDurable: (number) => sink.whenDurable(number).catch(() => {}) })),
  ],
  [
    "does not count failures",
    "tells of writes that fail, counts them, and refuses more",
    handingOut(() => ({ failures: 0 })),
  ],
  [
    "says it is writable when it is not",
    "tells of writes that fail, counts them, and refuses more",
    handingOut(() => ({ writable: true })),
  ],
  [
    "takes and drops episodes after a failure",
    "tells of writes that fail, counts them, and refuses more",
    handingOut((sink) => ({ append: (episode) => (sink.writable ? sink.append(episode) : 99) })),
  ],
  [
    "claims to have recovered when asked",
    "tells of writes that fail, counts them, and refuses more",
    handingOut((sink) => ({ probe: async () => (await sink.probe()) || true })),
  ],
  [
    "never recovers",
    "recovers by probe, and has lost what it said and no more",
    handingOut(() => ({ probe: async () => false })),
  ],
  [
    "forgets after a probe what was lost",
    "recovers by probe, and has lost what it said and no more",
    handingOut((sink) => ({
      whenDurable: (number) => (number <= sink.durable ? Promise.resolve() : sink.whenDurable(number)),
    })),
  ],
  ["seals without writing", "shows everything to readers after seal", handingOut(() => ({ seal: async () => {} }))],
  [
    "loses the last row at close",
    "has everything, once and in order, after close and over opens",
    { atClose: (rows) => rows.slice(0, -1) },
  ],
  [
    "writes a row again at close",
    "has everything, once and in order, after close and over opens",
    { atClose: (rows) => [...rows, ...rows.slice(-1)] },
  ],
  [
    "takes episodes after close",
    "has everything, once and in order, after close and over opens",
    handingOut((sink) => {
      let closed = false;
      return {
        append: (episode) => (closed ? 1 : sink.append(episode)),
        close: () => {
          closed = true;
          return sink.close();
        },
      };
    }),
  ],
  [
    "keeps seeds as numbers",
    "keeps every column as it was given",
    keeping((row) => ({ task_seed: row.task_seed === null ? null : BigInt(Number(row.task_seed)) })),
  ],
  [
    "takes an unknown propensity for 0",
    "keeps every column as it was given",
    keeping(({ propensities }) => ({ propensities: propensities?.map((p) => p || 0) ?? null })),
  ],
  [
    "takes an absent regret for 0",
    "keeps every column as it was given",
    keeping(({ regret }) => ({ regret: regret ?? 0 })),
  ],
  ["drops the features of steps", "keeps every column as it was given", keeping(() => ({ step_features: null }))],
  [
    "takes an empty list for none",
    "keeps every column as it was given",
    keeping(({ step_features: features }) => ({ step_features: features?.length === 0 ? null : features })),
  ],
  [
    "keeps times in seconds",
    "keeps every column as it was given",
    keeping((row) => ({ started_at: Math.floor(row.started_at / 1000) * 1000 })),
  ],
  [
    "never lets its backlog fall",
    "lets its backlog fall to 0",
    handingOut((sink) => {
      let bytes = 0;
      return {
        append(episode) {
          bytes += 100;
          return sink.append(episode);
        },
        get backlogBytes() {
          return bytes;
        },
      };
    }),
  ],
  ["knows of no backlog", "lets its backlog fall to 0", handingOut(() => ({ backlogBytes: 0 }))],
  ["lets two write", "has one writer at a time", { locks: false }],
  [
    "goes on when another has taken its place",
    "acknowledges nothing once another has taken its place",
    { fences: false },
  ],
  [
    "says that it holds a place that another has",
    "acknowledges nothing once another has taken its place",
    handingOut(() => ({ mustHold() {} })),
  ],
  [
    "gives back what another has taken",
    "acknowledges nothing once another has taken its place",
    { releasesAnothers: true },
  ],
];

describe("the rules", () => {
  test("accept the sink behind the broken ones", async () => {
    for (const { title, violation } of SINK_RULES) expect(await violation(() => memoryPlace()), title).toBeUndefined();
  });

  test.each(BROKEN)("find a sink that %s", async (_, title, parts) => {
    const rule = SINK_RULES.find((candidate) => candidate.title === title);
    expect(await rule?.violation(() => memoryPlace(parts))).toBeDefined();
  });

  test("find a sink that only rejects what it should not", async () => {
    const rejecting = handingOut(() => ({
      whenDurable: () => Promise.reject(new IcrlError("LOG_UNWRITABLE", "always")),
    }));
    for (const { title, violation } of SINK_RULES) {
      const found = await violation(() => memoryPlace(rejecting));
      if (title === "calls nothing durable that would not survive") expect(found).toMatch(/LOG_UNWRITABLE/);
    }
  });

  test("are each broken by one of the broken sinks", () => {
    expect(new Set(BROKEN.map(([, title]) => title))).toEqual(new Set(SINK_RULES.map(({ title }) => title)));
  });
});
