/** CollectionService on the wire. */
import { IcrlError } from "../../common/errors.js";
import {
  CancelCollectionRequest,
  CancelCollectionResponse,
  type CollectionServiceService,
  CreateCollectionRequest,
  CreateCollectionResponse,
  ListCollectionsRequest,
  ListCollectionsResponse,
  WatchCollectionRequest,
  WatchCollectionResponse,
  type Collection as WireCollection,
} from "../../proto/gen/icrl/v1/collection.js";
import type { Collection } from "../collections/collection.js";
import type { Collections } from "../collections/collections.js";
import { describeCollection } from "../collections/describe-collection.js";
import { type Handlers, type MethodContext, serverStreaming, unary } from "./methods.js";
import { newestFirst, PAGE_BYTES } from "./newest-first.js";
import { watch } from "./watch.js";

/** Handlers of CollectionService. */
export function collectionService(
  collections: Collections,
  context: MethodContext,
): Handlers<CollectionServiceService> {
  return {
    createCollection: unary(
      CreateCollectionRequest,
      CreateCollectionResponse,
      context,
      async (request, { operator, who }) => {
        const by = context.callers.access.shareOf(who);
        return { collection: describeCollection(await collections.create(request, operator, by)) };
      },
    ),
    listCollections: unary(ListCollectionsRequest, ListCollectionsResponse, context, (page) => {
      const numberOf = ({ spec }: Collection) => collections.numberOf(spec.id);
      const { entries, nextPageToken } = newestFirst({ all: collections.list(), numberOf, bytesOf }, page);
      return { collections: entries.map(listed), nextPageToken };
    }),
    cancelCollection: unary(
      CancelCollectionRequest,
      CancelCollectionResponse,
      context,
      ({ id, ownerKey: key }, { operator }) => ({
        collection: describeCollection(collections.cancel(id, { key, operator })),
      }),
    ),
    watchCollection: serverStreaming(
      WatchCollectionRequest,
      WatchCollectionResponse,
      context,
      ({ id }, { aborted }) => {
        const collection = collections.get(id);
        return watch({
          of: collection,
          intervalMs: Math.max(collection.parts.length / PARTS_PER_MS, SHORTEST_MS),
          onChange: collection.onChange,
          state: () => ({ collection: describeCollection(collection) }),
          over: () => collection.state !== "running",
          check() {
            if (!collections.closed) return;
            throw new IcrlError("SERVER_DRAINING", `the server stops, and with it collection ${id}: create it again`);
          },
          aborted,
        });
      },
    ),
  };
}

/** Whoever watches one of many parts is told of it so often that no more than a tenth of the time goes into it. */
const PARTS_PER_MS = 10;
const SHORTEST_MS = 100;

/** About the bytes of a part in an answer. */
const PART_BYTES = 100;

const bytesOfSpec = ({ spec: { tasks, behaviours } }: Collection): number =>
  JSON.stringify([tasks.map(({ id, options }) => ({ id, options })), behaviours]).length;

const bytesOf = (collection: Collection): number => bytesOfSpec(collection) + PART_BYTES * collection.parts.length;

/** As it is watched; without its parts, or its spec, where they are more than a page. */
function listed(collection: Collection): WireCollection {
  if (bytesOf(collection) <= PAGE_BYTES) return describeCollection(collection);
  const { spec, ...rest } = describeCollection({ ...collection, state: collection.state, parts: [] });
  if (bytesOfSpec(collection) <= PAGE_BYTES || spec === undefined) return { ...rest, spec };
  return { ...rest, spec: { ...spec, tasks: [], behaviours: [] } };
}
