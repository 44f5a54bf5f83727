/** A server's conversations of dm_env_rpc, and the worlds that they make. docs/dm-env-rpc.md is what they say to each other. */
import { IcrlError, RETRY_DELAY_MS } from "../../common/errors.js";
import type { Incoming, Link } from "../sessions/link.js";
import type { SessionContext } from "../sessions/session-context.js";
import { drainingError } from "../sessions/session-end.js";
import { type Conversation, type ConversationContext, converse } from "./conversation.js";
import { createWorlds, type World } from "./worlds.js";

/** All of them. */
export interface DmEnvRpc {
  /** Those that are under way. */
  readonly conversations: Iterable<Pick<Conversation, "tokenId" | "fail">>;
  readonly worlds: Iterable<World>;
  /** Starts one on a stream. */
  start(link: Link): Incoming;
  /** Begins no sequence any more, and refuses new streams. Who plays may come to an end, as long as its session may; worlds go with the last. */
  drain(): void;
}

/**
 * None yet. There may be as many streams as sessions: of more, the one that has been in no world and asked nothing for longest ends.
 *
 * @param errorMessage an error as an answer has it
 */
export function createDmEnvRpc(context: SessionContext, errorMessage: ConversationContext["errorMessage"]): DmEnvRpc {
  const { limits, clock } = context;
  const conversations = new Set<Conversation>();
  const worlds = createWorlds(limits, clock);
  let draining = false;
  const shared = {
    ...context,
    worlds,
    errorMessage,
    over(conversation: Conversation) {
      conversations.delete(conversation);
      clear();
    },
  };

  function clear(): void {
    if (draining && conversations.size === 0) worlds.clear();
  }

  function makeRoom(): void {
    let idlest: Conversation | undefined;
    for (const one of conversations) {
      if ((one.idleMs ?? -1) > (idlest?.idleMs ?? -1)) idlest = one;
    }
    idlest?.end(tooMany(limits.maxSessions));
  }

  return {
    conversations: {
      *[Symbol.iterator]() {
        for (const { tokenId, end } of [...conversations]) yield { tokenId, fail: end };
      },
    },
    worlds,
    start(link) {
      const conversation = converse(link, shared);
      if (draining) conversation.end(drainingError());
      else {
        if (conversations.size >= limits.maxSessions) makeRoom();
        if (conversations.size >= limits.maxSessions) conversation.end(tooMany(limits.maxSessions));
        else conversations.add(conversation);
      }
      return conversation;
    },
    drain() {
      draining = true;
      for (const conversation of [...conversations]) conversation.drain();
      clear();
    },
  };
}

const tooMany = (most: number): IcrlError =>
  new IcrlError("SERVER_BUSY", `${most} streams are open: at most as many as sessions`, {
    retry_delay_ms: RETRY_DELAY_MS,
  });
