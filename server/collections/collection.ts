/** One collection: its parts, who plays them, and when it is over. */
import type { Clock } from "../../common/clock.js";
import { IcrlError, type Reason } from "../../common/errors.js";
import { playsTask } from "../../common/plays-task.js";
import type { Assignment } from "../matches/assignment.js";
import { createEntrantKeys, type EntrantKeys } from "../matches/entrant-keys.js";
import type { Entrant } from "../matches/lobby.js";
import { createRoster, type Roster } from "../matches/roster.js";
import { type Listener, turnListeners } from "../matches/turn-listeners.js";
import type { Counters } from "../sessions/counters.js";
import { envsThatFit, playBytes, rowTextBytes } from "../sessions/envs-that-fit.js";
import type { Limits } from "../sessions/limits.js";
import type { MemoryBudget, Release } from "../sessions/memory-budget.js";
import { ORACLE_NOISE } from "../tasks/oracle-noise-options.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkQueue } from "../work/work-queue.js";
import type { CollectionEvent } from "./collection-event.js";
import type { Share } from "./draw-behaviour.js";
import { playOracleNoise } from "./oracle-noise.js";
import { type CollectionPart, createPart } from "./part.js";
import type { CheckedCollection } from "./spec.js";

/** What a collection needs of its server. */
export interface CollectionContext {
  readonly limits: Limits;
  readonly sink: TrajectorySink;
  /** What all sessions may hold together. */
  readonly memory: MemoryBudget;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Where what takes long is computed. */
  readonly work: WorkQueue;
  /** Told of errors inside the server that end a part. */
  readonly onError: (error: unknown) => void;
  /** Told what happens. */
  readonly tell: (event: CollectionEvent) => void;
}

/** A collection that is being played or is over. */
export interface Collection extends Pick<Roster<CollectionPart>, "lists" | "enter"> {
  readonly spec: CheckedCollection;
  /** By which its agents are known again. */
  readonly keys: EntrantKeys;
  /** By task, then by behaviour; those without trials left out. */
  readonly parts: readonly CollectionPart[];
  readonly state: "running" | "finished" | "failed" | "cancelled";
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: Listener): () => void;
  /**
   * Ends it, where it runs: sessions that play it end at once and are told why, and the behaviour inside the server stops. Of what is
   * under way nothing is recorded.
   */
  cancel(): void;
  /** Stops waiting for agents, and tells listeners. */
  close(): void;
}

/** Envs of the behaviour that runs in the server: enough to share out what a lock-step costs, few enough to stay small. */
const ORACLE_NOISE_ENVS = 64;

/**
 * Starts a collection.
 *
 * @param schedule the shares of each behaviour in each task, [tasks][behaviours]
 * @param keys those of its agents, where it goes on
 */
export function createCollection(
  spec: CheckedCollection,
  schedule: readonly (readonly Share[])[],
  context: CollectionContext,
  keys: EntrantKeys = createEntrantKeys(`collection ${spec.id}`, () => {}),
): Collection {
  const { changed, onChange } = turnListeners(() => {
    roster.offerAll();
    void finish();
  }, context.onError);
  const parts: readonly CollectionPart[] = spec.tasks.flatMap((task, i) =>
    spec.behaviours.flatMap((behaviour, k) =>
      schedule[i][k].trials === 0 ? [] : [createPart(spec, task, behaviour, schedule[i][k], context.clock, changed)],
    ),
  );
  const byAgents = parts.filter(({ behaviour }) => behaviour.agent !== ORACLE_NOISE);
  let state: Collection["state"] = "running";
  let sealing = false;
  let stopWaiting = () => {};
  const work = context.work.line();

  const roster = createRoster<CollectionPart>(
    {
      name: `collection ${spec.id}`,
      entrants: spec.behaviours.filter(({ agent }) => agent !== ORACLE_NOISE),
      keys,
      assignmentsOf: (name) => byAgents.filter(({ entrant }) => entrant === name),
      declared: (entrant) => requirePlays(byAgents, entrant),
      describe: (part) => assignmentOf(spec.id, part),
      changed,
      failed: context.onError,
    },
    context.clock,
    () => ({ timeoutMs: context.limits.entrantTimeoutMs, processes: 1 }),
  );

  const isRunning = () => state === "running"; // also after a wait, in which it may have been cancelled

  /** It is finished once all of it is durable, and readable in shards. */
  async function finish(): Promise<void> {
    if (state !== "running" || sealing || !parts.every((part) => part.finished)) return;
    sealing = true;
    try {
      await context.sink.seal();
      if (isRunning()) state = parts.every((part) => part.failureReason === undefined) ? "finished" : "failed";
    } catch {
      if (isRunning()) state = "failed"; // the log has said why; what is durable is found when it goes on
    }
    changed();
  }

  async function playInside(part: CollectionPart): Promise<void> {
    const { limits, sink, counters, clock } = context;
    const fitting = envsThatFit(part.task.task, limits, true);
    const numEnvs = Math.min(ORACLE_NOISE_ENVS, fitting, Number(part.source.remaining));
    if (numEnvs === 0) return;
    const release = await reserved(playBytes(part.task.task, numEnvs, true, rowTextBytes(part.behaviour.options)));
    try {
      await playOracleNoise(part, spec.id, numEnvs, sink, counters, work, stopped, clock);
    } catch (error) {
      context.onError(error);
      part.fail(error instanceof IcrlError ? error.reason : "INTERNAL");
    } finally {
      release();
    }
  }

  /** Resolves once there is memory, or nobody needs it any more. */
  function reserved(bytes: number): Promise<Release> {
    return new Promise((resolve) => {
      const giveUp = context.memory.whenFree(bytes, resolve);
      stopWaiting = () => {
        giveUp();
        resolve(() => {});
      };
    });
  }

  /** Why the behaviour inside the server goes no further. */
  const stopped = (): Reason | undefined => (state === "cancelled" ? "COLLECTION_CANCELLED" : undefined);

  (async () => {
    for (const part of parts) {
      if (stopped() === undefined && part.behaviour.agent === ORACLE_NOISE) await playInside(part);
    }
  })().catch(context.onError);
  changed(); // all may be there already

  return {
    spec,
    keys,
    parts,
    get state() {
      return state;
    },
    onChange,
    lists: roster.lists,
    enter: roster.enter,
    cancel() {
      if (state !== "running") return;
      state = "cancelled";
      const unfinished = parts.filter((part) => !part.finished).length;
      context.tell({ event: "collection_cancelled", collectionId: spec.id, name: spec.name, unfinished });
      const text = `collection ${spec.id} was cancelled: creating it again goes on`;
      stopWaiting();
      work.close();
      roster.end(new IcrlError("COLLECTION_CANCELLED", text, { collection: spec.id }));
      changed();
    },
    close() {
      stopWaiting();
      roster.close();
      work.close();
      changed();
    },
  };
}

/** Fails the part that an agent cannot play. @throws TASK_UNSUPPORTED if there is one */
function requirePlays(parts: readonly CollectionPart[], { name, agent, tasks }: Entrant): void {
  const part = parts.find(
    ({ entrant, task }) => entrant === name && !playsTask(tasks, task.task.name, task.task.kinds),
  );
  if (part === undefined) return;
  part.fail("TASK_UNSUPPORTED");
  throw new IcrlError(
    "TASK_UNSUPPORTED",
    `agent "${agent}" declares ${tasks.join(", ")}: it cannot play task "${part.task.id}" of ${part.task.task.name}`,
    { agent, task: part.task.id },
  );
}

/** A part as the session that plays it sees it. */
const assignmentOf = (collectionId: string, { task, entrant, behaviour, source }: CollectionPart): Assignment => ({
  collectionId,
  matchId: `${task.id}/${entrant}`,
  taskId: task.id,
  task: task.task,
  agentOptions: behaviour.options,
  source,
  keepsTruncated: () => false,
  behaviourComponent: behaviour.name,
});
