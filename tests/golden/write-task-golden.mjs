/**
 * Writes the golden traces of the registered tasks, tests/golden/tasks/<name>.json: after `npm run build`,
 *
 *   node tests/golden/write-task-golden.mjs [NAME '{"option": value, ...}' ...]
 *
 * writes a trace of the defaults, one of every choice no other trace has (with small numbers), those of the options that a file
 * already has traces of, and those named on the command line, for example `linear-bandit '{"dim": 2}'`.
 *
 * A trace changes only with its task's version: where a trace would change and the version is the old one, nothing is written.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { createOracle, uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask, TASKS } from "#icrl/server/tasks/registry.js";

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
  const regretOfUniform = runAtOnce(uniformRegret(task, TASK_SEED, NOISE_SEED));
  return {
    options: task.options,
    task_seed: String(TASK_SEED),
    noise_seed: String(NOISE_SEED),
    trial_features: env.trialFeatures && [...env.trialFeatures],
    uniform_regret: { first: regretOfUniform[0], last: regretOfUniform.at(-1) },
    episodes,
  };
}

/** The options, all resolved, of a family's traces. */
function settings(family, before) {
  const given = process.argv
    .slice(2)
    .flatMap((word, i, words) => (word === family.name ? [JSON.parse(words[i + 1])] : []));
  const all = [{}, ...before, ...given].map((options) => buildTask(family.name, options).options);
  for (const [option, row] of Object.entries(family.options)) {
    const choices = row.type === "choice" ? row.choices : row.type === "boolean" ? [false, true] : [];
    for (const choice of choices) {
      if (!all.some((options) => options[option] === choice)) {
        all.push(buildTask(family.name, { ...smallNumbers(family), [option]: choice }).options);
      }
    }
  }
  return [...new Map(all.map((options) => [JSON.stringify(options), options])).values()];
}

/** The integers of a family, none above 4 that need not be. */
function smallNumbers({ options }) {
  const integers = Object.entries(options).filter(([, row]) => row.type === "integer");
  return Object.fromEntries(integers.map(([name, row]) => [name, Math.max(row.min ?? 0, Math.min(row.default, 4))]));
}

for (const family of TASKS) {
  const { name, version } = family;
  const file = new URL(`tasks/${name}.json`, import.meta.url);
  const known = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  const traces = settings(family, known?.traces.map(({ options }) => options) ?? []).map((given) => trace(name, given));
  const golden = JSON.parse(JSON.stringify({ task: name, version, traces })); // without what is undefined
  if (isDeepStrictEqual(known, golden)) {
    console.log(`${name}: unchanged`);
  } else if (known?.version === version && changes(known.traces, golden.traces)) {
    console.error(`${name}: the trace would change while the task's version is still ${version}: raise the version`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, formatted(JSON.stringify(golden)));
    console.log(`${name}: written`);
  }
}

/** Whether a trace that is known has another content now; new traces beside the known ones change nothing. */
function changes(known, traces) {
  const now = new Set(traces.map((item) => JSON.stringify(item)));
  return known.some((item) => !now.has(JSON.stringify(item)));
}

/** JSON as biome lays it out; through its standard input, since it leaves golden files themselves alone. */
function formatted(json) {
  return execFileSync("npx", ["biome", "format", "--stdin-file-path=golden.json"], { input: json, encoding: "utf8" });
}
