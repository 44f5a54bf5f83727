/** Plays one case after the other, some beside each other, until enough was sent. */
import type { Client } from "@grpc/grpc-js";
import { channel } from "../attacks/raw.js";
import type { Case } from "./case.js";
import { caseOf } from "./cases.js";
import { keepHouse } from "./housekeeping.js";
import { type Outcome, runCase } from "./run-case.js";

/** What is fuzzed, and how. */
export interface FuzzingOptions {
  readonly address: string;
  readonly operatorKey: string;
  readonly seed: bigint;
  /** Cases beside each other. */
  readonly workers: number;
  /** Asked before each case; true: enough. */
  readonly enough: (so: Sofar) => boolean;
  /** Told of a case that found a fault, with those that were under way. */
  readonly onFault: (fault: string, index: number, underWay: ReadonlyMap<number, Case>) => void;
}

/** What there was so far. */
export interface Sofar {
  cases: number;
  messages: number;
  /** How calls ended, and how often. */
  readonly ends: Map<string, number>;
  /** Cases that are being played, by index. */
  readonly underWay: Map<number, Case>;
}

const CLIENTS = 8;

/** Cases between two times that an operator looks. */
const KEEP_HOUSE = 1000;

/** Nothing was played yet. */
export const nothingYet = (): Sofar => ({ cases: 0, messages: 0, ends: new Map(), underWay: new Map() });

/** Fuzzes a server. Resolves when enough was sent, and nothing is under way. */
export async function fuzz(options: FuzzingOptions, so = nothingYet()): Promise<Sofar> {
  const { address, operatorKey, seed, workers, enough, onFault } = options;
  const clients: Client[] = Array.from({ length: CLIENTS }, () => channel(address));
  await keepHouse(clients[0], operatorKey, true);
  let next = 0;

  async function work(): Promise<void> {
    while (!enough(so)) {
      const index = next++;
      const one = caseOf(seed, index);
      so.underWay.set(index, one);
      const outcome = await runCase(one, clients[index % CLIENTS], address).catch(
        (error: Error): Outcome => ({ messages: 0, ends: [], fault: `the fuzzer failed: ${error.stack}` }),
      );
      if (outcome.fault !== undefined) onFault(outcome.fault, index, so.underWay);
      so.underWay.delete(index);
      so.cases += 1;
      so.messages += outcome.messages;
      for (const end of outcome.ends) so.ends.set(end, (so.ends.get(end) ?? 0) + 1);
      if (index % KEEP_HOUSE === KEEP_HOUSE - 1) await keepHouse(clients[0], operatorKey, true);
    }
  }

  await Promise.all(Array.from({ length: workers }, work));
  await keepHouse(clients[0], operatorKey, false);
  for (const client of clients) client.close();
  return so;
}
