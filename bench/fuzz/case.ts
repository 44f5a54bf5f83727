/** What one thing is that a fuzzing does to a server; written down as JSON, and read again. */

/** One thing that is done on a Play stream. */
export type PlayOp =
  /** Sends bytes; with `only`, while something is open. Waits for what they cause, or does not. */
  | { readonly do: "send"; readonly bytes: Buffer; readonly only?: "playing"; readonly wait: boolean }
  /** Leaves the stream as a cut connection does; what follows goes on a new one. */
  | { readonly do: "cut" }
  /** Resumes the session of the stream before by its token, or by another; says that it received so many fewer messages than came. */
  | { readonly do: "resume"; readonly spoiled: boolean; readonly less: number }
  /** Waits for what comes by itself. */
  | { readonly do: "await" }
  /** Ends the agent's half. */
  | { readonly do: "end" };

/** A session. */
export interface PlayCase {
  readonly kind: "play";
  readonly ops: readonly PlayOp[];
}

/** A call that is no session. */
export interface CallCase {
  readonly kind: "call";
  readonly path: string;
  /** Whether it answers with a stream. */
  readonly streams: boolean;
  /** Whether it takes a stream. */
  readonly takesStream: boolean;
  readonly requests: readonly Buffer[];
}

/** A conversation of dm_env_rpc. */
export interface WorldCase {
  readonly kind: "world";
  /** Makes a world. */
  readonly create: Buffer;
  /** What follows, with 32 zeros for the world's name. */
  readonly requests: readonly Buffer[];
  /** Whether each waits for its answer before the next is sent. */
  readonly waits: boolean;
  /** Whether the stream is cut off in the end. */
  readonly cut: boolean;
}

/** Bytes on a socket of its own. */
export interface SocketCase {
  readonly kind: "socket";
  /** What is tried. */
  readonly what: string;
  /** Each with a wait in milliseconds after it. */
  readonly chunks: readonly (readonly [Buffer, number])[];
}

/** A case. */
export type Case = PlayCase | CallCase | WorldCase | SocketCase;

/** A case as a line of JSON: bytes as hexadecimal digits. */
export function caseText(one: Case): string {
  return JSON.stringify(one, (_, value) =>
    value?.type === "Buffer" && Array.isArray(value.data) ? { hex: Buffer.from(value.data).toString("hex") } : value,
  );
}

/** The case of such a line. */
export function caseFromText(text: string): Case {
  return JSON.parse(text, (_, value) => (typeof value?.hex === "string" ? Buffer.from(value.hex, "hex") : value));
}
