/** One stream of dm_env_rpc: every request is answered once, in order, and what fails is an answer, too. */
import { IcrlError } from "../../common/errors.js";
import { type ActionObservationSpecs, EnvironmentResponse } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { checkedOpen } from "../sessions/checked-request.js";
import type { Incoming, Link } from "../sessions/link.js";
import { memoryWithin } from "../sessions/memory-budget.js";
import type { SessionContext } from "../sessions/session-context.js";
import { drainingError } from "../sessions/session-end.js";
import { type Asked, decodePropertyRequest, decodeRequest } from "./decode-request.js";
import { joinWorld, type Player } from "./player.js";
import { answerProperty } from "./properties.js";
import { helloOf, openOf } from "./said.js";
import { agentSettings, noSettings, worldSettings } from "./settings.js";
import { startTalk, type Talk } from "./talk.js";
import type { Worlds } from "./worlds.js";

type Answer = NonNullable<EnvironmentResponse["payload"]>;

/** What all conversations of a server share. */
export interface ConversationContext extends SessionContext {
  readonly worlds: Worlds;
  /** An error as an answer has it; what is no IcrlError is told. */
  readonly errorMessage: (error: unknown) => Extract<Answer, { $case: "error" }>["value"];
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

/** Bytes of a world beside those of the request that asks for it, of which a decoder makes ten and more. */
const WORLD_BYTES = 4096;
const DECODED = 10;

/** What waits for those before it to be answered. */
type Waiting = Buffer | { readonly failure: unknown } | "end of input";

/** One from inside. */
interface Talking {
  readonly link: Link;
  readonly context: ConversationContext;
  /** Begun for a world that is joined, or about to be. */
  talk: Talk | undefined;
  player: Player | undefined;
  draining: boolean;
  /** Whether nothing is said any more. */
  over: boolean;
}

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
          send({ $case: "error", value: context.errorMessage(next.failure) });
          return end(next.failure);
        }
        const answer = await answerTo(next, talking, settle);
        if (!talking.over) send(answer);
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

  function send(payload: Answer): void {
    const bytes = EnvironmentResponse.encode({ payload }).finish();
    link.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
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

/** The answer to a request, which is an error where it fails. */
async function answerTo(bytes: Buffer, talking: Talking, ended: () => void): Promise<Answer> {
  try {
    return await answered(decodeRequest(bytes), bytes.length, talking, ended);
  } catch (error) {
    // What fails because the stream is gone is nobody's error.
    return { $case: "error", value: talking.context.errorMessage(talking.over ? drainingError() : error) };
  }
}

async function answered(asked: Asked, bytes: number, talking: Talking, ended: () => void): Promise<Answer> {
  const { context, player } = talking;
  const { worlds } = context;
  switch (asked.$case) {
    case "step":
      return { $case: "step", value: await joined(talking, "step").step(asked.value) };
    case "reset": {
      const { specs, reset } = joined(talking, "reset");
      noSettings(asked.value.settings);
      await reset();
      return { $case: "reset", value: { specs } };
    }
    case "createWorld":
      return { $case: "createWorld", value: { worldName: create(asked.value.settings, bytes, talking) } };
    case "joinWorld":
      return { $case: "joinWorld", value: { specs: await join(asked.value, talking, ended) } };
    case "leaveWorld": {
      talking.player = undefined;
      talking.talk = undefined;
      await player?.leave();
      return { $case: "leaveWorld", value: {} };
    }
    case "resetWorld": {
      const world = worlds.find(asked.value.worldName);
      noSettings(asked.value.settings);
      if (player?.world === world) await player.reset();
      for (const inhabitant of world.inhabitants) inhabitant.interrupt(); // whoever asks has nothing running any more
      return { $case: "resetWorld", value: {} };
    }
    case "destroyWorld":
      worlds.destroy(asked.value.worldName);
      return { $case: "destroyWorld", value: {} };
    case "extension":
      return { $case: "extension", value: answerProperty(decodePropertyRequest(asked.value), player) };
  }
}

/** @throws PROTOCOL_ORDER if no world is joined, SERVER_DRAINING if nothing is to begin any more */
function joined({ player, draining }: Talking, message: string): Player {
  if (draining && player?.standing === "ready") throw drainingError();
  if (player !== undefined) return player;
  const text = `${message} came while no world was joined: join one first`;
  throw new IcrlError("PROTOCOL_ORDER", text, { message, state: "not joined" });
}

/**
 * Makes a world, whose task can be played. @returns its name
 * @throws SETTING_*, TOO_MANY_WORLDS, SERVER_DRAINING, SERVER_BUSY, QUOTA_EXCEEDED, ROLE_REFUSED, and what checkedOpen throws
 */
function create(
  given: Parameters<typeof worldSettings>[0],
  bytes: number,
  { link, context, draining }: Talking,
): string {
  const { limits, worlds, memory } = context;
  const { peer, bearer } = link;
  if (draining) throw drainingError();
  bearer?.requireName(undefined);
  const settings = worldSettings(given);
  const hello = helloOf({ agent: "", agentVersion: "" });
  const { task } = checkedOpen(openOf(settings, { first: 0n, end: 1n }), hello, limits);
  const budget = bearer?.share === undefined ? memory : memoryWithin(bearer.share, memory);
  const world = worlds.create({
    owner: bearer?.tokenId ?? peer.slice(0, peer.lastIndexOf(":")),
    settings,
    task,
    reserve: () => budget.reserve(WORLD_BYTES + DECODED * bytes, "a world"),
  });
  return world.name;
}

/**
 * The agent enters a world. @returns what it can do and see there
 * @throws PROTOCOL_ORDER if it is in one, WORLD_UNKNOWN, SETTING_*, and what a session is refused with
 */
async function join(
  { worldName, settings }: { readonly worldName: string; readonly settings: Parameters<typeof agentSettings>[0] },
  talking: Talking,
  ended: () => void,
): Promise<ActionObservationSpecs> {
  const { link, context, player } = talking;
  const { worlds, limits } = context;
  if (player !== undefined) {
    const text = "join_world came while a world was joined: leave it first";
    throw new IcrlError("PROTOCOL_ORDER", text, { message: "join_world", state: "joined" });
  }
  if (talking.draining) throw drainingError();
  const world = worlds.find(worldName);
  const agent = agentSettings(settings);
  const talk = startTalk(link, context, ended);
  talking.talk = talk;
  try {
    talking.player = await joinWorld({ world, worlds, agent }, talk, limits.maxTrials);
    if (talking.over) talking.player.lost();
  } catch (error) {
    talking.talk = undefined;
    throw error;
  }
  return talking.player.specs;
}
