/** What worlds and agents are asked to be: settings of requests, each a scalar, by name. */
import { IcrlError } from "../../common/errors.js";
import { didYouMean } from "../../common/nearest.js";
import type { Tensor } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { type Scalar, scalarOf } from "./tensors.js";

/** What comes to an end when a step answers TERMINATED. */
export type Sequence = "trial" | "episode";

/** What a world is. */
export interface WorldSettings {
  /** Name of a family. */
  readonly task: string;
  /** Of the task, as they were given. */
  readonly options: Readonly<Record<string, Scalar>>;
  /** Of its series of trials. */
  readonly seed: bigint;
  readonly sequence: Sequence;
  /** Whether it is logged. */
  readonly record: boolean;
}

/** Who joins, as the log has it. */
export interface AgentSettings {
  readonly agent: string;
  readonly agentVersion: string;
}

type Settings = Readonly<Record<string, Tensor>>;

const OPTION = "option.";
const WORLD = ["task", "seed", "sequence", "record"];
const AGENT = ["agent", "agent_version"];
const DEFAULT_AGENT = "dm_env_rpc";

/** @throws SETTING_UNKNOWN, SETTING_INVALID */
export function worldSettings(settings: Settings): WorldSettings {
  const given = scalarsOf(settings, (name) => WORLD.includes(name) || name.startsWith(OPTION), [
    ...WORLD,
    "option.NAME",
  ]);
  const { task, seed = 0n, sequence = "trial", record = true } = Object.fromEntries(given);
  if (task === undefined) {
    throw invalid(
      "task",
      'CreateWorld has no setting "task": give a family\'s name, a STRING; the property "tasks" lists them',
    );
  }
  if (typeof task !== "string") throw wrong("task", task, "a STRING");
  if (sequence !== "trial" && sequence !== "episode")
    throw wrong("sequence", sequence, 'the STRING "trial" or "episode"');
  if (typeof record !== "boolean") throw wrong("record", record, "a BOOL");
  const options = [...given].filter(([name]) => name.startsWith(OPTION));
  return {
    task,
    options: Object.fromEntries(options.map(([name, value]) => [name.slice(OPTION.length), optionOf(value)])),
    seed: seedOf(seed),
    sequence,
    record,
  };
}

/** @throws SETTING_UNKNOWN, SETTING_INVALID */
export function agentSettings(settings: Settings): AgentSettings {
  const given = scalarsOf(settings, (name) => AGENT.includes(name), AGENT);
  const { agent = DEFAULT_AGENT, agent_version: agentVersion = "" } = Object.fromEntries(given);
  if (typeof agent !== "string") throw wrong("agent", agent, "a STRING");
  if (typeof agentVersion !== "string") throw wrong("agent_version", agentVersion, "a STRING");
  return { agent, agentVersion };
}

/**
 * Sees that a request that has no settings is given none.
 * @throws SETTING_UNKNOWN
 */
export function noSettings(settings: Settings): void {
  scalarsOf(settings, () => false, []);
}

/** @throws SETTING_UNKNOWN, SETTING_INVALID */
function scalarsOf(
  settings: Settings,
  isKnown: (name: string) => boolean,
  known: readonly string[],
): Map<string, Scalar> {
  const given = new Map<string, Scalar>();
  // A decoder that sets this one as a member sets the object's prototype, which no list of its members shows.
  if (Object.getPrototypeOf(settings) !== Object.prototype) throw unknown("__proto__", known);
  for (const [name, tensor] of Object.entries(settings)) {
    if (!isKnown(name)) throw unknown(name, known);
    const value = scalarOf(tensor);
    if (value === undefined) throw invalid(name, `the setting "${name}" is no scalar: give one element, of no shape`);
    given.set(name, value);
  }
  return given;
}

function unknown(name: string, known: readonly string[]): IcrlError {
  const there = known.length === 0 ? ": there are none" : `: there are ${known.join(", ")}`;
  return new IcrlError("SETTING_UNKNOWN", `there is no setting "${name}" here${didYouMean(name, known) || there}`, {
    setting: name,
  });
}

const invalid = (setting: string, text: string): IcrlError => new IcrlError("SETTING_INVALID", text, { setting });

const wrong = (setting: string, value: Scalar, expected: string): IcrlError =>
  invalid(
    setting,
    `the setting "${setting}" is ${typeof value === "string" ? JSON.stringify(value) : value}: give ${expected}`,
  );

/** Options are numbers where they are no texts or truth values: what is no number here stays what it is, and is refused as it is. */
const optionOf = (value: Scalar): Scalar =>
  typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value;

/** @throws SETTING_INVALID */
function seedOf(value: Scalar): bigint {
  const seed = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof seed === "bigint" && seed >= 0n && seed < 1n << 64n) return seed;
  throw wrong("seed", value, "an integer in [0, 2^64)");
}
