import { IcrlError } from "#icrl/common/errors.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import type { EpisodeRecord, TrajectorySink } from "#icrl/server/trajectories/sink.js";
import type { SinkPlace } from "../conformance/sink.js";

/** What a sink in memory does at the points where others go wrong. */
export interface MemorySinkParts {
  /** The row that is kept of an episode. */
  row(episode: EpisodeRecord): TrajectoryRow;
  /** Rows as they are written. */
  written(rows: readonly TrajectoryRow[]): readonly TrajectoryRow[];
  /** Rows still to be written at close. */
  atClose(rows: readonly TrajectoryRow[]): readonly TrajectoryRow[];
  /** The sink that is handed out. */
  sink(sink: TrajectorySink): TrajectorySink;
  /** Whether a second writer is refused. */
  readonly locks: boolean;
  /** Whether a writer stops that was replaced. */
  readonly fences: boolean;
  /** Whether a writer that was replaced gives the place back when it closes. */
  readonly releasesAnothers: boolean;
}

const SOUND: MemorySinkParts = {
  row: (episode) => structuredClone(recordRow(episode)),
  written: (rows) => rows,
  atClose: (rows) => rows,
  sink: (sink) => sink,
  locks: true,
  fences: true,
  releasesAnothers: false,
};

interface Waiter {
  readonly number: number;
  resolve(): void;
  reject(error: IcrlError): void;
}

/** A place in memory that outlives its sinks: a sound one, but for the parts that are given. */
export function memoryPlace(parts: Partial<MemorySinkParts> = {}): SinkPlace {
  const { row, written, atClose, sink: handedOut, locks, fences, releasesAnothers } = { ...SOUND, ...parts };
  const disk: TrajectoryRow[] = [];
  let readable = 0;
  let takesWrites = true;
  let held = false;
  /** Counts writers: who has the place is the last. */
  let epoch = 0;

  function open(): TrajectorySink {
    held = true;
    epoch += 1;
    const mine = epoch;
    const replaced = () => fences && mine !== epoch;
    let waiting: TrajectoryRow[] = [];
    let waiters: Waiter[] = [];
    let appended = 0;
    let durable = 0;
    let failures = 0;
    let failure: IcrlError | undefined;
    let closed = false;
    const lost = new Set<number>();

    function flush(rows: readonly TrajectoryRow[]): void {
      if (rows.length === 0 || failure !== undefined) return;
      if (takesWrites && !replaced()) {
        disk.push(...written(rows));
        durable = appended;
      } else {
        failures += 1;
        failure = new IcrlError("LOG_UNWRITABLE", "memory takes nothing now: a test wants it so");
        for (let i = 0; i < rows.length; i++) lost.add(appended - i);
      }
      waiting = [];
      const settled = waiters;
      waiters = [];
      for (const waiter of settled) {
        if (lost.has(waiter.number)) waiter.reject(failure as IcrlError);
        else waiter.resolve();
      }
    }

    const seal = async () => {
      flush(waiting);
      if (failure !== undefined) throw failure;
      readable = disk.length;
    };
    return handedOut({
      get durable() {
        return durable;
      },
      get end() {
        return disk.length;
      },
      get episodes() {
        return disk.length;
      },
      get writable() {
        return failure === undefined && !closed;
      },
      get failures() {
        return failures;
      },
      get backlogBytes() {
        return waiting.length * 100;
      },
      tornBytes: 0,
      hasLost: (from, to) => [...lost].some((number) => from <= number && number <= to),
      append(episode) {
        if (failure !== undefined) throw failure;
        if (closed) throw new IcrlError("LOG_UNWRITABLE", "it is closed");
        if (waiting.length === 0) setImmediate(() => flush(waiting));
        waiting.push(row(episode));
        appended += 1;
        return appended;
      },
      whenDurable(number) {
        if (lost.has(number)) return Promise.reject(failure ?? new IcrlError("LOG_UNWRITABLE", "it was lost"));
        if (number <= durable) return Promise.resolve();
        return new Promise((resolve, reject) => waiters.push({ number, resolve, reject }));
      },
      async probe() {
        if (!takesWrites || replaced()) return false;
        failure = undefined;
        return true;
      },
      mustHold() {
        if (replaced()) throw new IcrlError("LOG_UNWRITABLE", "another has taken its place");
      },
      seal,
      async close() {
        if (closed) return;
        closed = true;
        if (mine === epoch || releasesAnothers) held = false;
        waiting = [...atClose(waiting)];
        await seal();
      },
    });
  }

  return {
    async open() {
      if (held && locks) throw new IcrlError("LOG_LOCKED", "somebody writes to it");
      return open();
    },
    takeOver: async () => open(),
    read: async () => disk.slice(0, readable),
    survivors: () => Promise.resolve([...disk]),
    setWritable(writable) {
      takesWrites = writable;
    },
    remove: async () => {},
  };
}
