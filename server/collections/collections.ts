/** The collections of a server, and the lobby in which behaviours wait for them. */
import { IcrlError } from "../../common/errors.js";
import type { CreateCollectionRequest } from "../../proto/gen/icrl/v1/collection.js";
import { ownerHash, requireKey, type Shown } from "../keys.js";
import type { Lobby } from "../matches/lobby.js";
import { type Collection, type CollectionContext, createCollection } from "./collection.js";
import { checkCollection } from "./spec.js";

/** Indices of the trials of a collection that a log holds, by task id. */
export type PlayedTrials = (collectionId: string) => Promise<ReadonlyMap<string, ReadonlySet<number>>>;

/** The collections of a server. */
export interface Collections extends Lobby {
  /**
   * Starts one, goes on with one that failed, was cancelled or was made longer, or finds the one that runs.
   * @throws SPEC_INVALID and what its tasks throw; KEY_REFUSED: to go on with one needs its owner's key
   */
  create(request: CreateCollectionRequest, operator: boolean): Promise<Collection>;
  /** @throws COLLECTION_UNKNOWN */
  get(id: string): Collection;
  /** Since the server was started, oldest first; of those that are over the last MOST_OVER. */
  list(): readonly Collection[];
  /** Of a list: a number that grows with every collection, from 1. */
  numberOf(id: string): number;
  /** Ends one that runs; nothing changes of one that does not. @throws COLLECTION_UNKNOWN, KEY_REFUSED */
  cancel(id: string, shown: Shown): Collection;
  /** Whether nothing will change any more: the server is about to stop. */
  readonly closed: boolean;
  /** Stops waiting for agents, tells listeners, and takes no more. */
  close(): void;
}

/** Collections that are over are kept until there are so many younger ones. */
const MOST_OVER = 200;

interface Kept {
  readonly collection: Collection;
  readonly number: number;
  /** Hash of its owner's key; undefined where it has none. */
  readonly owner: string | undefined;
}

/** An empty set of collections. */
export function createCollections(context: CollectionContext, playedTrials: PlayedTrials): Collections {
  const collections = new Map<string, Kept>();
  let closed = false;
  let created = 0;

  const sameTrials = (a: Collection, b: { tasks: readonly { trials: number }[] }) =>
    a.spec.tasks.every(({ trials }, i) => trials === b.tasks[i].trials);

  function keptOf(id: string): Kept {
    const kept = collections.get(id);
    if (kept !== undefined) return kept;
    throw new IcrlError(
      "COLLECTION_UNKNOWN",
      `no collection "${id}": this server has ${collections.size}; create it, with the same spec it goes on`,
    );
  }

  const get = (id: string) => keptOf(id).collection;

  function forgetOldest(): void {
    const over = Array.from(collections).filter(([, { collection }]) => collection.state !== "running");
    for (const [id] of over.slice(0, Math.max(over.length - MOST_OVER, 0))) collections.delete(id);
  }

  return {
    async create({ spec, ownerKey }, operator) {
      const checked = checkCollection(spec, context.limits);
      const owner = ownerHash(ownerKey);
      const earlier = collections.get(checked.id);
      const running = earlier?.collection;
      const ended = running?.state === "failed" || running?.state === "cancelled";
      if (running !== undefined && sameTrials(running, checked) && !ended) return running;
      requireKey(`going on with collection ${checked.id}`, [earlier?.owner], { key: ownerKey, operator });
      if (running?.state === "running") {
        throw new IcrlError(
          "SPEC_INVALID",
          `collection ${checked.id} runs with other numbers of trials: wait for its end`,
        );
      }
      await context.sink.seal();
      const played = await playedTrials(checked.id);
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      running?.close();
      const collection = createCollection(checked, played, context);
      collections.delete(checked.id); // it is the youngest again
      collections.set(checked.id, { collection, number: ++created, owner: earlier?.owner ?? owner });
      forgetOldest();
      return collection;
    },
    get,
    list: () => Array.from(collections.values(), ({ collection }) => collection),
    numberOf: (id) => collections.get(id)?.number ?? 0,
    cancel(id, shown) {
      const { collection, owner } = keptOf(id);
      requireKey(`cancelling collection ${id}`, [owner], shown);
      collection.cancel();
      return collection;
    },
    enter(entrant, seat) {
      const collection = get(entrant.collectionId ?? "");
      if (!collection.lists(entrant.name)) {
        throw new IcrlError(
          "ENTRANT_UNKNOWN",
          `collection ${collection.spec.id} has no behaviour "${entrant.name}" for agents to play`,
        );
      }
      return collection.enter(entrant, seat);
    },
    get closed() {
      return closed;
    },
    close() {
      closed = true;
      for (const { collection } of collections.values()) collection.close();
    },
  };
}
