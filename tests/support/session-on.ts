import type { AgentMessage } from "#icrl/clients/typescript/play-stream.js";
import { type Observations, type Open, PlayResponse } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { Seat } from "#icrl/server/matches/lobby.js";
import { newCounters } from "#icrl/server/sessions/counters.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { createMemoryBudget } from "#icrl/server/sessions/memory-budget.js";
import { openSessions } from "#icrl/server/sessions/open-sessions.js";
import { createSession } from "#icrl/server/sessions/session.js";
import type { WorkQueue } from "#icrl/server/work/work-queue.js";
import { handSink } from "./hand-sink.js";
import { handWork } from "./hand-work.js";
import { keptNowhere } from "./kept-nowhere.js";
import { manualClock } from "./manual-clock.js";
import { encodeRequest, hello, open } from "./raw-stream.js";

/** All that sessions share, on this queue and log: no stream is there, and the clock is moved by hand. */
export function sessionContext(work: WorkQueue, limits: Record<string, number> = {}, sink = handSink()) {
  const clock = manualClock();
  const seats: Seat[] = [];
  const left: unknown[] = [];
  const context = {
    limits: resolveLimits({ act_timeout_ms: 1000, ...limits }),
    sink,
    lobby: {
      enter(_: unknown, seat: Seat) {
        seats.push(seat);
        return { free: () => void left.push("free"), leave: (...why: unknown[]) => void left.push(why) };
      },
    },
    clock,
    counters: newCounters(),
    sessions: openSessions(100),
    kept: keptNowhere(),
    memory: createMemoryBudget(1 << 30),
    work,
    tell: () => {},
  };
  return { context, clock, sink, seats, left };
}

/**
 * A session that works on this queue, and all that it says and does: no stream is between a test and it, its log and its clock are moved
 * by hand.
 */
export function sessionOn(work: WorkQueue, limits: Record<string, number> = {}) {
  const { context, clock, sink, seats, left } = sessionContext(work, limits);
  const said: PlayResponse["message"][] = [];
  const ends: unknown[] = [];
  const speakOn = (heard: PlayResponse["message"][], over: unknown[]) =>
    createSession(
      {
        peer: "a test",
        send: (bytes) => void heard.push(PlayResponse.decode(bytes).message),
        whenFlushed: (then) => then(),
        end: (error) => void over.push(error),
      },
      context,
    );
  const session = speakOn(said, ends);
  return {
    session,
    clock,
    sink,
    said,
    ends,
    seats,
    left,
    memory: context.memory,
    kinds: () => said.map((message) => message?.$case),
    send: (...messages: AgentMessage[]) => {
      for (const message of messages) session.receive(encodeRequest(message));
    },
    /** Another stream, which begins with this message. */
    stream(message: AgentMessage) {
      const heard: PlayResponse["message"][] = [];
      const over: unknown[] = [];
      const other = speakOn(heard, over);
      other.receive(encodeRequest(message));
      return {
        session: other,
        ends: over,
        said: heard,
        kinds: () => heard.map((one) => one?.$case),
        send: (...messages: AgentMessage[]) => {
          for (const one of messages) other.receive(encodeRequest(one));
        },
      };
    },
  };
}

/** A session that plays from its first observations on, `first`, and gives its answers one by one. */
export function playing(members: Partial<Open>) {
  const { work, turnAll } = handWork();
  const session = sessionOn(work);
  const { said, send } = session;
  let read = 3;
  const answer = (message: AgentMessage): Observations => {
    send(message);
    turnAll();
    const observations = said[read++];
    if (observations?.$case !== "observations") throw new Error(`${observations?.$case}: ${session.ends[0]}`);
    return observations.value;
  };
  send(hello(), open({ seed: 5n, ...members }));
  turnAll();
  const [, , first] = said;
  if (first?.$case !== "observations") throw new Error(`no observations: ${session.ends[0]}`);
  return { ...session, turnAll, answer, first: first.value };
}
