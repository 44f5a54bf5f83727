/**
 * Sessions that a server keeps when it stops, for the one that is started again on its folder: `<data>/sessions.json`. It is read once and
 * then gone: what is played after that would be missing in it.
 */
import { lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../common/clock.js";
import type { SnakeCased } from "../../common/snake-case.js";
import { type DocumentKind, type Parts, readDocument, schemaOf } from "../../datasets/files/document.js";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { PRIVATE_FILE } from "../../datasets/files/private.js";
import { requireNoLinks } from "../../datasets/files/read-file.js";
import { LIMIT_OPTIONS } from "./limits.js";
import type { SessionEvent } from "./session-event.js";
import type { TrialsLeft } from "./trials-left.js";

/** What is kept of a session. */
export interface KeptSession {
  readonly tokenHash: string;
  readonly sessionId: string;
  /** Its hello, encoded, without the entrant's key. */
  readonly hello: Buffer;
  /** Messages that it has sent, and taken. */
  readonly sent: number;
  readonly taken: number;
  /** Whether something was open; else its agent may not have got the end of what it asked for last. */
  readonly wasOpen: boolean;
  /** The agent's last `open`, encoded; undefined in a tournament. */
  readonly open: Buffer | undefined;
  /** What is left of its trials; undefined in a tournament, and where they are to label. */
  readonly left: TrialsLeft | undefined;
}

/** Sessions of the server before this one, and of this one for the next. */
export interface KeptSessions {
  /** Keeps one for the next server, if what it played becomes durable. */
  keep(session: KeptSession, durable: Promise<void>): void;
  /** Writes those that are kept, so that the next server finds them. Never throws. */
  write(): Promise<void>;
  /** A session of the server before this one, while it may be resumed. */
  find(tokenHash: string): KeptSession | undefined;
  /** It goes on, or will not. */
  delete(tokenHash: string): void;
}

const NAME = "sessions.json";

/** Bytes of all that is kept: what is more is left out. */
const MOST_BYTES = 64 << 20;

/** Most envs that a session can have. */
const MOST_ENVS = LIMIT_OPTIONS.max_envs.max as number;

/** Opens those of a folder, which nobody else writes to; they wait for `resumeMs` from now. */
export function openKeptSessions(
  dir: string,
  resumeMs: number,
  clock: Clock,
  tell: (event: SessionEvent) => void,
): KeptSessions {
  const path = join(dir, NAME);
  const waiting = readKept(dir, resumeMs, tell);
  const stopWaiting = waiting.size > 0 ? clock.after(resumeMs, () => waiting.clear()) : () => {};
  const kept: Promise<KeptDocument | undefined>[] = [];
  return {
    keep(session, durable) {
      kept.push(
        durable.then(
          () => documentOf(session),
          () => undefined,
        ),
      );
    },
    async write() {
      stopWaiting();
      // Nobody has come for these yet.
      for (const session of waiting.values()) kept.push(Promise.resolve(documentOf(session)));
      const sessions: KeptDocument[] = [];
      let bytes = 0;
      for (const document of await Promise.all(kept)) {
        bytes += document === undefined ? 0 : JSON.stringify(document).length + 1;
        if (document !== undefined && bytes < MOST_BYTES - 100) sessions.push(document);
      }
      if (sessions.length === 0) return;
      try {
        replaceDurably(path, Buffer.from(JSON.stringify({ version: 1, sessions })), PRIVATE_FILE);
        tell({ event: "sessions_kept", sessions: sessions.length, leftOut: kept.length - sessions.length });
      } catch (error) {
        tell({ event: "sessions_not_kept", message: (error as Error).message });
      }
    },
    find: (tokenHash) => waiting.get(tokenHash),
    delete: (tokenHash) => void waiting.delete(tokenHash),
  };
}

/** Never throws: whatever stands there, the server starts. */
function readKept(dir: string, resumeMs: number, tell: (event: SessionEvent) => void): Map<string, KeptSession> {
  const path = join(dir, NAME);
  const none = new Map<string, KeptSession>();
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return none;
    let kept = none;
    try {
      requireNoLinks(dir, NAME); // it is written here, and nowhere else
      const { sessions } = readDocument(path, KEPT);
      if (resumeMs > 0) kept = new Map(sessions.map(keptOf).map((session) => [session.tokenHash, session]));
    } catch (error) {
      tell({ event: "sessions_not_kept", message: (error as Error).message });
    }
    if (!found.isDirectory()) rmSync(path, { force: true }); // where that fails they would be found again later: then nothing is resumed
    return kept;
  } catch (error) {
    tell({ event: "sessions_not_kept", message: (error as Error).message });
    return none;
  }
}

/** One of them in the file. */
type KeptDocument = SnakeCased<{
  readonly tokenSha256: string;
  readonly sessionId: string;
  readonly hello: string;
  readonly sent: number;
  readonly taken: number;
  readonly wasOpen: boolean;
  readonly open?: string;
  readonly left?: LeftDocument;
}>;

type LeftDocument = SnakeCased<{
  readonly taken: readonly string[];
  readonly again: readonly SnakeCased<{
    readonly env: number;
    readonly trialIndex: string;
    readonly seriesSeed?: string;
    readonly taskSeed: string;
    readonly noiseSeed: string;
    readonly agentSeed: string;
  }>[];
  readonly completeTrials: number;
  /** Absent where an earlier version wrote it: 0. */
  readonly incompleteTrials?: number;
  readonly incompleteEpisodes?: number;
  readonly steps: number;
}>;

function documentOf({ tokenHash, sessionId, hello, sent, taken, wasOpen, open, left }: KeptSession): KeptDocument {
  return {
    token_sha256: tokenHash,
    session_id: sessionId,
    hello: hello.toString("base64"),
    sent,
    taken,
    was_open: wasOpen,
    open: open?.toString("base64"),
    left: left && {
      taken: left.taken.map(String),
      again: left.again.map(({ env, trialIndex, seriesSeed, seeds }) => ({
        env,
        trial_index: String(trialIndex),
        series_seed: seriesSeed === undefined ? undefined : String(seriesSeed),
        task_seed: String(seeds.taskSeed),
        noise_seed: String(seeds.noiseSeed),
        agent_seed: String(seeds.agentSeed),
      })),
      complete_trials: left.completeTrials,
      incomplete_trials: left.incompleteTrials,
      incomplete_episodes: left.incompleteEpisodes,
      steps: left.steps,
    },
  };
}

function keptOf(document: KeptDocument): KeptSession {
  const { left } = document;
  return {
    tokenHash: document.token_sha256,
    sessionId: document.session_id,
    hello: Buffer.from(document.hello, "base64"),
    sent: document.sent,
    taken: document.taken,
    wasOpen: document.was_open,
    open: document.open === undefined ? undefined : Buffer.from(document.open, "base64"),
    left: left && {
      taken: left.taken.map(BigInt),
      again: left.again.map((trial) => ({
        env: trial.env,
        trialIndex: BigInt(trial.trial_index),
        seriesSeed: trial.series_seed === undefined ? undefined : BigInt(trial.series_seed),
        seeds: {
          taskSeed: BigInt(trial.task_seed),
          noiseSeed: BigInt(trial.noise_seed),
          agentSeed: BigInt(trial.agent_seed),
        },
      })),
      completeTrials: left.complete_trials,
      incompleteTrials: left.incomplete_trials ?? 0,
      incompleteEpisodes: left.incomplete_episodes ?? 0,
      steps: left.steps,
    },
  };
}

/** The file. */
interface KeptFile {
  readonly version: 1;
  readonly sessions: readonly KeptDocument[];
}

function keptFile({ z, sha256, count, uint64, list, matching }: Parts) {
  const message = matching(/^[A-Za-z0-9+/]*={0,2}$/, "base 64");
  const trial = z.object({
    env: count,
    trial_index: uint64,
    series_seed: z.optional(uint64),
    task_seed: uint64,
    noise_seed: uint64,
    agent_seed: uint64,
  });
  const left = z.object({
    taken: list(uint64, MOST_ENVS),
    again: list(trial, MOST_ENVS),
    complete_trials: count,
    incomplete_trials: z.optional(count),
    incomplete_episodes: z.optional(count),
    steps: count,
  });
  const session = z.object({
    token_sha256: sha256,
    session_id: matching(/^[0-9a-f-]{36}$/, "a session's id"),
    hello: message,
    sent: count,
    taken: count,
    was_open: z.boolean(),
    open: z.optional(message),
    left: z.optional(left),
  });
  return z.object({ version: z.literal(1), sessions: list(session) });
}

const KEPT: DocumentKind<KeptFile> = {
  schema: schemaOf<KeptFile>()(keptFile),
  reason: "LOG_CORRUPT",
  remedy: "its sessions are not resumed",
  mostBytes: MOST_BYTES,
};
