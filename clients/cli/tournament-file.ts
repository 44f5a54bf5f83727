/** A tournament's file: YAML or JSON, {name, seed, trials, tasks: [{id, task, options}], agents: [{name, agent, options}]}. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { IcrlError } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";

/**
 * Reads one. Names and options are left to the server to check.
 *
 * @throws SPEC_INVALID if it is no such file
 */
export function readTournamentFile(path: string): TournamentSpec {
  const invalid = (text: string) => new IcrlError("SPEC_INVALID", `${path}: ${text}`);
  const firstLine = (error: unknown) => (error as Error).message.split("\n")[0].replace(/:$/, "");
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (error) {
    throw invalid(`cannot be read: ${firstLine(error)}`);
  }
  let content: unknown;
  try {
    content = parse(source, { intAsBigInt: true });
  } catch (error) {
    throw invalid(`is no YAML: ${firstLine(error)}`);
  }

  function members(value: unknown, what: string, names: readonly string[]): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalid(`${what} is ${shown(value)}: give {${names.join(", ")}}`);
    }
    for (const name of Object.keys(value)) {
      if (names.includes(name)) continue;
      throw invalid(`${what} has "${name}"${didYouMean(name, names) || `: it can have ${names.join(", ")}`}`);
    }
    return value as Record<string, unknown>;
  }
  function list(value: unknown, what: string): unknown[] {
    if (Array.isArray(value) && value.length > 0) return value;
    throw invalid(`${what} is ${Array.isArray(value) ? "empty" : shown(value)}: give a list of at least one`);
  }
  function text(value: unknown, what: string): string {
    if (typeof value !== "string") throw invalid(`${what} is ${shown(value)}: give a text`);
    return value;
  }
  function options(value: unknown, what: string): Record<string, unknown> {
    if (value === undefined || value === null) return {};
    if (typeof value !== "object" || Array.isArray(value))
      throw invalid(`${what} is ${shown(value)}: give {name: value, ...}`);
    return plain(value) as Record<string, unknown>;
  }

  const file = members(content, "the file", ["name", "seed", "trials", "tasks", "agents"]);
  const { seed, trials } = file;
  if (seed !== undefined && (typeof seed !== "bigint" || seed < 0n || seed >= 1n << 64n)) {
    throw invalid(
      `seed is ${shown(seed)}: give a whole number from 0 to 18446744073709551615, or none to have one drawn`,
    );
  }
  if (typeof trials !== "bigint" || trials < 1n || trials > 0xffffffffn) {
    throw invalid(`trials is ${shown(trials)}: give a whole number of at least 1`);
  }
  return {
    name: text(file.name, "name"),
    seed: seed as bigint | undefined,
    trials: Number(trials),
    tasks: list(file.tasks, "tasks").map((entry, i) => {
      const what = `tasks[${i}]`;
      const task = members(entry, what, ["id", "task", "options"]);
      const family = text(task.task, `${what}.task`);
      return {
        id: text(task.id ?? family, `${what}.id`),
        task: family,
        options: options(task.options, `${what}.options`),
      };
    }),
    agents: list(file.agents, "agents").map((entry, i) => {
      const what = `agents[${i}]`;
      const agent = members(entry, what, ["name", "agent", "options"]);
      const program = text(agent.agent, `${what}.agent`);
      return {
        name: text(agent.name ?? program, `${what}.name`),
        agent: program,
        options: options(agent.options, `${what}.options`),
      };
    }),
  };
}

/** A value in a message: as JSON, not too much of it. */
function shown(value: unknown): string {
  const text = JSON.stringify(plain(value)) ?? "absent";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** Big integers of the parser as plain numbers: options are numbers everywhere else. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  }
  return value;
}
