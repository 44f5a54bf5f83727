/** What each request of dm_env_rpc does, and its answer. */
import { IcrlError } from "../../common/errors.js";
import type { ActionObservationSpecs, EnvironmentResponse } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { checkedOpen } from "../sessions/checked-request.js";
import type { Link } from "../sessions/link.js";
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

/** A member of a response. */
export type Answer = NonNullable<EnvironmentResponse["payload"]>;

/** What answers take of the server. */
export interface AnswerContext extends SessionContext {
  readonly worlds: Worlds;
  /** An error as an answer has it; what is no IcrlError is told. */
  readonly errorMessage: (error: unknown) => Extract<Answer, { $case: "error" }>["value"];
}

/** Where a conversation stands. */
export interface Talking {
  readonly link: Link;
  readonly context: AnswerContext;
  /** Begun for a world that is joined, or about to be. */
  talk: Talk | undefined;
  player: Player | undefined;
  draining: boolean;
  /** Whether nothing is said any more. */
  over: boolean;
}

/** Bytes of a world beside those of the request that asks for it, of which a decoder makes ten and more. */
const WORLD_BYTES = 4096;
const DECODED = 10;

/**
 * The answer to a request, which is an error where it fails.
 *
 * @param ended called when the session has ended that a join begins
 */
export async function answerTo(bytes: Buffer, talking: Talking, ended: () => void): Promise<Answer> {
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
