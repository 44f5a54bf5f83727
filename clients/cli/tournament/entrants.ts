/** Who starts the entrants of a tournament that is run from the command line: the command itself, or somebody elsewhere. */
import { hostname } from "node:os";
import { agents, findAgent } from "../../../agents/registry.js";
import { IcrlError } from "../../../common/errors.js";
import { resolveOptions } from "../../../common/options.js";
import { playsTask } from "../../../common/plays-task.js";
import type { Attendance, Declaration, TournamentSpec } from "../../../proto/gen/icrl/v1/tournament.js";
import { LIMIT_OPTIONS, type Limits } from "../../../server/sessions/limits.js";
import { type CheckedSpec, checkSpec } from "../../../server/tournaments/spec.js";
import { quoted } from "../print/quoted.js";

/** An entrant as the tournament's file has it. */
export type SpecEntrant = TournamentSpec["agents"][number];

/** Who starts which entrants. */
export interface SortedEntrants {
  /** Started by this command. */
  readonly builtIn: readonly SpecEntrant[];
  /** Join by themselves. */
  readonly fromElsewhere: readonly SpecEntrant[];
}

/**
 * Checks everything that can be known to be wrong before a server is started and earlier results are replaced.
 *
 * @throws SPEC_INVALID, TASK_UNKNOWN, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*
 */
export function sortEntrants(
  spec: TournamentSpec,
  awaited: ReadonlyMap<string, number>,
  server: string | undefined,
): SortedEntrants {
  const { tasks } = checkedSpec(spec, server === undefined);
  for (const name of awaited.keys()) {
    if (!spec.agents.some((entrant) => entrant.name === name)) {
      const names = spec.agents.map((entrant) => entrant.name).join(", ");
      throw new IcrlError("ENTRANT_UNKNOWN", `--await ${name}: the entrants are ${names}`);
    }
  }
  const elsewhere = ({ name, agent }: SpecEntrant) =>
    awaited.has(name) || (server !== undefined && !agents.some((builtIn) => builtIn.name === agent));
  const builtIn = spec.agents.filter((entrant) => !elsewhere(entrant));
  for (const { name, agent, options } of builtIn) {
    const found = findAgent(agent);
    resolveOptions(found.options, options ?? {}, `entrant "${name}" (agent "${agent}")`);
    if (!tasks.some(({ task }) => playsTask(found.tasks, task.name, task.kinds))) {
      process.stderr.write(`${name}: agent "${agent}" plays none of the tasks, only ${found.tasks.join(", ")}\n`);
    }
  }
  return { builtIn, fromElsewhere: spec.agents.filter(elsewhere) };
}

/** This command sees to its own processes, and to none that join: those may come and go, but for strangers whom nobody awaits. */
export function attendanceOf({ builtIn }: SortedEntrants, awaited: ReadonlyMap<string, number>): Attendance[] {
  return [
    ...builtIn.map(({ name }) => ({ name, processes: 1, mayLeave: true })),
    ...Array.from(awaited, ([name, processes]) => ({ name, processes, mayLeave: true })),
  ];
}

/** What the entrants play that this command starts: it is known before they come. */
export function declarationsOf({ builtIn }: SortedEntrants): Declaration[] {
  return builtIn.map(({ name, agent }) => ({ name, tasks: [...findAgent(agent).tasks] }));
}

/** How an agent from elsewhere joins. */
export function joinText({ name, agent }: SpecEntrant, address: string, awaited: ReadonlyMap<string, number>): string {
  const processes = awaited.get(name);
  const reachable = address.replace(/^(0\.0\.0\.0|\[::\]):/, `${hostname()}:`);
  const join = `--connect ${reachable} --entrant ${quoted(name)}`;
  if (processes === undefined) return `${name}: "${agent}" is not built in; start it with ${join}`;
  const count = processes === 1 ? "a process" : `${processes} processes`;
  const start = agents.some((builtIn) => builtIn.name === agent) ? `icrl agent ${agent} ${join}` : `it with ${join}`;
  return `${name}: waiting for ${count} of agent "${agent}" to join; start ${start}`;
}

/** Of a server that is asked only later. */
const UNKNOWN_LIMITS = Object.fromEntries(
  Object.keys(LIMIT_OPTIONS).map((name) => [name, Infinity]),
) as unknown as Limits;

/**
 * The spec with its tasks built.
 *
 * @param here whether a private server will play it, whose limits are known
 * @throws SPEC_INVALID, TASK_UNKNOWN, OPTION_*
 */
export function checkedSpec(spec: TournamentSpec, here: boolean): CheckedSpec {
  return checkSpec(spec, here ? resolveOptions(LIMIT_OPTIONS, {}, "serve") : UNKNOWN_LIMITS, () => 0n);
}
