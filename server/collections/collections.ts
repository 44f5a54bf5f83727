/** The collections of a server, and the lobby in which behaviours wait for them. */
import { IcrlError } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import { type Lobby, nothingMore } from "../matches/lobby.js";
import type { OpenSchedules } from "../matches/open-schedules.js";
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
   * Starts one, goes on with one that failed or was made longer, or finds the one that runs.
   * @throws SPEC_INVALID and what its tasks throw; REQUEST_TOO_COSTLY; SERVER_BUSY
   */
  create(spec: CollectionSpec | undefined): Promise<Collection>;
  /** @throws COLLECTION_UNKNOWN */
  get(id: string): Collection;
  /** Whether nothing will change any more: the server is about to stop. */
  readonly closed: boolean;
  /** Stops waiting for agents, tells listeners, and takes no more. */
  close(): void;
}

/** An empty set of collections. */
export function createCollections(context: CollectionsContext, playedTrials: FindPlayedTrials): Collections {
  const collections = new Map<string, Collection>();
  /** Those that are being made: nobody knows of them yet. */
  const creating = new Map<string, Promise<Collection>>();
  let closed = false;
  context.schedules.watch(
    () => creating.size + [...collections.values()].filter(({ state }) => state === "running").length,
  );

  const sameTrials = (a: Collection, b: { tasks: readonly { trials: number }[] }) =>
    a.spec.tasks.every(({ trials }, i) => trials === b.tasks[i].trials);

  function get(id: string): Collection {
    const collection = collections.get(id);
    if (collection !== undefined) return collection;
    throw new IcrlError(
      "COLLECTION_UNKNOWN",
      `no collection "${id}": this server has ${collections.size}; create it, with the same spec it goes on`,
    );
  }

  /** Makes it in slices, in the place of one that has failed or was shorter; its memory is held until it is over. */
  async function start(checked: CheckedCollection): Promise<Collection> {
    const release = context.memory.reserve(collectionBytes(checked), `collection "${checked.name}"`);
    try {
      await context.sink.seal();
      const played = await playedTrials(checked.id);
      const schedule = await computed(context.work, sharedOut(checked, played));
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      collections.get(checked.id)?.close();
      const collection = createCollection(checked, schedule, context, collections.get(checked.id)?.keys);
      collections.set(checked.id, collection);
      const stop = collection.onChange(() => {
        if (collection.state === "running" && collections.get(checked.id) === collection && !closed) return;
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
    async create(spec) {
      const checked = checkCollection(spec, context.limits);
      for (let other = creating.get(checked.id); other !== undefined; other = creating.get(checked.id)) {
        await other.catch(() => {}); // if it failed, it is for us to try
      }
      const running = collections.get(checked.id);
      if (running !== undefined && sameTrials(running, checked) && running.state !== "failed") return running;
      if (running?.state === "running") {
        throw new IcrlError(
          "SPEC_INVALID",
          `collection ${checked.id} runs with other numbers of trials: wait for its end`,
        );
      }
      context.schedules.checkOneMore();
      const mine = start(checked).finally(() => creating.delete(checked.id));
      creating.set(checked.id, mine);
      return mine;
    },
    get,
    enter(entrant, seat) {
      const { collectionId = "", name } = entrant;
      const collection = collections.get(collectionId);
      if (collection === undefined) {
        throw new IcrlError(
          "ENTRANT_EARLY",
          `no collection "${collectionId}" is here yet: come again in a while, or see that it is the one meant`,
        );
      }
      if (!collection.lists(name)) {
        const names = collection.parts.map((part) => part.entrant);
        throw new IcrlError(
          "ENTRANT_UNKNOWN",
          `collection ${collectionId} has no behaviour "${name}" for agents to play${didYouMean(name, names)}`,
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
      for (const collection of collections.values()) collection.close();
    },
  };
}
