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
} from "../../proto/gen/icrl/v1/collection.js";
import type { Collections } from "../collections/collections.js";
import { describeCollection } from "../collections/describe-collection.js";
import { type Handlers, type MethodContext, serverStreaming, unary } from "./methods.js";
import { watch } from "./watch.js";

/** Handlers of CollectionService. */
export function collectionService(
  collections: Collections,
  context: MethodContext,
): Handlers<CollectionServiceService> {
  return {
    createCollection: unary(CreateCollectionRequest, CreateCollectionResponse, context, async ({ spec }) => ({
      collection: describeCollection(await collections.create(spec)),
    })),
    listCollections: unary(ListCollectionsRequest, ListCollectionsResponse, context, () => notYet()),
    cancelCollection: unary(CancelCollectionRequest, CancelCollectionResponse, context, () => notYet()),
    watchCollection: serverStreaming(WatchCollectionRequest, WatchCollectionResponse, context, ({ id }, aborted) => {
      const collection = collections.get(id);
      return watch({
        onChange: collection.onChange,
        state: () => ({ collection: describeCollection(collection) }),
        over: () => collection.state !== "running",
        check() {
          if (!collections.closed) return;
          throw new IcrlError("SERVER_DRAINING", `the server stops, and with it collection ${id}: create it again`);
        },
        aborted,
      });
    }),
  };
}

function notYet(): never {
  throw new IcrlError("NOT_IMPLEMENTED", "not yet");
}
