/** What happens to collections, for the server's event log. Fields are as the event log has them. */

/** Ended before it was finished, because somebody wanted that. */
export interface CollectionEvent {
  readonly event: "collection_cancelled";
  readonly collectionId: string;
  readonly name: string;
  /** Parts that are not finished. */
  readonly unfinished: number;
}
