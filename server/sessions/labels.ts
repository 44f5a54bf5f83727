/**
 * What a session needs of labels. Sessions do not know where labelled trials come from or where labels go: an agent asks for
 * trials to label, and gets a seat's call once there are some.
 */
import type { Play } from "./play.js";

/** An agent that wants to label. */
export interface LabelRequest {
  /** Name of the labels. */
  readonly name: string;
  readonly agent: string;
  readonly agentVersion: string;
  readonly agentOptions: Readonly<Record<string, unknown>>;
  /** Names or kinds of tasks it plays; empty means any. */
  readonly tasks: readonly string[];
  /** Most envs side by side. */
  readonly numEnvs: number;
}

/** A session that waits for trials to label. Exactly one of its members is called, once. */
export interface LabelSeat {
  /** Opens trials of one task; `remaining` are the trials of all tasks that are not labelled yet. */
  open(play: Play, remaining: number): void;
  /** All trials are labelled, and the labels durable. */
  finish(): void;
  /** There will be none. */
  fail(error: unknown): void;
}

/** Where trials to label come from. */
export interface Labels {
  /** Waits for trials, which may come before this returns. Returns how to give up waiting. */
  request(request: LabelRequest, seat: LabelSeat): () => void;
}
