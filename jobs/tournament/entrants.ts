/** Who starts the entrants of a tournament that is run from the command line: the command itself, or somebody elsewhere. */
import { findAgent } from "../../agents/registry.js";
import { IcrlError } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import { playsTask } from "../../common/plays-task.js";
import type { Attendance, Declaration, TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import { type Limits, resolveLimits } from "../../server/sessions/limits.js";
import { type CheckedSpec, checkSpec, entersFor } from "../../server/tournaments/spec.js";
import { isBuiltIn, nearBuiltIn, requireAwaited, unknownAgent } from "../agents-from-elsewhere.js";
import { reachableAddress } from "../processes/open-address.js";
import { quoted } from "../quoted.js";

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
 * @throws TASK_UNSUPPORTED if a built-in agent plays none of the tasks that it enters for
 */
export function sortEntrants(
  spec: TournamentSpec,
  awaited: ReadonlyMap<string, number>,
  server: string | undefined,
): SortedEntrants {
  const { tasks } = checkedSpec(spec, server === undefined);
  requireAwaited(
    awaited.keys(),
    spec.agents.map(({ name }) => name),
    "entrants",
  );
  const elsewhere = ({ name, agent }: SpecEntrant) => awaited.has(name) || !isBuiltIn(agent);
  for (const { name, agent } of spec.agents) {
    if (isBuiltIn(agent) || awaited.has(name)) continue;
    // On a running server whoever comes may enter, unannounced: only what looks mistyped is refused.
    if (server === undefined || nearBuiltIn(agent) !== "") throw unknownAgent(`entrant "${name}"`, name, agent);
  }
  const builtIn = spec.agents.filter((entrant) => !elsewhere(entrant));
  for (const entrant of builtIn) {
    const { name, agent, options } = entrant;
    const found = findAgent(agent);
    resolveOptions(found.options, options ?? {}, `entrant "${name}" (agent "${agent}")`);
    const entered = tasks.filter(({ id }) => entersFor({ tasks: entrant.tasks ?? [] }, id));
    if (entered.some(({ task }) => playsTask(found.tasks, task.name, task.kinds))) continue;
    throw new IcrlError(
      "TASK_UNSUPPORTED",
      `entrant "${name}": agent "${agent}" plays ${found.tasks.join(", ")}, and it enters for ${entered.map(({ id, task }) => `"${id}", which is ${task.kinds.join(", ")}`).join("; ")}: leave it out, or give it other tasks`,
    );
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
  const join = `--connect ${reachableAddress(address)} --entrant ${quoted(name)}`;
  if (processes === undefined) return `${name}: "${agent}" is not built in; start it with ${join}`;
  const count = processes === 1 ? "a process" : `${processes} processes`;
  const start = isBuiltIn(agent) ? `icrl agent ${agent} ${join}` : `it with ${join}`;
  const same = processes === 1 ? "" : ", the same for all of them,";
  const hint = `a secret in ICRL_ENTRANT_KEY${same} keeps others from its name`;
  return `${name}: waiting for ${count} of agent "${agent}" to join (${hint}); start ${start}`;
}

/** Of a server that is asked only later. */
const UNKNOWN_LIMITS = Object.fromEntries(
  Object.keys(resolveLimits()).map((name) => [name, Infinity]),
) as unknown as Limits;

/**
 * The spec with its tasks built.
 *
 * @param here whether a private server will play it, whose limits are known
 * @throws SPEC_INVALID, TASK_UNKNOWN, OPTION_*
 */
export function checkedSpec(spec: TournamentSpec, here: boolean): CheckedSpec {
  return checkSpec(spec, here ? resolveLimits() : UNKNOWN_LIMITS, () => 0n);
}
