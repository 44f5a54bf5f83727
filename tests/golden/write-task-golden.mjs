/**
 * Writes the golden traces of the registered tasks, tests/golden/tasks/<name>.json: after `npm run build`,
 *
 *   node tests/golden/write-task-golden.mjs
 *
 * A trace changes only with its task's version: where a trace would change and the version is the old one, nothing is written.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { rngFromSeed } from "#icrl/common/rng.js";
import { createOracle, uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask, TASKS } from "#icrl/server/tasks/registry.js";

/** Options of each family's traces, beside its defaults. */
const VARIANTS = {
  "bernoulli-bandit": [{ arms: 3, horizon: 6, alpha: 0.5, beta: 2 }],
  "linear-bandit": [
    { dim: 2, actions: 3, horizon: 6, theta: "gaussian", arms: "gaussian", noise_std: 0.5 },
    { dim: 3, actions: 2, horizon: 6, arms: "unit-sphere" },
    { dim: 2, actions: 3, horizon: 4, arm_set: "fresh" },
    { dim: 3, actions: 2, horizon: 4, theta: "gaussian", arms: "unit-sphere", arm_set: "fresh" },
  ],
  "river-swim": [{ states: 3, horizon: 4, episodes: 3 }],
};

/** Steps written of a trial whose horizon is longer. */
const MOST_STEPS = 20;
const TASK_SEED = 0x0123456789abcdefn;
const NOISE_SEED = 0xfedcba9876543210n;

function trace(name, given) {
  const task = buildTask(name, given);
  const env = task.instantiate(TASK_SEED, NOISE_SEED);
  const oracle = createOracle(task, env);
  const rng = rngFromSeed(1n); // chooses the actions written down, nothing else
  const episodes = [];
  for (let episode = 0; episode < Math.min(task.episodes, 3); episode++) {
    env.reset(episode);
    oracle.beginEpisode();
    const steps = [];
    while (!env.terminated && steps.length < MOST_STEPS) {
      // Mostly the last action, so that a river is swum up; else any.
      const action = rng.uniform() < 0.4 ? rng.integer(task.numActions) : task.numActions - 1;
      const { observation } = env;
      const features = env.features && { features: [...env.features] };
      oracle.judge(env.stepInEpisode, env.state, action);
      env.step(action);
      const { regret, optimalAction: optimal_action } = oracle;
      steps.push({ observation, ...features, action, reward: env.reward, regret, optimal_action });
    }
    episodes.push({
      steps,
      observation: env.observation,
      end_reason: env.endReason,
      optimal_value: oracle.episodeValue,
    });
  }
  const regretOfUniform = uniformRegret(task, TASK_SEED, NOISE_SEED);
  return {
    options: task.options,
    task_seed: String(TASK_SEED),
    noise_seed: String(NOISE_SEED),
    trial_features: env.trialFeatures && [...env.trialFeatures],
    uniform_regret: { first: regretOfUniform[0], last: regretOfUniform.at(-1) },
    episodes,
  };
}

/** JSON with one step, or one short value, on a line. */
function readable(value, indent = "") {
  const flat = JSON.stringify(value).replaceAll(/([:,])(?=["{[\d-])/g, "$1 ");
  if (value === null || typeof value !== "object") return flat;
  const holdsObjects = Object.values(value).some(
    (item) => typeof item === "object" && item !== null && !isNumbers(item),
  );
  if (!holdsObjects && (flat.length < 100 || "reward" in value || isNumbers(value))) return flat;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => inner + readable(item, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${inner}${JSON.stringify(key)}: ${readable(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

const isNumbers = (value) => Array.isArray(value) && value.every((item) => typeof item === "number");

for (const { name, version } of TASKS) {
  const file = new URL(`tasks/${name}.json`, import.meta.url);
  const traces = [{}, ...(VARIANTS[name] ?? [])].map((given) => trace(name, given));
  const text = `${readable({ task: name, version, traces })}\n`;
  const known = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if (known === text) {
    console.log(`${name}: unchanged`);
  } else if (
    known !== undefined &&
    JSON.parse(known).version === version &&
    changes(JSON.parse(known).traces, traces)
  ) {
    console.error(`${name}: the trace would change while the task's version is still ${version}: raise the version`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`${name}: written`);
  }
}

/** Whether a trace that is known has another content now; new traces beside the known ones change nothing. */
function changes(known, traces) {
  const now = new Set(traces.map((item) => JSON.stringify(item)));
  return known.some((item) => !now.has(JSON.stringify(item)));
}
