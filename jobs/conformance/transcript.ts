/** What an agent did in each trial, to be compared with what it did in the same trial elsewhere. */
import { float32Elements } from "../../common/tensor.js";
import type { Observations, Opened } from "../../proto/gen/icrl/v1/environment.js";

/** A choice. */
export interface Choice {
  readonly action: number;
  /** NaN where unknown. */
  readonly propensity: number;
  /** The reward that followed; undefined until it is shown. */
  reward: number | undefined;
}

/** By "<task id> trial <index>": its choices in order. */
export type Trials = ReadonlyMap<string, readonly Choice[]>;

/** Of one session: told in order what is opened, shown and done. */
export interface Transcript {
  opened(opened: Opened): void;
  shown(observations: Observations): void;
  /** [N] each. */
  acted(actions: readonly number[], propensities: readonly number[], active: readonly boolean[]): void;
}

/** Writes into `trials`, which sessions share: a trial is one session's. */
export function createTranscript(trials: Map<string, Choice[]>): Transcript {
  let taskId = "";
  let envs: (Choice[] | undefined)[] = [];
  return {
    opened({ numEnvs, matchId, task }) {
      taskId = matchId?.split("/")[0] ?? task?.name ?? "";
      envs = new Array<undefined>(numEnvs).fill(undefined);
    },
    shown({ reward, trialStarts }) {
      if (reward !== undefined) {
        for (const [env, value] of float32Elements(reward, "reward").entries()) {
          const last = envs[env]?.at(-1);
          if (last !== undefined) last.reward ??= value;
        }
      }
      for (const { env, trialIndex } of trialStarts) {
        envs[env] = [];
        trials.set(`${taskId} trial ${trialIndex}`, envs[env]);
      }
    },
    acted(actions, propensities, active) {
      for (const [env, isActive] of active.entries()) {
        if (isActive) envs[env]?.push({ action: actions[env], propensity: propensities[env], reward: undefined });
      }
    },
  };
}

/** Where the same trial was played in two ways. */
export interface Difference {
  /** The first of them, as a sentence without its subject. */
  readonly text: string;
  /** Whether the agent called both choices certain, after the same actions and rewards. */
  readonly isCertain: boolean;
}

/** The first trial of two sets that was played in two ways; undefined where there is none. */
export function differenceOf(once: Trials, again: Trials): Difference | undefined {
  for (const [name, choices] of once) {
    const others = again.get(name);
    if (others === undefined) continue;
    const step = choices.findIndex(({ action }, t) => others[t] !== undefined && others[t].action !== action);
    if (step < 0) continue;
    const [one, other] = [choices[step], others[step]];
    return {
      text: `played ${name} in two ways, with the same agent_seed and the same past: at its step ${step} action ${one.action}, and in another number of envs action ${other.action}`,
      isCertain: one.propensity === 1 && other.propensity === 1,
    };
  }
  return undefined;
}
