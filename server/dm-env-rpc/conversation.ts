/** One stream of dm_env_rpc: every request is answered once, in order, and what fails is an answer, too. */
import { IcrlError } from "../../common/errors.js";
import { EnvironmentResponse } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import type { Incoming, Link } from "../sessions/link.js";
import { drainingError } from "../sessions/session-end.js";
import { type Answer, type AnswerContext, answerTo, type Talking } from "./answers.js";

/** What all conversations of a server share. */
export interface ConversationContext extends AnswerContext {
  /** Called once when it is over. */
  readonly over: (conversation: Conversation) => void;
}

/** One of them. */
export interface Conversation extends Incoming {
  /** Id of the token that it came with; undefined where it came with none. */
  readonly tokenId: string | undefined;
  /** How long it has been in no world and asked nothing, in milliseconds; undefined while it is in one, or waits for an answer. */
  readonly idleMs: number | undefined;
  /** The server is about to stop: a sequence that is running may come to its end, and no other begins. */
  drain(): void;
  /** Ends the stream with this error. */
  end(error: unknown): void;
}

/** How long an agent whose last sequence is over has, while the server stops, to hear of that, in milliseconds. */
const FAREWELL_MS = 500;

/** What waits for those before it to be answered. */
type Waiting = Buffer | { readonly failure: unknown } | "end of input";

/** Begins one on a link. */
export function converse(link: Link, context: ConversationContext): Conversation {
  const { limits, clock } = context;
  const waiting: Waiting[] = [];
  const talking: Talking = { link, context, talk: undefined, player: undefined, draining: false, over: false };
  let working = false;
  let lastMs = clock.now();
  let stopIdle = () => {};
  let farewell: (() => void) | undefined;

  /** It is over: the agent leaves its world as one whose stream is gone. */
  function stop(): void {
    if (talking.over) return;
    talking.over = true;
    stopIdle();
    farewell?.();
    talking.talk?.lost();
    talking.player?.lost();
    context.over(conversation);
  }

  function end(error: unknown): void {
    if (talking.over) return;
    stop();
    link.end(error);
  }

  const guarded = (run: () => void) => () => {
    try {
      run();
    } catch (error) {
      end(error);
    }
  };

  function watchIdle(ms: number): void {
    stopIdle = clock.after(
      ms,
      guarded(() => {
        const quietMs = working || talking.player?.standing === "running" ? 0 : clock.now() - lastMs;
        if (quietMs < limits.idleTimeoutMs) return watchIdle(limits.idleTimeoutMs - quietMs);
        end(
          new IcrlError("IDLE_TIMEOUT", `nothing was asked for ${limits.idleTimeoutMs} ms: connect again`, {
            timeout_ms: limits.idleTimeoutMs,
          }),
        );
      }),
    );
  }

  /** While the server stops: whoever has nothing running leaves, and hears why until it is gone. */
  function settle(): void {
    const { draining, player, talk } = talking;
    if (!draining || working || talking.over) return;
    if (talk === undefined) return end(drainingError());
    if (player?.standing === "running") return;
    if (player?.standing === "ready") void player.leave().catch(() => {});
    farewell ??= clock.after(
      FAREWELL_MS,
      guarded(() => end(drainingError())),
    );
  }

  async function work(): Promise<void> {
    working = true;
    try {
      for (let next = waiting.shift(); next !== undefined && !talking.over; next = waiting.shift()) {
        if (next === "end of input") return await leaveWell();
        if (!Buffer.isBuffer(next)) {
          link.send(encoded({ $case: "error", value: context.errorMessage(next.failure) }));
          return end(next.failure);
        }
        const answer = await answerTo(next, talking, settle);
        if (!talking.over) link.send(encoded(answer));
        // Who has nothing running while the server stops, and has heard of it, hears nothing more.
        const told = answer.$case === "error" && talking.draining && talking.player?.standing === "ready";
        if (told) return end(drainingError());
      }
      link.read?.(true);
    } catch (error) {
      end(error);
    } finally {
      working = false;
      lastMs = clock.now();
      guarded(settle)();
    }
  }

  async function leaveWell(): Promise<void> {
    await talking.player?.leave().catch(() => {});
    end(undefined);
  }

  function wait(next: Waiting): void {
    if (talking.over) return;
    waiting.push(next);
    if (working) link.read?.(false);
    else void work();
  }

  const conversation: Conversation = {
    tokenId: link.bearer?.tokenId,
    get idleMs() {
      return working || talking.talk !== undefined ? undefined : clock.now() - lastMs;
    },
    receive: wait,
    endOfInput: () => wait("end of input"),
    lost: stop,
    fail: (failure) => wait({ failure }),
    drain() {
      talking.draining = true;
      guarded(settle)();
    },
    end,
  };
  link.take?.(Math.min(limits.maxHelloBytes, limits.maxMessageBytes));
  watchIdle(limits.idleTimeoutMs);
  return conversation;
}

function encoded(payload: Answer): Buffer {
  const bytes = EnvironmentResponse.encode({ payload }).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
