/** Launches that were looked at before anything is started: their programs are there, their modules can be read. */
import { programPath } from "../processes/environment-path.js";
import { type Launch, requireProgram } from "./launch.js";
import { type AgentFacts, readAgentModule } from "./module-agent.js";

/** One of them. */
export interface ReadyLaunch {
  readonly launch: Launch;
  /** What a module's agent says of itself; undefined of a command, which says it only when it plays. */
  readonly facts: AgentFacts | undefined;
}

/**
 * Looks at them.
 *
 * @param launches by name
 * @param what what they are: "entrant"
 * @throws SPEC_INVALID
 */
export async function readyLaunches(
  launches: ReadonlyMap<string, Launch>,
  what: string,
): Promise<Map<string, ReadyLaunch>> {
  const known = new Map<string, AgentFacts>();
  const ready = new Map<string, ReadyLaunch>();
  for (const [name, launch] of launches) {
    if (launch.kind === "command") {
      requireProgram(launch, `${what} "${name}"`, programPath());
      ready.set(name, { launch, facts: undefined });
    } else {
      const facts = known.get(launch.file) ?? (await readAgentModule(launch.file));
      known.set(launch.file, facts);
      ready.set(name, { launch, facts });
    }
  }
  return ready;
}

/** Entrants or behaviours with the agents of their modules called as they call themselves. */
export function withModules<T extends { readonly name: string; readonly agent: string }>(
  named: readonly T[],
  ready: ReadonlyMap<string, ReadyLaunch>,
): T[] {
  return named.map((one) => ({ ...one, agent: ready.get(one.name)?.facts?.name ?? one.agent }));
}
