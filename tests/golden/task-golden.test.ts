import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runAtOnce } from "#icrl/common/slices.js";
import { createOracle, uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask, TASKS } from "#icrl/server/tasks/registry.js";

interface Golden {
  readonly task: string;
  readonly version: number;
  readonly traces: readonly {
    readonly options: Record<string, unknown>;
    readonly task_seed: string;
    readonly noise_seed: string;
    readonly trial_features?: readonly number[];
    readonly uniform_regret: { readonly first: number; readonly last: number };
    readonly episodes: readonly {
      readonly steps: readonly {
        readonly observation: number;
        readonly features?: readonly number[];
        readonly action: number;
        readonly reward: number;
        readonly regret: number;
        readonly optimal_action: number;
      }[];
      readonly observation: number;
      readonly end_reason: string;
      readonly optimal_value: number;
    }[];
  }[];
}

const HOW =
  "run `npm run build && node tests/golden/write-task-golden.mjs` (after raising the task's version if it has a trace)";

function golden(name: string): Golden {
  const file = new URL(`tasks/${name}.json`, import.meta.url);
  if (!existsSync(file)) throw new Error(`task "${name}" has no golden trace: ${HOW}`);
  return JSON.parse(readFileSync(file, "utf8")) as Golden;
}

test.each(TASKS.map(({ name }) => name))("%s has golden traces of its version, of its defaults first", (name) => {
  const { task, version, traces } = golden(name);
  expect({ task, version }, HOW).toEqual({ task: name, version: buildTask(name).version });
  expect(traces[0]?.options, HOW).toEqual(buildTask(name).options);
});

test("every choice of every option is in some golden trace", () => {
  for (const family of TASKS) {
    const { traces } = golden(family.name);
    for (const [name, row] of Object.entries(family.options)) {
      const values = row.type === "choice" ? row.choices : row.type === "boolean" ? [true, false] : [];
      for (const value of values) {
        expect(
          traces.some(({ options }) => options[name] === value),
          `${family.name} ${name}=${value}: ${HOW}`,
        ).toBe(true);
      }
    }
  }
});

test.each(TASKS.map(({ name }) => name))("%s plays its golden traces bit for bit", (name) => {
  for (const trace of golden(name).traces) {
    const task = buildTask(name, trace.options);
    const [taskSeed, noiseSeed] = [BigInt(trace.task_seed), BigInt(trace.noise_seed)];
    const env = task.instantiate(taskSeed, noiseSeed);
    const oracle = createOracle(task, env);
    expect(env.trialFeatures && [...env.trialFeatures]).toEqual(trace.trial_features);
    for (const [k, episode] of trace.episodes.entries()) {
      env.reset(k);
      oracle.beginEpisode();
      for (const [t, step] of episode.steps.entries()) {
        const before = { observation: env.observation, ...(env.features && { features: [...env.features] }) };
        oracle.judge(t, env.state, step.action);
        env.step(step.action);
        const { regret, optimalAction: optimal_action } = oracle;
        const played = { ...before, action: step.action, reward: env.reward, regret, optimal_action };
        expect(played, `episode ${k}, step ${t} of ${JSON.stringify(trace.options)}: ${HOW}`).toEqual(step);
      }
      expect({ observation: env.observation, end_reason: env.endReason, optimal_value: oracle.episodeValue }).toEqual({
        observation: episode.observation,
        end_reason: episode.end_reason,
        optimal_value: episode.optimal_value,
      });
    }
    const uniform = runAtOnce(uniformRegret(task, taskSeed, noiseSeed));
    expect({ first: uniform[0], last: uniform[uniform.length - 1] }).toEqual(trace.uniform_regret);
  }
});
