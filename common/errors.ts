/**
 * Everything that can go wrong for a reason a program may want to know. A reason is stable; its text is for people and says
 * what came, what was expected, what to do. On the wire a reason is the `reason` of a google.rpc.ErrorInfo with domain "icrl".
 */

/** gRPC status codes, by number as on the wire. */
const CODE = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** How long whoever is refused for now does well to wait before it asks again, in milliseconds. */
export const RETRY_DELAY_MS = 1000;

/** The closed list: reason -> gRPC code, and when it is given. docs/errors.md is written from it. */
export const REASONS = {
  MALFORMED_MESSAGE: {
    code: CODE.INVALID_ARGUMENT,
    when: "bytes that are not a message of the expected type, or a message with no member set",
  },
  MESSAGE_TOO_LARGE: {
    code: CODE.RESOURCE_EXHAUSTED,
    when: "a message above limits.max_message_bytes",
    keys: ["bytes", "limit"],
  },
  PROTOCOL_VERSION: {
    code: CODE.FAILED_PRECONDITION,
    when: "hello's version range does not meet the server's",
    keys: ["min_protocol_version", "max_protocol_version", "supported"],
  },
  PROTOCOL_ORDER: {
    code: CODE.FAILED_PRECONDITION,
    when: "a message that the session's state does not allow",
    maybe: ["message", "state"],
  },
  NOT_IMPLEMENTED: {
    code: CODE.UNIMPLEMENTED,
    when: "a message whose capability the server's welcome does not list, or compressed messages",
    keys: ["capability"],
  },
  NAME_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "a name, a version or a tag that is empty, too long or has characters that cannot be seen: controls, bidi, zero width",
    keys: ["field"],
  },
  TASK_UNKNOWN: { code: CODE.NOT_FOUND, when: "no task family of that name", keys: ["task"] },
  TASK_FILE_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "a file or module of tasks that cannot be read, or holds no task: no distribution in a row of P, a wrong shape, a NaN",
    keys: ["file"],
  },
  TASK_FILE_DIFFERS: {
    code: CODE.FAILED_PRECONDITION,
    when: "a task's file that has another sha256 than was asked for, or played",
    keys: ["file"],
  },
  AGENT_UNKNOWN: { code: CODE.NOT_FOUND, when: "no built-in agent of that name", keys: ["agent"] },
  OPTION_UNKNOWN: {
    code: CODE.INVALID_ARGUMENT,
    when: "an option that the task or agent does not have",
    keys: ["option"],
  },
  OPTION_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "an option's value of the wrong type or out of its range",

    maybe: ["option", "value"],
  },
  TASK_UNSUPPORTED: {
    code: CODE.FAILED_PRECONDITION,
    when: "an agent on a task that it does not play",
    maybe: ["agent", "task"],
  },
  ENVS_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "num_envs outside 1 .. limits.max_envs",
    keys: ["num_envs", "limit", "bound"],
  },
  TRIALS_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "trials outside 1 .. limits.max_trials, not as many as explicit seeds, no multiple of the env seeds, env seeds not as many as envs, or a series of 0 instances",
    keys: ["trials"],
    maybe: ["limit", "first_trial", "num_envs"],
  },
  TRIALS_RECORDED: {
    code: CODE.ALREADY_EXISTS,
    when: "trials that the log holds already, without a word that they are to be played again",
  },
  FIELD_CONFLICT: {
    code: CODE.INVALID_ARGUMENT,
    when: "a field that would be ignored: it says nothing beside another that was sent, or without one that was not",
    keys: ["field", "other"],
  },
  TIMEOUT_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "open.act_timeout_ms above limits.max_act_timeout_ms",
    keys: ["act_timeout_ms", "limit"],
  },
  PURPOSE_INVALID: { code: CODE.INVALID_ARGUMENT, when: "a purpose that free play does not have", keys: ["purpose"] },
  STEP_CONFLICT: {
    code: CODE.ABORTED,
    when: "the last step_index again, with other bytes",
    keys: ["step_index", "expected"],
  },
  STEP_GONE: { code: CODE.OUT_OF_RANGE, when: "a step_index before the last", keys: ["step_index", "expected"] },
  STEP_GAP: { code: CODE.OUT_OF_RANGE, when: "a step_index after the one asked for", keys: ["step_index", "expected"] },
  ACTION_SHAPE: {
    code: CODE.INVALID_ARGUMENT,
    when: "an actions tensor that is not int32 [num_envs]; over dm_env_rpc an action that is missing, or is not one INT32",
    keys: ["num_envs"],
  },
  ACTION_OUT_OF_RANGE: {
    code: CODE.INVALID_ARGUMENT,
    when: "an active env's action outside 0 .. num_actions - 1",
    keys: ["action", "num_actions"],
    maybe: ["env"],
  },
  PROPENSITY_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "propensities that are not float32 [num_envs], or one outside (0, 1] that is not NaN",
    maybe: ["env"],
  },
  PROBABILITIES_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "wanted probabilities that are not float32 [num_envs, num_actions], or a row that is neither a distribution nor all NaN",
    maybe: ["env"],
  },
  HOLD_INVALID: { code: CODE.INVALID_ARGUMENT, when: "a hold tensor that is not bool [num_envs]" },
  RESET_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "a reset of no env, of one that is unknown, inactive or named twice, or with seeds that are not one for each env",
    maybe: ["env"],
  },
  ACT_TIMEOUT: {
    code: CODE.DEADLINE_EXCEEDED,
    when: "no answer within limits.act_timeout_ms, nor, in a match, within what is left of limits.act_overtime_ms",
    keys: ["step_index", "timeout_ms"],
  },
  HELLO_TIMEOUT: {
    code: CODE.DEADLINE_EXCEEDED,
    when: "a stream without a hello within limits.hello_timeout_ms, or another call without its request within 10 s",
    keys: ["timeout_ms"],
  },
  IDLE_TIMEOUT: {
    code: CODE.DEADLINE_EXCEEDED,
    when: "a session with nothing open for limits.idle_timeout_ms",
    keys: ["timeout_ms"],
  },
  RESUME_UNKNOWN: {
    code: CODE.NOT_FOUND,
    when: "a resume whose token is that of no session: a wrong one, or the session has ended or waited for limits.resume_ms",
  },
  RESUME_CONFLICT: {
    code: CODE.OUT_OF_RANGE,
    when: "a resume whose count of received messages its session cannot have; the session stays as it is",
  },
  SESSION_RESUMED: {
    code: CODE.ABORTED,
    when: "a stream whose session goes on over another one; seen as the end of that stream, and not of the session",
  },
  SERVER_BUSY: {
    code: CODE.RESOURCE_EXHAUSTED,
    when: "as much is held or under way as the server allows at once: memory, reads, work. The same request may pass later",
    keys: ["retry_delay_ms"],
  },
  REQUEST_TOO_COSTLY: {
    code: CODE.RESOURCE_EXHAUSTED,
    when: "a task, tournament, collection or query that would take more memory or work than a limit allows, whenever it comes",
    keys: ["bound", "limit", "asked"],
    maybe: ["task"],
  },
  TOO_MANY_SESSIONS: {
    code: CODE.RESOURCE_EXHAUSTED,
    when: "limits.max_sessions are open; also for a session that had nothing open then, and made room",
    keys: ["limit", "retry_delay_ms"],
  },
  SERVER_DRAINING: { code: CODE.UNAVAILABLE, when: "the server is about to stop" },
  LOG_UNWRITABLE: {
    code: CODE.UNAVAILABLE,
    when: "the log or labels cannot be written (disk full, say): sessions that need them end or are refused",
    maybe: ["folder", "file", "system_error"],
  },
  LOG_CORRUPT: {
    code: CODE.DATA_LOSS,
    when: "a shard or segment whose bytes are not what was written",
    maybe: ["file", "folder"],
  },
  LOG_LOCKED: {
    code: CODE.FAILED_PRECONDITION,
    when: "another process writes to the data folder, or makes these labels",
    maybe: ["file", "folder"],
  },
  LABEL_CONFLICT: {
    code: CODE.ALREADY_EXISTS,
    when: "labels of that name by another agent, another version of it or with other options",
    keys: ["label"],
  },
  TRIALS_BROKEN: {
    code: CODE.FAILED_PRECONDITION,
    when: "a dataset to be labelled whose rows are not whole trials, their episodes side by side",
    keys: ["file"],
  },
  CONNECTION_LOST: {
    code: CODE.CANCELLED,
    when: "the agent's stream broke off; seen as an end_reason or forfeit_reason",
  },
  AGENT_CLOSED: {
    code: CODE.CANCELLED,
    when: "the agent closed before its trials were played; seen as an end_reason or forfeit_reason",
  },
  AGENT_RESET: {
    code: CODE.CANCELLED,
    when: "the agent ended an episode early by a reset, in free play; seen as an end_reason",
  },
  AGENT_FAILED: {
    code: CODE.ABORTED,
    when: "the agent closed and said why it cannot go on; seen as an end_reason or forfeit_reason",
  },
  AGENT_CRASHED: {
    code: CODE.ABORTED,
    when: "the agent's process ended by itself, as whoever ran it reports; seen as a forfeit_reason",
  },
  AGENT_ABSENT: { code: CODE.DEADLINE_EXCEEDED, when: "an entrant did not connect in time; seen as a forfeit_reason" },
  AGENT_MISMATCH: {
    code: CODE.FAILED_PRECONDITION,
    when: "an entrant whose agent is not the one the tournament names",
    keys: ["entrant", "agent", "expected"],
  },
  ENTRANT_UNKNOWN: { code: CODE.NOT_FOUND, when: "no tournament lists that entrant", keys: ["entrant"] },
  ENTRANT_EARLY: {
    code: CODE.UNAVAILABLE,
    when: "an entrant whose tournament or collection is not there yet: connect again in a while",
    keys: ["entrant", "retry_delay_ms"],
  },
  KEY_REFUSED: {
    code: CODE.PERMISSION_DENIED,
    when: "an entrant's, an owner's or the operator's key that is missing or another",
  },
  TLS_REQUIRED: {
    code: CODE.FAILED_PRECONDITION,
    when: "an address beyond loopback without TLS and without --insecure, or a token that would go over a network in the clear",
  },
  TOKEN_MISSING: { code: CODE.UNAUTHENTICATED, when: "a call without a token, where one is needed" },
  TOKEN_INVALID: { code: CODE.UNAUTHENTICATED, when: "a token that this server has not" },
  TOKEN_EXPIRED: {
    code: CODE.UNAUTHENTICATED,
    when: "a token whose time is over; also of a session that it had opened",
  },
  TOKEN_REVOKED: { code: CODE.UNAUTHENTICATED, when: "a token that was revoked; also of a session that it had opened" },
  ROLE_REFUSED: {
    code: CODE.PERMISSION_DENIED,
    when: "what a token's role may not: docs/security.md has the table; also another name than the one that it is bound to",
  },
  QUOTA_EXCEEDED: {
    code: CODE.RESOURCE_EXHAUSTED,
    when: "more than a token may have: of sessions, envs, memory, tournaments, reads, or bytes logged in a day (`icrl token create`)",
    keys: ["quota", "limit", "retry_delay_ms"],
  },
  WORLD_UNKNOWN: {
    code: CODE.NOT_FOUND,
    when: "no world of that name, over dm_env_rpc: a wrong one, or it was destroyed, or nobody was in it for limits.idle_timeout_ms",
  },
  WORLD_JOINED: {
    code: CODE.FAILED_PRECONDITION,
    when: "a world to be destroyed that an agent is in, over dm_env_rpc",
    keys: ["agents"],
  },
  TOO_MANY_WORLDS: {
    code: CODE.RESOURCE_EXHAUSTED,
    when: "as many worlds of dm_env_rpc as there may be sessions, or a quarter of that which one token or address has",
    keys: ["limit", "retry_delay_ms"],
  },
  SETTING_UNKNOWN: {
    code: CODE.INVALID_ARGUMENT,
    when: "a setting that a request of dm_env_rpc does not have",
    keys: ["setting"],
  },
  SETTING_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "a setting of dm_env_rpc that is missing, of the wrong type or out of its range",
    keys: ["setting"],
  },
  UID_UNKNOWN: {
    code: CODE.INVALID_ARGUMENT,
    when: "a number of an action or an observation that the world's specs do not have, over dm_env_rpc",
    keys: ["uid"],
  },
  PROPERTY_UNKNOWN: {
    code: CODE.NOT_FOUND,
    when: "a property of dm_env_rpc that there is not, or not now, or that has no value, or none below it",
    keys: ["property"],
  },
  PROPERTY_READ_ONLY: {
    code: CODE.PERMISSION_DENIED,
    when: "a property of dm_env_rpc that was to be written",
    keys: ["property"],
  },
  TOURNAMENT_CANCELLED: {
    code: CODE.FAILED_PRECONDITION,
    when: "a tournament that was cancelled",
    keys: ["tournament"],
  },
  COLLECTION_CANCELLED: {
    code: CODE.FAILED_PRECONDITION,
    when: "a collection that was cancelled",
    keys: ["collection"],
  },
  TOURNAMENT_UNKNOWN: {
    code: CODE.NOT_FOUND,
    when: "no tournament of that id, or none in that folder",
    maybe: ["tournament", "folder"],
  },
  COLLECTION_UNKNOWN: { code: CODE.NOT_FOUND, when: "no collection of that id", keys: ["collection"] },
  TOURNAMENT_RUNNING: {
    code: CODE.FAILED_PRECONDITION,
    when: "results or trials of a tournament that is not finished",
    maybe: ["tournament", "folder"],
  },
  TRAJECTORY_UNKNOWN: { code: CODE.NOT_FOUND, when: "a trajectory that the live page does not keep (any more)" },
  PATH_UNKNOWN: { code: CODE.NOT_FOUND, when: "a path that the live page does not have" },
  METHOD_INVALID: { code: CODE.UNIMPLEMENTED, when: "an HTTP method other than GET and HEAD" },
  HOST_REFUSED: {
    code: CODE.PERMISSION_DENIED,
    when: "an HTTP request whose Host is neither an address nor the name that the live page listens on",
  },
  RESULTS_CORRUPT: {
    code: CODE.DATA_LOSS,
    when: "a tournament's results or trials that are not what was written, or do not belong together",
    maybe: ["file"],
  },
  RESULTS_VERSION: {
    code: CODE.FAILED_PRECONDITION,
    when: "a tournament's results that an earlier or a later version of icrl wrote, with other fields than are needed",
    maybe: ["file"],
  },
  SPEC_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "a tournament spec that cannot be played",
    maybe: ["tournament", "file"],
  },
  PAGE_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "a page token or size that this list did not give or allow",
    maybe: ["limit"],
  },
  OUTPUT_EXISTS: {
    code: CODE.ALREADY_EXISTS,
    when: "something else stands where an output is to be written",
    maybe: ["path", "folder"],
  },
  QUERY_INVALID: { code: CODE.INVALID_ARGUMENT, when: "SQL that DuckDB refuses" },
  NOT_A_DATASET: {
    code: CODE.NOT_FOUND,
    when: "a folder without dataset.json: no dataset, or not finished",
    maybe: ["folder", "file"],
  },
  DATASET_CORRUPT: {
    code: CODE.DATA_LOSS,
    when: "a dataset's manifest, shard or label that is not what was written, or does not belong to the rest",
    maybe: ["file", "folder"],
  },
  DATASET_TOO_NEW: {
    code: CODE.FAILED_PRECONDITION,
    when: "a dataset whose schema_version is above what this version of icrl reads",
    keys: ["file"],
  },
  DATASET_MISMATCH: { code: CODE.INVALID_ARGUMENT, when: "datasets that cannot be merged", maybe: ["trial_id"] },
  LABEL_UNKNOWN: { code: CODE.NOT_FOUND, when: "no label of that name in the dataset", keys: ["label"] },
  TRAINING_DIVERGED: { code: CODE.ABORTED, when: "a training's loss that is not finite" },
  SELECTION_EMPTY: {
    code: CODE.INVALID_ARGUMENT,
    when: "a condition, a part or a filter that leaves no episode of a dataset",
  },
  PROBABILITIES_UNKNOWN: {
    code: CODE.FAILED_PRECONDITION,
    when: "a distribution ratio of an agent that does not tell the probabilities of its choices, or of data that is not by its laws",
    maybe: ["agent", "behaviour"],
  },
  TRUTH_UNKNOWN: {
    code: CODE.FAILED_PRECONDITION,
    when: "something that takes the truth of a dataset's instances, or their tasks, where it was imported without",
    maybe: ["folder"],
  },
  IMPORT_INVALID: {
    code: CODE.INVALID_ARGUMENT,
    when: "a file to be imported that is not of its format, or holds what a dataset cannot: the text names file, key and index",
    maybe: ["file"],
  },
  PYTHON_UNAVAILABLE: {
    code: CODE.FAILED_PRECONDITION,
    when: "no Python where one is needed, or one that lacks a package",
    maybe: ["python"],
  },
  EXPORT_UNSUPPORTED: {
    code: CODE.FAILED_PRECONDITION,
    when: "a dataset that an export's format cannot hold, or a name that it does not allow",
  },
  CHECKPOINT_NOT_FOUND: {
    code: CODE.NOT_FOUND,
    when: "a folder without a checkpoint of a model",
    maybe: ["folder", "file"],
  },
  CHECKPOINT_CORRUPT: {
    code: CODE.DATA_LOSS,
    when: "a checkpoint's file that is not what was written, or whose parameters are not those of its model",
    maybe: ["file"],
  },
  CHECKPOINT_TOO_NEW: {
    code: CODE.FAILED_PRECONDITION,
    when: "a checkpoint whose format_version is above what this version of icrl reads",
    maybe: ["file"],
  },
  NOT_A_LOG: { code: CODE.NOT_FOUND, when: "a folder without a log", maybe: ["folder"] },
  BACKEND_UNAVAILABLE: {
    code: CODE.FAILED_PRECONDITION,
    when: "a tensor back end that is not installed, does not load or computes wrongly",
    maybe: ["backend", "why"],
  },
} as const satisfies Record<string, ReasonKind>;

/** One of the reasons. */
export type Reason = keyof typeof REASONS;

/** What the list says of a reason. */
export interface ReasonKind {
  /** gRPC status code by number. */
  readonly code: number;
  /** When it is given. */
  readonly when: string;
  /** Keys of the metadata that every error of this reason has. */
  readonly keys?: readonly string[];
  /** Keys that it has where they are known. */
  readonly maybe?: readonly string[];
}

type KeysOf<R extends Reason, Which extends "keys" | "maybe"> = Which extends unknown
  ? (typeof REASONS)[R] extends Readonly<Record<Which, readonly (infer Key extends string)[]>>
    ? Key
    : never
  : never;

/** A detail as it is given; it is kept as text. */
type Detail = string | number | bigint;

/** Details of an error of this reason: the keys of the list and no others. */
type Details<R extends Reason> = [KeysOf<R, "keys" | "maybe">] extends [never]
  ? Readonly<Record<string, never>>
  : Readonly<Record<KeysOf<R, "keys">, Detail>> & Readonly<Partial<Record<KeysOf<R, "maybe">, Detail>>>;

/** The one error that crosses walls: a reason, a text for people, details for programs. */
export class IcrlError<R extends Reason = Reason> extends Error {
  readonly reason: Reason;
  /** Details as text, keys in snake_case: those that the list has for the reason. */
  readonly metadata: Readonly<Record<string, string>>;

  constructor(
    reason: R,
    message: string,
    ...details: [KeysOf<R, "keys">] extends [never] ? [details?: Details<R>] : [details: Details<R>]
  ) {
    super(message);
    this.name = "IcrlError";
    this.reason = reason;
    this.metadata = asText(details[0]);
  }

  /** An error as another process, thread or file tells it: details and all are what was told. */
  static told(reason: Reason, message: string, metadata: Readonly<Record<string, string>> = {}): IcrlError {
    return new IcrlError<Reason>(reason, message, metadata as Details<Reason>);
  }

  /** gRPC status code by number. */
  get code(): number {
    return REASONS[this.reason].code;
  }
}

function asText(details: Readonly<Record<string, Detail | undefined>> = {}): Record<string, string> {
  const known = Object.entries(details).filter(([, detail]) => detail !== undefined);
  return Object.fromEntries(known.map(([key, detail]) => [key, String(detail)]));
}
