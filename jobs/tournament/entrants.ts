/** Who starts the entrants of a tournament that is run from the command line: the command itself, or somebody elsewhere. */
import { findAgent } from "../../agents/registry.js";
import { IcrlError } from "../../common/errors.js";
import { resolveOptions } from "../../common/options.js";
import { playsTask } from "../../common/plays-task.js";
import type { Attendance, Declaration, TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import { type Limits, resolveLimits } from "../../server/sessions/limits.js";
import { type CheckedSpec, checkSpec, entersFor } from "../../server/tournaments/spec.js";
import { isBuiltIn, nearBuiltIn, requireAwaited, unknownAgent } from "../agents-from-elsewhere.js";
import { type Launch, requireOnCommandLine } from "../launch/launch.js";
import type { ReadyLaunch } from "../launch/ready-launch.js";
import { reachableAddress } from "../processes/open-address.js";
import { quoted } from "../quoted.js";

/** An entrant as the tournament's file has it. */
export type SpecEntrant = TournamentSpec["agents"][number];

/** An entrant whose process this command starts. */
export interface StartedEntrant {
  readonly name: string;
  readonly agent: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** How it is started; undefined: it is built in. */
  readonly launch: Launch | undefined;
  /** Tasks that it plays; undefined where only its process knows. */
  readonly plays: readonly string[] | undefined;
}

/** Who starts which entrants. */
export interface SortedEntrants {
  /** Started by this command. */
  readonly started: readonly StartedEntrant[];
  /** Join by themselves. */
  readonly fromElsewhere: readonly SpecEntrant[];
}

/**
 * Checks everything that can be known to be wrong before a server is started and earlier results are replaced.
 *
 * @param ready entrants that are not built in and that this command can start, by name
 * @throws SPEC_INVALID, TASK_UNKNOWN, AGENT_UNKNOWN, ENTRANT_UNKNOWN, OPTION_*
 * @throws TASK_UNSUPPORTED if an agent that is known plays none of the tasks that its entrant enters for
 */
export function sortEntrants(
  spec: TournamentSpec,
  awaited: ReadonlyMap<string, number>,
  server: string | undefined,
  ready: ReadonlyMap<string, ReadyLaunch> = new Map(),
): SortedEntrants {
  const { tasks } = checkedSpec(spec, server === undefined);
  requireAwaited(
    awaited.keys(),
    spec.agents.map(({ name }) => name),
    "entrants",
  );
  const isKnown = ({ name, agent }: SpecEntrant) => ready.has(name) || isBuiltIn(agent);
  const elsewhere = (entrant: SpecEntrant) => awaited.has(entrant.name) || !isKnown(entrant);
  for (const entrant of spec.agents) {
    const { name, agent } = entrant;
    if (isKnown(entrant) || awaited.has(name)) continue;
    // On a running server whoever comes may enter, unannounced: only what looks mistyped is refused.
    if (server === undefined || nearBuiltIn(agent) !== "") throw unknownAgent(`entrant "${name}"`, name, agent);
  }
  const started = spec.agents
    .filter((entrant) => !elsewhere(entrant))
    .map((entrant): StartedEntrant => {
      const { name, agent, options = {} } = entrant;
      const { launch, facts } = ready.get(name) ?? { launch: undefined, facts: findAgent(agent) };
      const what = `entrant "${name}" (agent "${agent}")`;
      if (facts === undefined) requireOnCommandLine(options, what);
      else resolveOptions(facts.options, options, what);
      const entered = tasks.filter(({ id }) => entersFor({ tasks: entrant.tasks ?? [] }, id));
      if (facts !== undefined && !entered.some(({ task }) => playsTask(facts.tasks, task.name, task.kinds))) {
        throw new IcrlError(
          "TASK_UNSUPPORTED",
          `entrant "${name}": agent "${agent}" plays ${facts.tasks.join(", ")}, and it enters for ${entered.map(({ id, task }) => `"${id}", which is ${task.kinds.join(", ")}`).join("; ")}: leave it out, or give it other tasks`,
        );
      }
      return { name, agent, options, launch, plays: facts?.tasks };
    });
  return { started, fromElsewhere: spec.agents.filter(elsewhere) };
}

/** This command sees to its own processes, and to none that join: those may come and go, but for strangers whom nobody awaits. */
export function attendanceOf({ started }: SortedEntrants, awaited: ReadonlyMap<string, number>): Attendance[] {
  return [
    ...started.map(({ name }) => ({ name, processes: 1, mayLeave: true })),
    ...Array.from(awaited, ([name, processes]) => ({ name, processes, mayLeave: true })),
  ];
}

/** What the entrants play that this command starts: it is known before they come. */
export function declarationsOf({ started }: SortedEntrants): Declaration[] {
  return started.flatMap(({ name, plays }) => (plays === undefined ? [] : [{ name, tasks: [...plays] }]));
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
