/** The collections of a server, and the lobby in which behaviours wait for them. */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import type { CreateCollectionRequest } from "../../proto/gen/icrl/v1/collection.js";
import { ownerHash, requireKey, type Shown } from "../keys.js";
import { type Lobby, nothingMore } from "../matches/lobby.js";
import { type Creator, countOf, type OpenSchedules } from "../matches/open-schedules.js";
import { computed } from "../work/work-queue.js";
import { type Collection, type CollectionContext, createCollection } from "./collection.js";
import { type PlayedTrials, sharedOut } from "./draw-behaviour.js";
import { type CheckedCollection, checkCollection, collectionBytes } from "./spec.js";

/** Finds the trials of a collection that a log holds. */
export type FindPlayedTrials = (collectionId: string) => Promise<PlayedTrials>;

/** What collections need of their server. */
export interface CollectionsContext extends CollectionContext {
  readonly schedules: OpenSchedules;
}

/** The collections of a server. */
export interface Collections extends Lobby {
  /**
   * Starts one, goes on with one that failed, was cancelled or was made longer, or finds the one that runs.
   * @throws SPEC_INVALID and what its tasks throw; REQUEST_TOO_COSTLY; SERVER_BUSY; QUOTA_EXCEEDED; KEY_REFUSED: to go on with one needs its owner's key
   */
  create(request: CreateCollectionRequest, operator: boolean, by?: Creator): Promise<Collection>;
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
const MOST_OVER = 32;

interface Kept {
  readonly collection: Collection;
  readonly number: number;
  /** Hash of its owner's key; undefined where it has none. */
  readonly owner: string | undefined;
  /** Id of the token by which it was started last; undefined where it was by none. */
  readonly tokenId: string | undefined;
}

/** One that is being made. */
interface Made {
  readonly tokenId: string | undefined;
  readonly collection: Promise<Collection>;
}

/** An empty set of collections. */
export function createCollections(context: CollectionsContext, playedTrials: FindPlayedTrials): Collections {
  const collections = new Map<string, Kept>();
  /** Those that are being made: nobody knows of them yet. */
  const creating = new Map<string, Made>();
  let closed = false;
  let created = 0;
  const running = () => [...collections.values()].filter(({ collection }) => collection.state === "running");
  context.schedules.watch((tokenId) => countOf([...creating.values(), ...running()], tokenId));

  const sameTrials = (a: Collection, b: { tasks: readonly { trials: number }[] }) =>
    a.spec.tasks.every(({ trials }, i) => trials === b.tasks[i].trials);

  function keptOf(id: string): Kept {
    const kept = collections.get(id);
    if (kept !== undefined) return kept;
    throw new IcrlError(
      "COLLECTION_UNKNOWN",
      `no collection "${id}": this server has ${collections.size}; create it, with the same spec it goes on`,
      { collection: id },
    );
  }

  const get = (id: string) => keptOf(id).collection;

  function forgetOldest(): void {
    const over = Array.from(collections).filter(([, { collection }]) => collection.state !== "running");
    for (const [id] of over.slice(0, Math.max(over.length - MOST_OVER, 0))) collections.delete(id);
  }

  /** Makes it in slices, in the place of one that has ended or was shorter; its memory is held until it is over. */
  async function start(checked: CheckedCollection, owner: string | undefined, tokenId?: string): Promise<Collection> {
    const release = context.memory.reserve(collectionBytes(checked), `collection "${checked.name}"`);
    try {
      await context.sink.seal();
      const played = await playedTrials(checked.id);
      const schedule = await computed(context.work, sharedOut(checked, played));
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      const earlier = collections.get(checked.id)?.collection;
      earlier?.close();
      const collection = createCollection(checked, schedule, context, earlier?.keys);
      collections.delete(checked.id); // it is the youngest again
      collections.set(checked.id, { collection, number: ++created, owner, tokenId });
      forgetOldest();
      const stop = collection.onChange(() => {
        const current = collections.get(checked.id)?.collection === collection;
        if (collection.state === "running" && current && !closed) return;
        stop();
        release();
      });
      return collection;
    } catch (error) {
      release();
      throw error;
    }
  }

  return {
    async create({ spec, ownerKey }, operator, by) {
      const checked = checkCollection(spec, context.limits);
      for (let other = creating.get(checked.id); other !== undefined; other = creating.get(checked.id)) {
        await other.collection.catch(() => {}); // if it failed, it is for us to try
      }
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
      context.schedules.checkOneMore(by);
      const tokenId = by?.tokenId;
      const mine = start(checked, earlier?.owner ?? owner, tokenId).finally(() => creating.delete(checked.id));
      creating.set(checked.id, { tokenId, collection: mine });
      return mine;
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
      const { collectionId = "", name } = entrant;
      const collection = collections.get(collectionId)?.collection;
      if (collection === undefined) {
        throw new IcrlError(
          "ENTRANT_EARLY",
          `no collection "${collectionId}" is here yet: come again in a while, or see that it is the one meant`,
          { entrant: name, retry_delay_ms: RETRY_DELAY_MS },
        );
      }
      if (!collection.lists(name)) {
        const names = collection.parts.map((part) => part.entrant);
        throw new IcrlError(
          "ENTRANT_UNKNOWN",
          `collection ${collectionId} has no behaviour "${name}" for agents to play${didYouMean(name, names)}`,
          { entrant: name },
        );
      }
      // One that is over has nothing to be said of it any more, such as what an agent plays.
      return collection.state === "running" ? collection.enter(entrant, seat) : nothingMore(seat);
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
