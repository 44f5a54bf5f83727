/** The runner: makes an agent a process that serves a tournament's matches until there are no more. */
import { setTimeout as wait } from "node:timers/promises";
import { IcrlError } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import type { Opened } from "../../proto/gen/icrl/v1/environment.js";
import type { Connection } from "./connect.js";
import type { Agent } from "./define-agent.js";
import { ConnectionError } from "./errors.js";
import type { PlayStream } from "./play-stream.js";
import { introduce, playToEnd, unexpected } from "./session.js";

/** How to serve. */
export interface ServeMatchesOptions {
  /** The name it enters under. */
  readonly entrant: string;
  /** Only this tournament; otherwise the oldest unfinished one that lists the entrant. */
  readonly tournamentId?: string;
  /** Instead of a tournament: this collection, as one of its behaviours. */
  readonly collectionId?: string;
  /**
   * A secret, 16 to 100 printable characters. The entrant's first session may show one: from then on nobody plays under its name, or
   * forfeits its matches, without it.
   */
  readonly entrantKey?: string;
  /** Options that the tournament does not set. */
  readonly agentOptions?: Readonly<Record<string, unknown>>;
  /** Envs side by side in each session; 1024 by default. */
  readonly numEnvs?: number;
  /** Sessions side by side; 2 by default, so that the server and the agent compute at the same time. */
  readonly streams?: number;
  /** Whether the server is told the probabilities of all actions at every step, which its log keeps, where the agent knows them; false by default. */
  readonly probabilities?: boolean;
  /** How long the tournament or collection is waited for if it does not exist yet, in milliseconds; a minute by default. */
  readonly patienceMs?: number;
  /** Told, in a line for people, when it is waited for. */
  readonly onWaiting?: (line: string) => void;
  readonly onMatch?: (opened: Opened) => void;
  /** A match that this agent broke off: its policy threw, or the server refused an answer. The next match is still served. */
  readonly onMatchFailed?: (matchId: string, error: Error) => void;
}

/**
 * Serves matches; resolves when the tournament has nothing more for the entrant.
 *
 * @throws IcrlError if the server refuses the entrant, ENTRANT_EARLY if what it is for does not come in time, ConnectionError if the server is gone
 */
export async function serveMatches(connection: Connection, agent: Agent, serve: ServeMatchesOptions): Promise<void> {
  const streams = serve.streams ?? 2;
  const sessions = Array.from({ length: streams }, (_, index) =>
    serveUntilFinished(connection, agent, index === 0 ? serve : { ...serve, onWaiting: undefined }),
  );
  // One that cannot go on leaves the others' matches alone: to break those off would forfeit them.
  const failed = (await Promise.allSettled(sessions)).find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function serveUntilFinished(connection: Connection, agent: Agent, serve: ServeMatchesOptions): Promise<void> {
  // Once in a tournament it stays there: it may be over before a session that failed in it is back.
  let { tournamentId } = serve;
  const patience = createPatience(serve);
  for (;;) {
    const stream = connection.play();
    let matchId: string | undefined;
    try {
      await introduce(stream, {
        agent: agent.name,
        agentVersion: agent.version,
        agentOptions: { ...serve.agentOptions },
        tasks: [...agent.tasks],
        capabilities: serve.probabilities === true ? ["probabilities"] : [],
        entrant: serve.entrant,
        tournamentId,
        collectionId: serve.collectionId,
        entrantKey: serve.entrantKey,
        numEnvs: serve.numEnvs ?? 1024,
      });
      for (;;) {
        matchId = undefined;
        const message = await stream.next();
        if (message.$case === "closed" && message.value.finished) {
          stream.finish();
          return;
        }
        if (message.$case === "draining") continue;
        if (message.$case !== "opened") throw unexpected(message, "opened");
        const opened = message.value;
        matchId = opened.matchId ?? "";
        tournamentId = opened.tournamentId;
        serve.onMatch?.(opened);
        const given = { ...serve.agentOptions, ...opened.agentOptions };
        const options = resolveOptions(agent.options, given, `agent "${agent.name}"`);
        const closed = await playToEnd(stream, agent, options, opened);
        if (!closed.finished) continue;
        stream.finish(); // the server was started again, and nothing was left to open anew
        return;
      }
    } catch (error) {
      // The policy threw: its text is what the match's forfeit will say. Where the server ended the session it knows why.
      if (matchId !== undefined && !(error instanceof ConnectionError) && !stream.ended) {
        stream.send({ $case: "close", value: { reason: (error as Error).message } });
        await ended(stream);
      }
      stream.cancel();
      if (matchId === undefined && (await patience.bears(error))) continue;
      // Outside a match there is nothing to give up but the whole tournament; a lost server is lost for all matches.
      if (matchId === undefined || error instanceof ConnectionError) throw error;
      serve.onMatchFailed?.(matchId, error as Error);
    }
  }
}

/** How long an entrant waits for what it is for. */
interface Patience {
  /** Waits a while, where this error says that it came too early; resolves with whether it is worth another try. */
  bears(error: unknown): Promise<boolean>;
}

/** The first wait, in milliseconds; each is half as long again as the one before, up to the longest. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3000;

/** None of it used up. */
function createPatience({ patienceMs = 60_000, onWaiting }: ServeMatchesOptions): Patience {
  let waitMs = FIRST_WAIT_MS;
  let leftMs = patienceMs;
  return {
    async bears(error) {
      if (!(error instanceof IcrlError) || error.reason !== "ENTRANT_EARLY" || leftMs <= 0) return false;
      if (leftMs === patienceMs) onWaiting?.(`${error.message} (waiting up to ${patienceMs / 1000} s for it)`);
      const thisMs = Math.min(waitMs, leftMs);
      leftMs -= thisMs;
      waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT_MS);
      await wait(thisMs);
      return true;
    },
  };
}

/** Resolves once the server has ended the stream; what it still says is not listened to. */
async function ended(stream: PlayStream): Promise<void> {
  while (!stream.ended) await stream.next().catch(() => {});
}
