/** What happens to the log, for the server's event log and its metrics. */

/** One event. */
export type LogEvent =
  /** Whether the folder's last writer still lives can only be told by watching it. */
  | { readonly event: "lock_watched"; readonly folder: string; readonly holder: string; readonly seconds: number }
  /** Another writer took this one for dead, and has the folder: nothing more is recorded here. */
  | { readonly event: "log_taken_over"; readonly folder: string }
  /** Episodes at the log's end that an earlier writer had acknowledged are not there. */
  | { readonly event: "episodes_missing"; readonly folder: string; readonly episodes: number }
  /** The end of an interrupted write was cut off when the log was opened. */
  | { readonly event: "torn_bytes_cut"; readonly folder: string; readonly bytes: number }
  /** Rows are durable that were not. */
  | { readonly event: "log_committed"; readonly rows: number; readonly bytes: number; readonly seconds: number }
  /** A write failed; episodes that were not durable are lost. */
  | { readonly event: "log_unwritable"; readonly folder: string; readonly lost: number; readonly message: string }
  /** It was tried again, in vain. */
  | { readonly event: "log_still_unwritable"; readonly folder: string; readonly message: string }
  | { readonly event: "log_writable_again"; readonly folder: string }
  /** A segment, known by the number of its first episode, has become a shard. */
  | { readonly event: "log_rolled"; readonly segment: number; readonly rows: number; readonly bytes: number }
  /** A segment could not become a shard; it is tried again. */
  | {
      readonly event: "segment_kept";
      readonly segment: number;
      readonly message: string;
      /** The system's, as ENOSPC. */
      readonly code: string | undefined;
    }
  /** A segment holds bytes that are not what was written; it is kept as `*.corrupt`. */
  | { readonly event: "segment_damaged"; readonly segment: number; readonly bytes: number }
  /** Tiny shards could not be joined. */
  | { readonly event: "shards_not_joined"; readonly message: string };
