/** Replays a logged episode through its task: what `icrl log verify` compares, bit for bit. */
import type { TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import { createOracle } from "../tasks/oracle.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";

/** Replays episodes; tasks are built once for each name and options. */
export function createReplay(): (row: TrajectoryRow) => string | undefined {
  const tasks = new Map<string, Task>();
  return (row) => {
    const key = `${row.task} ${row.task_options}`;
    let task = tasks.get(key);
    if (task === undefined) {
      try {
        task = buildTask(row.task, JSON.parse(row.task_options));
      } catch (error) {
        return `its task cannot be built: ${(error as Error).message}`;
      }
      tasks.set(key, task);
    }
    return replayEpisode(task, row);
  };
}

/** What differs between a logged episode and its replay, or undefined when nothing does. */
function replayEpisode(task: Task, row: TrajectoryRow): string | undefined {
  if (row.task_version !== task.version) {
    return `it was played on version ${row.task_version} of ${task.name}, this is version ${task.version}`;
  }
  const { actions, rewards, regrets, observations, optimal_actions: optimalActions } = row;
  if (row.task_seed === null || row.noise_seed === null || regrets === null || optimalActions === null) {
    return "its seeds, regrets or optimal actions are withheld: only the log itself can be replayed";
  }
  const features = row.step_features;
  const discrete = task.observationSpace.type === "discrete";
  const size = task.observationSpace.type === "box" ? task.observationSpace.shape.reduce((a, b) => a * b, 1) : 0;
  const lengths: [string, number | undefined, number][] = [
    ["actions", actions.length, row.length],
    ["rewards", rewards.length, row.length],
    ["regrets", regrets.length, row.length],
    ["optimal_actions", optimalActions.length, row.length],
    ["observations", observations?.length, discrete ? row.length + 1 : 0],
    ["step_features", features?.length, size * row.length],
    ["propensities", row.propensities?.length ?? row.length, row.length],
  ];
  for (const [name, length, expected] of lengths) {
    if ((length ?? 0) !== expected)
      return `${name} has ${length ?? 0} entries, an episode of ${row.length} steps has ${expected}`;
  }
  const instance = task.instanceOf?.(row.task_seed) ?? null;
  if (row.instance !== null && row.instance !== instance) {
    return `its instance is "${row.instance}", the task seed gives ${instance === null ? "none that has a name" : `"${instance}"`}`;
  }
  const env = task.instantiate(row.task_seed, row.noise_seed);
  const oracle = createOracle(task, env);
  if (!equal(row.trial_features ?? undefined, env.trialFeatures))
    return "trial_features differ from what the task seed gives";
  env.reset(row.episode_index);
  oracle.beginEpisode();
  let episodeReturn = 0;
  let regret = 0;
  if (observations && observations[0] !== env.observation)
    return `observation 0 is ${observations[0]}, replay gives ${env.observation}`;
  for (let t = 0; t < row.length; t++) {
    const action = actions[t];
    if (!(action >= 0 && action < task.numActions)) return `action ${t} is ${action}, outside [0, ${task.numActions})`;
    if (env.terminated) return `it has ${row.length} steps, replay ends after ${t}`;
    if (features && !equal(features.subarray(t * size, (t + 1) * size) as Float32Array, env.features)) {
      return `step_features of step ${t} differ from what the noise seed gives`;
    }
    oracle.judge(env.stepInEpisode, env.state, action);
    env.step(action);
    if (!Object.is(rewards[t], env.reward)) return `reward ${t} is ${rewards[t]}, replay gives ${env.reward}`;
    if (regrets[t] !== oracle.regret) return `regret ${t} is ${regrets[t]}, replay gives ${oracle.regret}`;
    if (optimalActions[t] !== oracle.optimalAction) {
      return `optimal action ${t} is ${optimalActions[t]}, replay gives ${oracle.optimalAction}`;
    }
    if (observations && observations[t + 1] !== env.observation) {
      return `observation ${t + 1} is ${observations[t + 1]}, replay gives ${env.observation}`;
    }
    const propensity = row.propensities?.[t];
    if (propensity !== undefined && (propensity <= 0 || propensity > 1))
      return `propensity ${t} is ${propensity}, outside (0, 1]`;
    episodeReturn += env.reward;
    regret += oracle.regret;
  }
  if (row.complete !== env.terminated) return `complete is ${row.complete}, replay says ${env.terminated}`;
  if (row.return !== episodeReturn) return `return is ${row.return}, replay gives ${episodeReturn}`;
  if (row.complete && row.regret !== regret) return `regret is ${row.regret}, replay gives ${regret}`;
  if (row.complete && row.optimal_value !== oracle.episodeValue) {
    return `optimal_value is ${row.optimal_value}, replay gives ${oracle.episodeValue}`;
  }
  return undefined;
}

function equal(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
