import { VERSION } from "../../common/version.js";
import type { ServerStatus } from "./api.js";
import type { AskedContext } from "./page-context.js";

/** The server's own numbers, now. */
export function serverStatus(context: AskedContext): ServerStatus {
  const { address, startedAtMs, now, counters, sink, sessions, rate, operator, tournaments, told } = context;
  const peers = new Set<string>();
  let count = 0;
  for (const session of sessions) {
    peers.add(session.status().peer);
    count += 1;
  }
  return {
    version: VERSION,
    address,
    started_at: startedAtMs,
    now: now(),
    steps: counters.steps,
    steps_per_second: rate.rates.at(-1) ?? 0,
    rates: rate.rates,
    sessions: count,
    agents: peers.size,
    durable_episodes: sink.episodes,
    log_writable: sink.writable,
    operator,
    withholds: tournaments.list().some(({ spec }) => !told.has(spec.id)),
  };
}
