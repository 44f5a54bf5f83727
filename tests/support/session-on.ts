import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import { PlayResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { Seat } from "#icrl/server/matches/lobby.js";
import { newCounters } from "#icrl/server/sessions/counters.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { createMemoryBudget } from "#icrl/server/sessions/memory-budget.js";
import { openSessions } from "#icrl/server/sessions/open-sessions.js";
import { createSession } from "#icrl/server/sessions/session.js";
import type { WorkQueue } from "#icrl/server/work/work-queue.js";
import { handSink } from "./hand-sink.js";
import { manualClock } from "./manual-clock.js";
import { encodeRequest } from "./raw-stream.js";

/**
 * A session that works on this queue, and all that it says and does: no stream is between a test and it, its log and its clock are moved
 * by hand.
 */
export function sessionOn(work: WorkQueue, limits: Record<string, number> = {}) {
  const clock = manualClock();
  const sink = handSink();
  const said: PlayResponse["message"][] = [];
  const ends: unknown[] = [];
  const seats: Seat[] = [];
  const left: unknown[] = [];
  const session = createSession(
    {
      peer: "a test",
      send: (bytes) => void said.push(PlayResponse.decode(bytes).message),
      whenFlushed: (then) => then(),
      end: (error) => void ends.push(error),
    },
    {
      limits: resolveLimits({ act_timeout_ms: 1000, ...limits }),
      sink,
      lobby: {
        enter(_, seat) {
          seats.push(seat);
          return { free: () => void left.push("free"), leave: (...why) => void left.push(why) };
        },
      },
      clock,
      counters: newCounters(),
      sessions: openSessions(100),
      memory: createMemoryBudget(1 << 30),
      work,
      tell: () => {},
    },
  );
  return {
    session,
    clock,
    sink,
    said,
    ends,
    seats,
    left,
    kinds: () => said.map((message) => message?.$case),
    send: (...messages: AgentMessage[]) => {
      for (const message of messages) session.receive(encodeRequest(message));
    },
  };
}
