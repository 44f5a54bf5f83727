/** Plays a trial without a server: what several tests of tasks need. */
import { createOracle } from "#icrl/server/tasks/oracle.js";
import type { Task } from "#icrl/server/tasks/task.js";

/** One step as it happened. */
export interface PlayedStep {
  readonly episode: number;
  readonly step: number;
  readonly state: number;
  /** Box observation that the action was chosen from; absent in other spaces. */
  readonly features: readonly number[] | undefined;
  readonly action: number;
  readonly reward: number;
  readonly nextState: number;
  readonly regret: number;
  readonly optimalAction: number;
}

/** A whole trial. */
export interface PlayedTrial {
  readonly steps: readonly PlayedStep[];
  /** Optimal value of each episode, read at its end. */
  readonly episodeValues: readonly number[];
  readonly regret: number;
  readonly return: number;
}

/** Chooses an action from what the test lets it see. */
export type Chooser = (turn: { state: number; step: number; episode: number; optimalAction: () => number }) => number;

/** Plays a whole trial with the actions that `choose` gives. */
export function playTrial(task: Task, taskSeed: bigint, noiseSeed: bigint, choose: Chooser): PlayedTrial {
  const env = task.instantiate(taskSeed, noiseSeed);
  const oracle = createOracle(task, env);
  const probe = createOracle(task, env); // asked for the best action without touching `oracle`
  const steps: PlayedStep[] = [];
  const episodeValues: number[] = [];
  for (let episode = 0; episode < task.episodes; episode++) {
    env.reset(episode);
    oracle.beginEpisode();
    probe.beginEpisode();
    while (!env.terminated) {
      const { state, stepInEpisode: step } = env;
      const features = env.features && [...env.features];
      const optimalAction = () => {
        probe.judge(step, state, 0);
        return probe.optimalAction;
      };
      const action = choose({ state, step, episode, optimalAction });
      oracle.judge(step, state, action);
      const { regret, optimalAction: best } = oracle;
      env.step(action);
      steps.push({
        episode,
        step,
        state,
        features,
        action,
        reward: env.reward,
        nextState: env.state,
        regret,
        optimalAction: best,
      });
    }
    episodeValues.push(oracle.episodeValue);
  }
  return {
    steps,
    episodeValues,
    regret: steps.reduce((sum, { regret }) => sum + regret, 0),
    return: steps.reduce((sum, { reward }) => sum + reward, 0),
  };
}
