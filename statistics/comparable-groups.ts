/** Who can be compared with whom: entrants that play the same tasks, all of them. */
import { meanOf } from "../common/mean-and-standard-error.js";
import { shareOfUniform } from "./normalised-score.js";
import { type Ranked, rankBy } from "./rank-by.js";
import type { TaskTrials } from "./statistics-document.js";

/** Entrants that play the same tasks. */
export interface Group {
  readonly tasks: readonly TaskTrials[];
  /** By mean score, the best first. */
  readonly ranked: readonly Ranked<string>[];
}

/** The groups: larger ones first, equal ones in the order of `names`, in which each entrant stands once. */
export function comparableGroups(tasks: readonly TaskTrials[], names: readonly string[]): Group[] {
  const groups = new Map<string, { tasks: TaskTrials[]; names: string[] }>();
  const players = tasks.map(({ entrants }) => new Set(entrants.map(({ name }) => name)));
  for (const name of names) {
    const played = tasks.filter((_, t) => players[t].has(name));
    const key = JSON.stringify(played.map(({ id }) => id));
    const group = groups.get(key) ?? { tasks: played, names: [] };
    groups.set(key, group);
    group.names.push(name);
  }
  return [...groups.values()]
    .sort((a, b) => b.names.length - a.names.length)
    .map(({ tasks, names }) => ({ tasks, ranked: rankBy(names, meanCost(tasks)) }));
}

/** The best of all groups, the best of each before the second of any; at most so many. */
export function bestOfGroups(groups: readonly Group[], most: number): string[] {
  const longest = Math.max(0, ...groups.map(({ ranked }) => ranked.length));
  const inTurn = Array.from({ length: longest }, (_, i) => groups.flatMap(({ ranked }) => ranked[i]?.entry ?? []));
  return inTurn.flat().slice(0, most);
}

/** What an entrant's mean score lacks to 1: not taken as that difference, which would lose the digits of small ones. */
function meanCost(tasks: readonly TaskTrials[]): (name: string) => number {
  const regrets = tasks.map(({ entrants }) => new Map(entrants.map(({ name, regrets }) => [name, meanOf(regrets)])));
  return (name) =>
    meanOf(tasks.map(({ uniformRegret }, t) => shareOfUniform(regrets[t].get(name) as number, uniformRegret)));
}
