/** Beginnings and ends of sessions that every client shares. */
import { IcrlError } from "../../common/errors.js";
import { PROTOCOL_VERSION } from "../../common/version.js";
import type { Closed, Hello, Observations, Open, Opened, Welcome } from "../../proto/gen/icrl/v1/environment.js";
import type { Agent } from "./define-agent.js";
import type { AgentMessage, PlayStream, ServerMessage } from "./play-stream.js";
import { createPolicies, type Policies } from "./policies.js";

/** What free play asks for; the rest of `Open` has defaults. */
export interface FreePlay {
  /** Name of a task family. */
  readonly task: string;
  /** Options that differ from their defaults. */
  readonly taskOptions?: Readonly<Record<string, unknown>>;
  /** Envs side by side; 1 by default. */
  readonly numEnvs?: number;
  /** Trials in all; 1 by default. */
  readonly trials?: number;
  /** Index of the first trial; 0 by default. */
  readonly firstTrial?: number;
  /** Seed of the series, uint64; 0 by default. */
  readonly seed?: bigint | number;
  /** In its place a seed for each env, exactly numEnvs, uint64 each: env i plays the series of seed envSeeds[i], trials / numEnvs of it. */
  readonly envSeeds?: readonly (bigint | number)[];
  /**
   * How many instances the series has, of each env with envSeeds, at least 1: trial t is played on that of trial t modulo so many, with luck of
   * its own. By default each trial has its own.
   */
  readonly instances?: number;
  /** How long an answer may take, in milliseconds, at most limits.maxActTimeoutMs: for learners with long updates. The server's by default. */
  readonly actTimeoutMs?: number;
  /** "play" by default. */
  readonly purpose?: string;
  /** Whether trajectories go to the server's log; true by default. */
  readonly record?: boolean;
  /** Free labels of each logged trajectory. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Who says hello; what is not given is empty. */
export type Introduction = Pick<Hello, "agent"> & Partial<Hello>;

/** Says hello; resolves with the welcome. */
export async function introduce(stream: PlayStream, introduction: Introduction): Promise<Welcome> {
  stream.send({
    $case: "hello",
    value: {
      minProtocolVersion: PROTOCOL_VERSION,
      maxProtocolVersion: PROTOCOL_VERSION,
      agentVersion: "",
      language: "typescript",
      agentOptions: {},
      tasks: [],
      entrant: undefined,
      tournamentId: undefined,
      collectionId: undefined,
      entrantKey: undefined,
      numEnvs: 0,
      ...introduction,
      capabilities: [...(stream.reconnects ? ["resume"] : []), ...(introduction.capabilities ?? [])],
    },
  });
  const message = await stream.next();
  if (message.$case !== "welcome") throw unexpected(message, "welcome");
  return message.value;
}

/**
 * Sees that a server can do what is about to be asked of it: one that cannot might not say so.
 * @throws NOT_IMPLEMENTED
 */
export function requireCapability({ capabilities }: Welcome, capability: string): void {
  if (capabilities.includes(capability)) return;
  throw new IcrlError(
    "NOT_IMPLEMENTED",
    `the server cannot ${capability}: its welcome lists ${capabilities.join(", ") || "no capability"}`,
    { capability },
  );
}

/**
 * Sees that a server knows the members of its series: one that does not would play others.
 * @throws NOT_IMPLEMENTED
 */
export function requireSeries(welcome: Welcome, { envSeeds, instances }: FreePlay): void {
  if (envSeeds !== undefined) requireCapability(welcome, "env_seeds");
  if (instances !== undefined) requireCapability(welcome, "instances");
}

/** Opens a task in free play; resolves with what was opened. The first observations follow. */
export async function open(stream: PlayStream, play: FreePlay): Promise<Opened> {
  const message: Open = {
    task: play.task,
    options: play.taskOptions ?? {},
    numEnvs: play.numEnvs ?? 1,
    trials: BigInt(play.trials ?? 1),
    firstTrial: BigInt(play.firstTrial ?? 0),
    seed: BigInt(play.seed ?? 0),
    purpose: play.purpose ?? "play",
    explicitSeeds: [],
    record: play.record ?? true,
    tags: { ...play.tags },
    label: undefined,
    envSeeds: (play.envSeeds ?? []).map(BigInt),
    actTimeoutMs: play.actTimeoutMs ?? 0,
    instances: play.instances,
  };
  stream.send({ $case: "open", value: message });
  const answer = await stream.next();
  if (answer.$case !== "opened") throw unexpected(answer, "opened");
  return answer.value;
}

/**
 * Opens trials to be labelled as `label`; resolves with what was opened, when there are some, and with undefined once all trials of
 * the server's dataset are labelled.
 */
export async function openLabels(stream: PlayStream, label: string, numEnvs: number): Promise<Opened | undefined> {
  const message: Open = {
    task: "",
    options: undefined,
    numEnvs,
    trials: 0n,
    firstTrial: 0n,
    seed: 0n,
    purpose: "",
    explicitSeeds: [],
    record: undefined,
    tags: {},
    label,
    envSeeds: [],
    actTimeoutMs: 0,
  };
  stream.send({ $case: "open", value: message });
  const answer = await stream.next();
  if (answer.$case === "closed" && answer.value.finished) return undefined;
  if (answer.$case !== "opened") throw unexpected(answer, "opened");
  return answer.value;
}

/** Who follows what is played. */
export interface PlayListener {
  /** Called with every observations message, before the policies answer it. */
  readonly onObservations?: (message: Observations) => void;
  /**
   * The server was started again, and what was open begins anew: trials that are in its log are over, and the others begin once more, whatever
   * was seen of them.
   */
  readonly onOpenedAnew?: (opened: Opened) => void;
}

/** Plays what is open to its end; resolves with the server's totals. */
export async function playToEnd(
  stream: PlayStream,
  agent: Agent,
  agentOptions: Readonly<Record<string, unknown>>,
  opened: Opened,
  { onObservations, onOpenedAnew }: PlayListener = {},
): Promise<Closed> {
  let policies = policiesFor(agent, agentOptions, opened);
  for (;;) {
    const message = await stream.next();
    switch (message.$case) {
      case "closed":
        return message.value;
      case "draining":
        continue;
      case "opened":
        policies = policiesFor(agent, agentOptions, message.value);
        onOpenedAnew?.(message.value);
        continue;
      case "observations": {
        onObservations?.(message.value);
        const actions = policies.respond(message.value);
        if (actions !== undefined) stream.send({ $case: "actions", value: actions } satisfies AgentMessage);
        continue;
      }
      default:
        throw unexpected(message, "observations");
    }
  }
}

function policiesFor(agent: Agent, agentOptions: Readonly<Record<string, unknown>>, opened: Opened): Policies {
  const { task, numEnvs, wantProbabilities } = opened;
  if (task === undefined) throw new IcrlError("MALFORMED_MESSAGE", "opened came without a task");
  return createPolicies(agent, agentOptions, task, numEnvs, wantProbabilities);
}

/** A message that the protocol does not allow here. */
export function unexpected(message: ServerMessage, expected: string): IcrlError {
  return new IcrlError("PROTOCOL_ORDER", `the server sent "${message.$case}" where "${expected}" was expected`);
}
