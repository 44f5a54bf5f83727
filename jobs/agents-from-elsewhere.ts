/** Agents that are not built in: whoever names one in a file says with --await that it comes from elsewhere, so that a mistyped name is not waited for. */
import { agents } from "../agents/registry.js";
import { IcrlError } from "../common/errors.js";
import { didYouMean } from "../common/nearest.js";

/** Whether this package has an agent of that name. */
export const isBuiltIn = (agent: string): boolean => agents.some(({ name }) => name === agent);

/** The built-in agent that a name was perhaps meant to be, as the end of a sentence; "" where none is near. */
export const nearBuiltIn = (agent: string): string =>
  didYouMean(
    agent,
    agents.map(({ name }) => name),
  );

/**
 * The refusal of a name that is not built in and that nobody has announced.
 *
 * @param what who is to be played by it: `entrant "mine"`
 * @param name its name, for --await
 */
export function unknownAgent(what: string, name: string, agent: string): IcrlError {
  const hint = nearBuiltIn(agent) || `: the built-in ones are ${agents.map((builtIn) => builtIn.name).join(", ")}`;
  return new IcrlError(
    "AGENT_UNKNOWN",
    `${what}: there is no agent "${agent}"${hint}; for an agent of your own that joins, give --await ${name}`,
    { agent },
  );
}

/**
 * Sees that --await names only those that there are.
 *
 * @param all what they are called together: "entrants"
 * @throws ENTRANT_UNKNOWN
 */
export function requireAwaited(awaited: Iterable<string>, names: readonly string[], all: string): void {
  for (const name of awaited) {
    if (!names.includes(name))
      throw new IcrlError("ENTRANT_UNKNOWN", `--await ${name}: the ${all} are ${names.join(", ")}`, { entrant: name });
  }
}
