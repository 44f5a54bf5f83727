import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import { type BatchBuilder, batchBuilder } from "#icrl/datasets/log/batch-builder.js";
import { readEpisodes } from "#icrl/datasets/log/read-episodes.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { createGroupCommit } from "#icrl/server/trajectories/group-commit.js";
import type { LogEvent } from "#icrl/server/trajectories/log-event.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import type { EpisodeRecord } from "#icrl/server/trajectories/sink.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { randomEpisode } from "./random-episodes.mjs";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "icrl-log-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** An episode whose run is of 30 MB. */
const fat = (episode: EpisodeRecord, megabytes: number): EpisodeRecord => ({
  ...episode,
  run: { ...episode.run, tagsJson: "t".repeat(megabytes << 20) },
});

const wrong: readonly [what: string, episode: EpisodeRecord, error: object][] = [
  [
    "an index that is no uint64",
    { ...randomEpisode(3), trialIndex: 3 as never },
    { message: /trial_index is no uint64/ },
  ],
  ["a text that is none", { ...randomEpisode(3), endReason: 7 as never }, { message: /end_reason is no utf8/ }],
  ["no time", { ...randomEpisode(3), startedAtMs: Number.NaN }, { message: /started_at is no timestamp/ }],
  [
    "actions that are none",
    { ...randomEpisode(3), actions: undefined as never },
    { message: /actions is no list<int32>/ },
  ],
  ["rewards of another type", { ...randomEpisode(3), rewards: new Float64Array(2) as never }, { message: /rewards/ }],
  ["more bytes than a row may have", fat(randomEpisode(3), 60), { message: /takes at most 134217728/ }],
];

test.each(wrong)(
  "a row with %s is refused, and those of its commit are kept",
  async (_, episode, { message }: { message?: RegExp }) => {
    const log = await openTrajectoryLog(dir, {});
    for (const i of [0, 1]) expect(log.append(randomEpisode(i))).toBe(i + 1);
    expect(() => log.append(episode)).toThrow(message);
    expect(log.append(randomEpisode(2))).toBe(3);
    await log.whenDurable(3);
    expect([log.writable, log.failures]).toEqual([true, 0]);
    await log.close();
    const rows: TrajectoryRow[] = [];
    for await (const row of readEpisodes(dir)) rows.push(row);
    expect(rows).toEqual([0, 1, 2].map((i) => recordRow(randomEpisode(i))));
  },
);

/** Commits to a disk in memory that takes what has no `bad` agent in it. */
function commits(builderOf: () => BatchBuilder) {
  const told: LogEvent[] = [];
  let written = 0;
  const rows = createGroupCommit({
    dir: "memory",
    commitRows: 2,
    commitBytes: 1 << 30,
    commitMs: 1,
    segmentBytes: 1 << 30,
    writer: {
      next: 0,
      bytes: 0,
      async write(_, count) {
        written += count;
        return 1;
      },
      end: async () => undefined,
    },
    enqueue: () => {},
    errorOf: (error) => new IcrlError("LOG_UNWRITABLE", String(error)),
    tell: (event) => told.push(event),
    newBuilder: builderOf,
  });
  return { rows, told, written: () => written };
}

/** A builder that breaks, where it holds a row of the agent "bad". */
function breaking(): BatchBuilder {
  const builder = batchBuilder();
  let bad = false;
  return {
    get rows() {
      return builder.rows;
    },
    get bytes() {
      return builder.bytes;
    },
    bytesOf: builder.bytesOf,
    append(row) {
      bad ||= row.agent === "bad";
      builder.append(row);
    },
    finish() {
      if (bad) throw new Error("it cannot be built");
      return builder.finish();
    },
  };
}

const rowOf = (agent: string) => recordRow({ ...randomEpisode(1), run: { ...randomEpisode(1).run, agent } });

test("a batch that cannot be built is lost alone: those before and after it become durable, and nothing has to be mended", async () => {
  const { rows, told, written } = commits(breaking);
  for (const agent of ["a", "b"]) rows.append(rowOf(agent));
  await rows.whenDurable(2);
  rows.append(rowOf("bad"));
  rows.append(rowOf("c"));
  await expect(rows.whenDurable(3)).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  for (const agent of ["d", "e"]) rows.append(rowOf(agent));
  await rows.whenDurable(6);
  expect([rows.failure, rows.failures, written()]).toEqual([undefined, 1, 4]);
  expect([rows.hasLost(1, 2), rows.hasLost(2, 3), rows.hasLost(4, 4), rows.hasLost(5, 6)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
  await expect(rows.whenDurable(4)).rejects.toThrow();
  expect(told.filter(({ event }) => event === "log_unwritable")).toMatchObject([{ lost: 2 }]);
  await rows.flush();
});

test("rows of which one breaks the builder's memory are lost with it, and the next are not", async () => {
  let broken = false;
  const { rows, written } = commits(() => {
    const builder = batchBuilder();
    return {
      ...builder,
      get rows() {
        return builder.rows;
      },
      get bytes() {
        return builder.bytes;
      },
      append(row) {
        if (row.agent === "bad" && !broken) {
          broken = true;
          throw new RangeError("Array buffer allocation failed");
        }
        builder.append(row);
      },
    };
  });
  rows.append(rowOf("a"));
  expect(() => rows.append(rowOf("bad"))).toThrow(expect.objectContaining({ reason: "LOG_UNWRITABLE" }));
  await expect(rows.whenDurable(1)).rejects.toThrow();
  rows.append(rowOf("b"));
  await rows.whenDurable(2);
  await rows.flush();
  expect([written(), rows.failures, rows.hasLost(1, 1), rows.hasLost(2, 2)]).toEqual([1, 1, true, false]);
});

test("what comes faster than it is written waits in batches that can be built", async () => {
  const builders: BatchBuilder[] = [];
  const { rows, written } = commits(() => {
    const builder = batchBuilder();
    builders.push(builder);
    return builder;
  });
  const row = { ...rowOf("a"), tags: "t".repeat(15 << 20) }; // may be of 45 MB: a third would make 75
  for (let i = 0; i < 5; i++) rows.append(row);
  expect(builders.map((builder) => builder.rows)).toEqual([2, 2, 1]);
  expect(rows.backlogBytes).toBeGreaterThan(5 * (15 << 20));
  await rows.flush();
  expect(written()).toBe(5);
  expect(rows.backlogBytes).toBe(0);
});
