/** What an agent is put through: one scenario after another, each a small tournament or labelling, with something done to its messages. */
import type { ServerMessage } from "../../clients/typescript/play-stream.js";
import { boolTensor, int32Tensor } from "../../common/tensor.js";
import { type Observations, type Opened, PlayResponse } from "../../proto/gen/icrl/v1/environment.js";
import { activeEnvs } from "./action-faults.js";

/** What is done with a message on its way to the agent, in order. */
export type Step =
  | { readonly pass: Buffer }
  /** Holds the agent's stream up. */
  | { readonly waitMs: number }
  /** Breaks its connections off; what comes after in the list does not reach it. */
  | { readonly cut: true };

/** Looks at what the server says in one session. */
export interface Interference {
  /** @param index how many messages but welcome came before in the session */
  served?(message: ServerMessage, bytes: Buffer, index: number): readonly Step[];
  /** Whether the connection breaks when this, the how-manieth actions of the session, is on its way: it is lost. */
  loses?(index: number): boolean;
}

/** A task by a name, with options that make it small. */
export interface ScenarioTask {
  readonly id: string;
  readonly task: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One of them. */
export interface Scenario {
  readonly name: string;
  /** What is looked at, for people. */
  readonly what: string;
  /** Whether it labels a dataset instead of playing a tournament. */
  readonly labels?: true;
  /** Whether it is about agents that list "resume" alone. */
  readonly resumes?: true;
  /** Ids of its tasks; default: all, which the agent plays. */
  readonly tasks?: readonly string[];
  /** Envs that each of its sessions gets at most. */
  readonly numEnvs: number;
  readonly trials: number;
  /** Options that the tournament gives the agent. */
  readonly agentOptions?: Readonly<Record<string, unknown>>;
  /** Name of the scenario that plays the same trials: they are compared. */
  readonly sameAs?: string;
  /** Made for each session. */
  interference?(plan: { readonly slowMs: number }): Interference;
}

/** The tasks: one of each kind of observation space, of different sizes, so that nothing can be hard-coded. */
export const SCENARIO_TASKS: readonly ScenarioTask[] = [
  { id: "bernoulli", task: "bernoulli-bandit", options: { arms: 5, horizon: 6 } },
  { id: "gaussian", task: "gaussian-bandit", options: { arms: 2, horizon: 5 } },
  { id: "linear", task: "linear-bandit", options: { dim: 3, actions: 4, horizon: 6 } },
  { id: "fresh", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 5, arm_set: "fresh" } },
  { id: "river", task: "river-swim", options: { states: 4, horizon: 3, episodes: 3 } },
  { id: "mdp", task: "random-mdp", options: { states: 3, actions: 4, horizon: 2, episodes: 4 } },
  { id: "room", task: "dark-room", options: { size: 3, horizon: 5, episodes: 2 } },
];

const encoded = (message: ServerMessage): Step => ({
  pass: Buffer.from(PlayResponse.encode({ message }).finish()),
});

/** Changes observations, once it is known of what. */
const observing = (change: (observations: Observations, opened: Opened) => Observations) => (): Interference => {
  let opened: Opened | undefined;
  return {
    served(message, bytes) {
      if (message.$case === "opened") opened = message.value;
      if (message.$case !== "observations" || opened === undefined) return [{ pass: bytes }];
      return [encoded({ $case: "observations", value: change(message.value, opened) })];
    },
  };
};

/** A field that no version has, number 9999: the varint 1. */
const UNKNOWN_FIELD = Buffer.from([0xf8, 0xf0, 0x04, 0x01]);

/** Everything said that may be left out, as true as before. */
function explicit(observations: Observations, { numEnvs }: Opened): Observations {
  const none = boolTensor(new Uint8Array(numEnvs), [numEnvs]);
  const active = activeEnvs(observations, numEnvs).map(Number);
  return {
    ...observations,
    active: boolTensor(Uint8Array.from(active), [numEnvs]),
    terminated: observations.terminated ?? none,
    truncated: observations.truncated ?? none,
  };
}

/** Another action done than the one that was sent. */
function executedOtherwise(observations: Observations, { numEnvs, task }: Opened): Observations {
  if (observations.reward === undefined) return observations;
  const done = Int32Array.from(
    { length: numEnvs },
    (_, env) => (env + Number(observations.stepIndex)) % (task?.numActions ?? 1),
  );
  return { ...observations, executedAction: int32Tensor(done, [numEnvs]) };
}

/** Says draining before the first observations, and again in the middle. */
function draining(): Interference {
  const drains = (deadlineMs: number) => encoded({ $case: "draining", value: { deadlineMs } });
  return {
    served: (_, bytes, index) => {
      if (index === 1 || index === 3) return [drains(60_000 - index), { pass: bytes }];
      return index === 5 ? [{ pass: bytes }, drains(60_000 - index)] : [{ pass: bytes }];
    },
  };
}

/** Takes its time for what opens, for three answers, and for closed. */
function slow({ slowMs }: { readonly slowMs: number }): Interference {
  let waits = 0;
  return {
    served(message, bytes, index) {
      const isSlow = index === 0 || index === 3 || (message.$case === "closed" && waits < 4);
      if (!isSlow) return [{ pass: bytes }];
      waits += 1;
      return [{ waitMs: slowMs }, { pass: bytes }];
    },
  };
}

/** Breaks the connection before a message reaches the agent, after one has, and with an answer on its way. */
function cutting(): Interference {
  return {
    served(_, bytes, index) {
      if (index === 2) return [{ cut: true }, { pass: bytes }];
      return index === 4 ? [{ pass: bytes }, { cut: true }] : [{ pass: bytes }];
    },
    loses: (index) => index === 5,
  };
}

/** Options that no agent has: of every type that a JSON document can hold, and some that most languages cannot. */
const HOSTILE_OPTIONS = {
  "ключ \u{1f980} \u0301": "ünïcödé \u{1f980} \u202e rtl \u0000 zero",
  nothing: null,
  huge: 1.7976931348623157e308,
  tiny: 5e-324,
  integer: 9_007_199_254_740_993,
  negative_zero: -0,
  nested: { list: [1, [2, { deep: [null, false, {}] }], "x"], empty: {} },
  "": "a name of no characters",
  __proto__: undefined,
  constructor: "prototype",
  long: "x".repeat(5000),
} as const;

/** All, in the order in which they are run: the first says what the others can expect. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "one-trial",
    what: "says hello, plays one trial of one env of one task after another, and leaves with exit code 0",
    numEnvs: 1,
    trials: 1,
  },
  {
    name: "inactive-envs",
    what: "plays several trials in each of 3 envs, which go inactive at different times",
    numEnvs: 3,
    trials: 7,
  },
  {
    name: "one-env",
    what: "plays all trials in one env, one after the other, forgetting each",
    numEnvs: 1,
    trials: 5,
    sameAs: "env-each",
  },
  {
    name: "env-each",
    what: "plays each trial in an env of its own, by its agent_seed as in any other number of envs",
    numEnvs: 5,
    trials: 5,
    sameAs: "one-env",
  },
  {
    name: "many-envs",
    what: "plays 200 envs side by side",
    tasks: ["bernoulli", "linear", "river", "room"],
    numEnvs: 200,
    trials: 450,
  },
  {
    name: "explicit",
    what: "takes fields that are there with their defaults, and passes over fields that it does not know",
    numEnvs: 3,
    trials: 4,
    interference: () => {
      const { served } = observing(explicit)();
      return {
        served: (message, bytes, index) =>
          (served?.(message, bytes, index) ?? []).map((step) =>
            "pass" in step ? { pass: Buffer.concat([step.pass, UNKNOWN_FIELD]) } : step,
          ),
      };
    },
  },
  {
    name: "cut-short",
    what: "takes episodes that are truncated instead of terminated",
    numEnvs: 3,
    trials: 4,
    interference: observing((observations) => ({
      ...observations,
      terminated: undefined,
      truncated: observations.terminated,
    })),
  },
  {
    name: "executed",
    what: "takes executed_action where another action was done than it sent",
    numEnvs: 3,
    trials: 4,
    interference: observing(executedOtherwise),
  },
  {
    name: "options",
    what: "plays, or gives up with a reason, where its options are unknown and of every kind",
    tasks: ["bernoulli", "linear", "river", "room"],
    numEnvs: 2,
    trials: 2,
    agentOptions: HOSTILE_OPTIONS,
  },
  {
    name: "slow-server",
    what: "waits for a server that takes seconds",
    tasks: ["bernoulli", "linear", "river", "room"],
    numEnvs: 2,
    trials: 3,
    interference: slow,
  },
  {
    name: "draining",
    what: "plays on when the server says that it will stop",
    numEnvs: 3,
    trials: 4,
    interference: draining,
  },
  {
    name: "resume",
    what: "goes on with its session when its connection breaks, with nothing lost or said twice",
    resumes: true,
    tasks: ["linear", "bernoulli", "mdp", "room"],
    numEnvs: 3,
    trials: 6,
    interference: cutting,
  },
  {
    name: "label",
    what: "labels a dataset, with probabilities that sum to 1 where it knows them",
    labels: true,
    numEnvs: 4,
    trials: 6,
  },
];
