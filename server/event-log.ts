/**
 * What the server says of itself: a line of JSON for each event, through pino. docs/operating.md has every event with its fields, and a
 * test holds the page to this table.
 */
import type { Logger } from "pino";
import { toSnakeCase } from "../common/snake-case.js";
import type { CollectionEvent } from "./collections/collection-event.js";
import type { RpcEvent } from "./rpc/rpc-event.js";
import type { SessionEvent } from "./sessions/session-event.js";
import type { TournamentEvent } from "./tournaments/tournament-event.js";
import type { LogEvent } from "./trajectories/log-event.js";

/** What happens to the process. */
export type ProcessEvent =
  | {
      readonly event: "listening";
      readonly address: string;
      /** Where the live page is. */
      readonly page: string | undefined;
      /** Where the metrics are by themselves. */
      readonly metrics: string | undefined;
      /** Addresses of them that others than this machine reach; undefined where there are none. */
      readonly open: readonly string[] | undefined;
      readonly data: string;
      readonly version: string;
    }
  /** There may be fewer connections than were asked for: the process may not open more files. */
  | { readonly event: "connections_lowered"; readonly maxConnections: number; readonly openFiles: number }
  /** Sessions may finish for so long. */
  | { readonly event: "draining"; readonly sessions: number; readonly deadlineMs: number; readonly why: string }
  | { readonly event: "stopped" };

/** Everything that can happen. */
export type ServerEvent = ProcessEvent | SessionEvent | TournamentEvent | CollectionEvent | LogEvent | RpcEvent;

/** Levels, as pino's. */
export type Level = "error" | "warn" | "info" | "debug" | "trace";

/** How an event is said. */
interface Saying<E> {
  /** Its level, or that of what does not fail and that of what does. */
  readonly level: Level | ((event: E) => Level);
  /** For people; programs go by `event`. */
  readonly msg: string;
}

/**
 * error: somebody has to do something. warn: somebody should look. info: what an operator wants to find later; nothing that comes with
 * every session that goes well. debug: that, too. trace: each commit of the log.
 */
export const SAYINGS: { readonly [K in ServerEvent["event"]]: Saying<Extract<ServerEvent, { event: K }>> } = {
  listening: { level: ({ open }) => (open === undefined ? "info" : "warn"), msg: "listening" },
  connections_lowered: {
    level: "warn",
    msg: "the process may not open enough files for so many connections: raise its limit (ulimit -n)",
  },
  draining: { level: "info", msg: "draining: nothing new is opened" },
  stopped: { level: "info", msg: "stopped" },
  session_opened: { level: "debug", msg: "session opened" },
  task_opened: { level: "debug", msg: "task opened" },
  session_parked: { level: "info", msg: "session lost its stream, and waits for another" },
  session_resumed: { level: "info", msg: "session goes on over another stream" },
  sessions_kept: { level: "info", msg: "sessions are kept for a server that is started again on the folder" },
  sessions_not_kept: { level: "warn", msg: "sessions could not be kept, or those that were cannot be read" },
  session_ended: { level: ({ reason }) => (reason === undefined ? "debug" : "info"), msg: "session ended" },
  tournament_created: { level: "info", msg: "tournament created" },
  tournament_resumed: { level: "info", msg: "tournament goes on" },
  tournament_finished: { level: "info", msg: "tournament finished" },
  tournament_cancelled: { level: "info", msg: "tournament cancelled" },
  tournament_deleted: { level: "info", msg: "tournament forgotten; its trials stay in the log" },
  collection_cancelled: { level: "info", msg: "collection cancelled" },
  match_opened: { level: "debug", msg: "match opened" },
  match_finished: { level: "info", msg: "match finished" },
  match_forfeited: { level: "info", msg: "match forfeited" },
  lock_watched: {
    level: "warn",
    msg: "another process may still write to this folder: waiting to see whether it is alive",
  },
  log_taken_over: { level: "error", msg: "another process has taken the log over: nothing more is recorded here" },
  episodes_missing: { level: "error", msg: "episodes at the end of the log that were acknowledged are missing" },
  torn_bytes_cut: { level: "warn", msg: "the end of an interrupted write was cut off; none of it was acknowledged" },
  log_committed: { level: "trace", msg: "episodes are durable" },
  log_unwritable: { level: "error", msg: "the log cannot be written: free its disk" },
  log_still_unwritable: { level: "warn", msg: "the log still cannot be written" },
  log_writable_again: { level: "info", msg: "the log can be written again" },
  log_rolled: { level: "debug", msg: "a segment has become a shard" },
  segment_kept: { level: "warn", msg: "a segment could not become a shard; it is kept" },
  segment_damaged: { level: "error", msg: "a segment is damaged; it is kept as *.corrupt" },
  shards_not_joined: { level: "warn", msg: "tiny shards could not be joined" },
  rpc_ended: {
    // A failed session says so itself.
    level: ({ reason, method }) => (reason === undefined || method === "EnvironmentService/Play" ? "debug" : "info"),
    msg: "call ended",
  },
  grpc_said: { level: "debug", msg: "gRPC says" },
  internal_error: { level: "error", msg: "failed inside the server" },
};

/** Characters of a text that are said: what callers send, and what quotes it, can be of any length. */
const MAX_TEXT = 1000;

const clipped = (value: unknown): unknown =>
  typeof value === "string" && value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)} ...` : value;

/** Says events. */
export function createEventLog(logger: Logger): (event: ServerEvent) => void {
  return (event) => {
    const saying = SAYINGS[event.event] as Saying<ServerEvent>;
    const level = typeof saying.level === "function" ? saying.level(event) : saying.level;
    if (!logger.isLevelEnabled(level)) return;
    const fields = Object.entries(toSnakeCase(event)).map(([name, value]) => [name, clipped(value)]);
    logger[level](Object.fromEntries(fields), saying.msg);
  };
}
