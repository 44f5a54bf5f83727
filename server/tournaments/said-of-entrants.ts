/** What a request to create a tournament says of its entrants: what they play, how they are waited for, which keys they have. */
import { IcrlError } from "../../common/errors.js";
import type { CreateTournamentRequest as Request } from "../../proto/gen/icrl/v1/tournament.js";
import { checkSpecName } from "../matches/checked-names.js";
import { createEntrantKeys } from "../matches/entrant-keys.js";
import type { Limits } from "../sessions/limits.js";
import type { CheckedSpec } from "./spec.js";
import type { Attendance, Tournament } from "./tournament.js";

/** How each of them is waited for. */
export type Attending = (entrant: string) => Attendance;

/** What a request says of entrants before they come. @throws KEY_REFUSED, and then none of it is said */
export function sayBeforehand(tournament: Tournament, { declarations, entrantKeys }: Request): void {
  for (const { name, key } of entrantKeys) tournament.keys.checkGiven(name, key);
  for (const { name, key } of entrantKeys) tournament.keys.give(name, key);
  for (const { name, tasks } of declarations) tournament.declare(name, tasks);
}

/** How a request wants entrants to be waited for. @throws SPEC_INVALID */
export function attendanceOf({ attendance }: Request, spec: CheckedSpec, limits: Limits): Attending {
  const usual = { mayLeave: false, timeoutMs: limits.entrantTimeoutMs, processes: 1 };
  const wanted = new Map<string, Attendance>();
  requireAtMostAll("attendances", attendance, spec);
  for (const { name, processes, mayLeave } of attendance) {
    requireEntrant(spec, name, "is to be waited for");
    if (processes < 1)
      throw new IcrlError("SPEC_INVALID", `${processes} processes of "${name}" are awaited: at least 1`);
    wanted.set(name, { mayLeave, timeoutMs: mayLeave ? undefined : usual.timeoutMs, processes });
  }
  return (entrant) => wanted.get(entrant) ?? usual;
}

/** @throws SPEC_INVALID if something is said of somebody who is no entrant; KEY_REFUSED for keys that cannot be any, or two of one entrant */
export function checkEntrants(spec: CheckedSpec, { declarations, entrantKeys }: Request): void {
  checkDeclarations(declarations, spec);
  const unused = createEntrantKeys("a new tournament", () => {});
  for (const { name, key } of entrantKeys) {
    requireEntrant(spec, name, "is given a key");
    unused.give(name, key); // another one for the same entrant is refused
  }
}

/** Names of tasks and kinds that an entrant may be declared to play, as in `hello.tasks`. */
const MAX_DECLARED = 1000;

/** Sees that what is said of entrants can be kept, and is said once of each. @throws SPEC_INVALID */
function checkDeclarations(declarations: Request["declarations"], spec: CheckedSpec): void {
  requireAtMostAll("declarations", declarations, spec);
  for (const { name, tasks } of declarations) {
    requireEntrant(spec, name, "is declared to play tasks");
    if (tasks.length > MAX_DECLARED) {
      throw new IcrlError(
        "SPEC_INVALID",
        `"${name}" is declared to play ${tasks.length} tasks: at most ${MAX_DECLARED}`,
      );
    }
    for (const task of tasks) checkSpecName(`a task that "${name}" is declared to play`, task);
  }
}

/** @throws SPEC_INVALID if a request says more than one thing of each entrant */
function requireAtMostAll(what: string, { length }: readonly unknown[], { agents }: CheckedSpec): void {
  if (length <= agents.length) return;
  throw new IcrlError("SPEC_INVALID", `${length} ${what} of ${agents.length} entrants: give one of each at most`);
}

/** @throws SPEC_INVALID if a request says something of somebody who is no entrant */
function requireEntrant({ agents }: CheckedSpec, name: string, what: string): void {
  if (agents.some((agent) => agent.name === name)) return;
  const names = agents.map((agent) => agent.name).join(", ");
  throw new IcrlError("SPEC_INVALID", `"${name}" ${what}, but the entrants are ${names}`);
}
