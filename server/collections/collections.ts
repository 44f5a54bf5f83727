/** The collections of a server, and the lobby in which behaviours wait for them. */
import { IcrlError } from "../../common/errors.js";
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import type { Lobby } from "../matches/lobby.js";
import { computed } from "../work/work-queue.js";
import { type Collection, type CollectionContext, createCollection } from "./collection.js";
import { drawBehaviours } from "./draw-behaviour.js";
import { checkCollection } from "./spec.js";

/** Indices of the trials of a collection that a log holds, by task id. */
export type PlayedTrials = (collectionId: string) => Promise<ReadonlyMap<string, ReadonlySet<number>>>;

/** The collections of a server. */
export interface Collections extends Lobby {
  /**
   * Starts one, goes on with one that failed or was made longer, or finds the one that runs.
   * @throws SPEC_INVALID and what its tasks throw
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
export function createCollections(context: CollectionContext, playedTrials: PlayedTrials): Collections {
  const collections = new Map<string, Collection>();
  let closed = false;

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

  return {
    async create(spec) {
      const checked = checkCollection(spec, context.limits);
      const running = collections.get(checked.id);
      if (running !== undefined && sameTrials(running, checked) && running.state !== "failed") return running;
      if (running?.state === "running") {
        throw new IcrlError(
          "SPEC_INVALID",
          `collection ${checked.id} runs with other numbers of trials: wait for its end`,
        );
      }
      await context.sink.seal();
      const drawn = await computed(context.work, drawBehaviours(checked));
      const played = await playedTrials(checked.id);
      if (closed) throw new IcrlError("SERVER_DRAINING", "the server is about to stop: create it again later");
      running?.close();
      const collection = createCollection(checked, drawn, played, context);
      collections.set(checked.id, collection);
      return collection;
    },
    get,
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
      for (const collection of collections.values()) collection.close();
    },
  };
}
