/**
 * The server's numbers for Prometheus. What happens is counted as it is told; what there is now is read when somebody asks. No label has
 * values that callers choose: states, outcomes, methods, codes and reasons are closed lists.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { VERSION } from "../../common/version.js";
import type { Counters } from "../sessions/counters.js";
import type { SessionEvent, StepTimes } from "../sessions/session-event.js";
import type { SessionStatus } from "../sessions/session-status.js";
import { countMatches, tournamentStanding } from "../tournaments/progress.js";
import type { TournamentEvent } from "../tournaments/tournament-event.js";
import type { Tournaments } from "../tournaments/tournaments.js";
import type { LogEvent } from "../trajectories/log-event.js";
import type { TrajectoryLog } from "../trajectories/trajectory-log.js";
import { createHistogram } from "./histogram.js";

/** What is counted. Calls and errors come from rooms that this one does not know. */
export type CountedEvent =
  | SessionEvent
  | TournamentEvent
  | LogEvent
  | { readonly event: "listening" | "connections_lowered" | "draining" | "stopped" | "collection_cancelled" }
  | {
      readonly event: "rpc_ended";
      readonly method: string;
      readonly code: string;
      readonly reason: string | undefined;
    }
  | { readonly event: "grpc_said" }
  | { readonly event: "internal_error"; readonly where: string; readonly reason?: string };

/** What is read when somebody asks. */
export interface MeasuredServer {
  readonly counters: Readonly<Counters>;
  readonly log: Pick<TrajectoryLog, "appended" | "episodes" | "backlogBytes" | "segmentsWaiting" | "writable">;
  readonly sessions: Iterable<{ status(): SessionStatus }>;
  readonly tournaments: Pick<Tournaments, "list">;
  /** Of dm_env_rpc. */
  readonly worlds: Iterable<{ readonly inhabitants: { readonly size: number } }>;
  /** Of its dataset; absent where it has none. */
  readonly labels?: { readonly trials: { readonly labelled: number; readonly left: number } };
}

/** The numbers of one server. */
export interface Metrics {
  /** Counts what happened. */
  count(event: CountedEvent): void;
  /** Takes how long lock-steps last. */
  readonly times: StepTimes;
  /** Takes by how many milliseconds a turn of the event loop kept a timer waiting, a hundred times a second. */
  turn(lateMs: number): void;
  /** From now on reads this server. */
  watch(server: MeasuredServer): void;
  /** Content-Type of `text`. */
  readonly contentType: string;
  /** All numbers now, in Prometheus' text format. */
  text(): Promise<string>;
}

/** Bounds in seconds: 100 us to 60 s. An agent on the same machine takes some 100 us, one that plans or infers far longer. */
const STEP_SECONDS = [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Likewise, for a write that is forced to the disk. */
const FLUSH_SECONDS = [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Likewise, for a turn of the event loop, which is never to take more than .05 s. */
const TURN_SECONDS = [1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Declares numbers in a registry. */
interface Declare {
  /** A counter that is told. */
  counter<L extends string>(name: string, help: string, labelNames?: readonly L[]): Counter<L>;
  /** A counter that is kept elsewhere, read when asked for: values by label. */
  readCounter(name: string, help: string, label: string, read: Read): void;
  /** Likewise a gauge. */
  readGauge(name: string, help: string, label: string, read: Read): void;
  histogram(name: string, help: string, bounds: readonly number[]): ReturnType<typeof createHistogram>;
}

/** Values of a server by label; by "" where there is no label. */
type Read = (of: MeasuredServer) => Record<string, number>;

/** Numbers of a server that has done nothing yet, and of its process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  let server: MeasuredServer | undefined;
  const declare = declaring(registry, () => server);
  new Gauge({
    name: "icrl_build_info",
    help: "1, with the version that runs",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version: VERSION }, 1);

  const sessions = sessionNumbers(declare);
  worldNumbers(declare);
  labelNumbers(declare);
  const log = logNumbers(declare);
  const matchesEnded = tournamentNumbers(declare);
  const turn = turnNumbers(registry, declare);
  const rpcs = declare.counter("icrl_rpc_calls_total", "Calls that ended, by method and gRPC code", ["method", "code"]);
  const errors = declare.counter(
    "icrl_errors_total",
    "Errors that ended a session or a call, and failures inside the server, by reason",
    ["reason"],
  );
  errors.inc({ reason: "INTERNAL" }, 0);

  collectDefaultMetrics({ register: registry });

  return {
    count(event) {
      switch (event.event) {
        case "session_opened":
          return sessions.opened.inc();
        case "session_parked":
          return sessions.parked.inc();
        case "session_resumed":
          return sessions.resumed.inc();
        case "session_ended":
          sessions.ended.inc({ outcome: event.reason ?? "closed" });
          if (event.reason !== undefined) errors.inc({ reason: event.reason });
          return;
        case "match_finished":
          return matchesEnded.inc({ outcome: "finished" });
        case "match_forfeited":
          return matchesEnded.inc({ outcome: "forfeited" });
        case "log_committed":
          log.durable.inc(event.rows);
          log.bytes.inc(event.bytes);
          return log.flush.observe(event.seconds);
        case "log_unwritable":
          log.failures.inc();
          return log.lost.inc(event.lost);
        case "rpc_ended":
          rpcs.inc({ method: event.method, code: event.code });
          // A session's error is counted when the session ends.
          if (event.reason !== undefined && event.method !== "EnvironmentService/Play")
            errors.inc({ reason: event.reason });
          return;
        case "internal_error":
          // What failed in a call is counted when the call ends.
          if (event.where !== "rpc") errors.inc({ reason: event.reason ?? "INTERNAL" });
      }
    },
    times: {
      act: (ms) => sessions.act.observe(ms / 1000),
      answer: (ms) => sessions.answer.observe(ms / 1000),
    },
    turn,
    watch(measured) {
      server = measured;
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

/** How numbers are declared that are read of whatever server there is when they are asked for. */
function declaring(registry: Registry, server: () => MeasuredServer | undefined): Declare {
  const registers = [registry];
  const valuesOf = (read: Read) => {
    const of = server();
    return Object.entries(of === undefined ? {} : read(of));
  };
  return {
    counter: (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers }),
    readCounter(name, help, label, read) {
      new Counter({
        name,
        help,
        labelNames: label === "" ? [] : [label],
        registers,
        collect() {
          this.reset();
          for (const [key, value] of valuesOf(read)) this.inc(label === "" ? {} : { [label]: key }, value);
        },
      });
    },
    readGauge(name, help, label, read) {
      new Gauge({
        name,
        help,
        labelNames: label === "" ? [] : [label],
        registers,
        collect() {
          for (const [key, value] of valuesOf(read)) this.set(label === "" ? {} : { [label]: key }, value);
        },
      });
    },
    histogram: (name, help, bounds) => createHistogram(registry, name, help, bounds),
  };
}

/** What sessions do, and how long their lock-steps last. */
function sessionNumbers({ counter, readCounter, readGauge, histogram }: Declare) {
  readGauge("icrl_sessions", "Sessions that are open, by what they do", "state", ({ sessions }) =>
    sessionStates(sessions),
  );
  const opened = counter("icrl_sessions_opened_total", "Sessions that were opened, those that were refused included");
  const ended = counter(
    "icrl_sessions_ended_total",
    "Sessions that ended, by how: closed, or the reason why they ended with something unfinished or an error",
    ["outcome"],
  );
  const parked = counter(
    "icrl_sessions_parked_total",
    "Times that a session's stream was lost and it waited for another",
  );
  const resumed = counter("icrl_sessions_resumed_total", "Times that a session went on over another stream");
  readCounter("icrl_steps_total", "Steps taken: actions of single envs", "", ({ counters }) => ({
    "": counters.steps,
  }));
  readCounter(
    "icrl_trials_total",
    "Trials that ended, by whether all their episodes ran to their own ends",
    "outcome",
    ({ counters }) => ({
      complete: counters.completeTrials,
      incomplete: counters.incompleteTrials,
    }),
  );
  const act = histogram(
    "icrl_act_seconds",
    "Time from sending observations to having the agent's actions, one for each lock-step",
    STEP_SECONDS,
  );
  const answer = histogram(
    "icrl_step_seconds",
    "Time from having actions to sending their answer, one for each lock-step; waits for the disk count",
    STEP_SECONDS,
  );
  ended.inc({ outcome: "closed" }, 0);
  return { opened, ended, parked, resumed, act, answer };
}

/** What worlds there are. */
function worldNumbers({ readGauge }: Declare): void {
  readGauge("icrl_worlds", "Worlds of dm_env_rpc, by whether an agent is in them", "state", ({ worlds }) => {
    const states = { joined: 0, empty: 0 };
    for (const { inhabitants } of worlds) states[inhabitants.size > 0 ? "joined" : "empty"] += 1;
    return states;
  });
}

/** How far the labels of the server's dataset are. */
function labelNumbers({ readGauge }: Declare): void {
  readGauge(
    "icrl_label_trials",
    "Trials that lacked the labels that the server was asked for when it was first asked, by state",
    "state",
    ({ labels }) => ({ labelled: 0, left: 0, ...labels?.trials }),
  );
}

/** How long turns of the event loop take; gives what takes them, in milliseconds. */
function turnNumbers(registry: Registry, { histogram }: Declare): (lateMs: number) => void {
  const turns = histogram(
    "icrl_event_loop_turn_seconds",
    "By how much a turn of the event loop kept a timer waiting, a hundred times a second",
    TURN_SECONDS,
  );
  const longest = new Gauge({
    name: "icrl_event_loop_turn_max_seconds",
    help: "Longest time for which a turn of the event loop kept a timer waiting since the server was started",
    registers: [registry],
  });
  let longestMs = 0;
  return (lateMs) => {
    turns.observe(lateMs / 1000);
    if (lateMs <= longestMs) return;
    longestMs = lateMs;
    longest.set(lateMs / 1000);
  };
}

/** What the log took and wrote. */
function logNumbers({ counter, readCounter, readGauge, histogram }: Declare) {
  readCounter("icrl_log_episodes_appended_total", "Episodes that the log took", "", ({ log }) => ({
    "": log.appended,
  }));
  const durable = counter("icrl_log_episodes_durable_total", "Episodes that became durable");
  const lost = counter("icrl_log_episodes_lost_total", "Episodes that were lost when the log could not be written");
  const flush = histogram(
    "icrl_log_flush_seconds",
    "Time of a group commit: writing it and, with fsync, forcing it to the disk",
    FLUSH_SECONDS,
  );
  const bytes = counter("icrl_log_written_bytes_total", "Bytes that group commits wrote to segments");
  const failures = counter("icrl_log_failures_total", "Writes to the log that failed");
  readGauge(
    "icrl_log_episodes",
    "Episodes in the log that are durable, earlier processes' included",
    "",
    ({ log }) => ({
      "": log.episodes,
    }),
  );
  readGauge("icrl_log_writable", "1 if the last attempt to write the log succeeded, else 0", "", ({ log }) => ({
    "": Number(log.writable),
  }));
  readGauge("icrl_log_backlog_bytes", "Bytes of episodes that wait for the next group commit", "", ({ log }) => ({
    "": log.backlogBytes,
  }));
  readGauge("icrl_log_segments_waiting", "Segments that wait to become shards", "", ({ log }) => ({
    "": log.segmentsWaiting,
  }));
  return { durable, lost, flush, bytes, failures };
}

/** Where tournaments and their matches stand; gives the counter of matches that ended. */
function tournamentNumbers({ counter, readGauge }: Declare) {
  readGauge("icrl_tournaments", "Tournaments that the server knows, by state", "state", ({ tournaments }) =>
    tournamentStates(tournaments),
  );
  readGauge("icrl_matches", "Matches of tournaments that are not finished, by state", "state", ({ tournaments }) =>
    matchStates(tournaments),
  );
  readGauge("icrl_tournament_trials", "Trials of tournaments that are not finished, by state", "state", (of) =>
    trialStates(of.tournaments),
  );
  const matchesEnded = counter("icrl_matches_ended_total", "Matches that ended, by how: finished or forfeited", [
    "outcome",
  ]);
  for (const outcome of ["finished", "forfeited"] as const) matchesEnded.inc({ outcome }, 0);
  return matchesEnded;
}

/** Sessions that play, that wait under an entrant's name for a match, that wait for another stream, and the others. */
function sessionStates(sessions: MeasuredServer["sessions"]): Record<string, number> {
  const states = { playing: 0, waiting: 0, parked: 0, idle: 0 };
  for (const session of sessions) {
    const { playing, parked, entrant } = session.status();
    states[parked ? "parked" : playing ? "playing" : entrant !== undefined ? "waiting" : "idle"] += 1;
  }
  return states;
}

function tournamentStates(tournaments: MeasuredServer["tournaments"]): Record<string, number> {
  const states = { pending: 0, running: 0, finished: 0, cancelled: 0 };
  for (const entry of tournaments.list()) states[tournamentStanding(entry)] += 1;
  return states;
}

function matchStates(tournaments: MeasuredServer["tournaments"]): Record<string, number> {
  const states = { undeclared: 0, pending: 0, running: 0, finished: 0, forfeited: 0 };
  for (const { finished, cancelled, tournament } of tournaments.list()) {
    if (finished || cancelled || tournament === undefined) continue;
    for (const match of tournament.matches) {
      const state = tournament.undeclared(match) ? "undeclared" : match.standing;
      states[match.forfeit !== undefined ? "forfeited" : state] += 1;
    }
  }
  return states;
}

function trialStates(tournaments: MeasuredServer["tournaments"]): Record<string, number> {
  const states = { undeclared: 0, left: 0, done: 0 };
  for (const { finished, cancelled, tournament } of tournaments.list()) {
    if (finished || cancelled || tournament === undefined) continue;
    const { trials, doneTrials, undeclaredTrials } = countMatches(tournament);
    states.undeclared += undeclaredTrials;
    states.left += trials - doneTrials;
    states.done += doneTrials;
  }
  return states;
}
