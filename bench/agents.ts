/**
 * What agents cost: CPU nanoseconds per action (act and observe together) with many policies alive, in the order in which a
 * lock-step session calls them, and per policy created; the least of several rounds. No server, no messages; rewards come from a
 * small table.
 *
 *   npm run build && node dist/bench/agents.js
 */
import { findAgent } from "../agents/registry.js";
import type { Agent, Arms, Outcome, Policy, RewardSpec, Trial } from "../clients/typescript/define-agent.js";
import { resolveOptions } from "../common/options.js";
import { rngFromSeed } from "../common/rng.js";

const POLICIES = 2048;
const ROUNDS = 6;

const GAUSSIAN: RewardSpec = { kind: "gaussian", min: undefined, max: undefined, noiseStd: 1.5 };
const UNIT: RewardSpec = { kind: "bernoulli", min: 0, max: 1, noiseStd: undefined };
const BANDIT = { taskOptions: {}, numStates: 1, horizon: 200, episodes: 1 };
const LINEAR = { ...BANDIT, task: "linear-bandit", numActions: 10, dim: 5, reward: GAUSSIAN };

const rng = rngFromSeed(1n);
const arms = (): Arms => ({ data: Float32Array.from({ length: 50 }, () => 2 * rng.uniform() - 1), rows: 10, cols: 5 });
const fixedArms = Array.from({ length: POLICIES }, arms);
const normals = Float32Array.from({ length: 4096 }, () => rng.normal());

const linear = (i: number): Trial => ({ ...LINEAR, kinds: ["bandit", "linear"], arms: fixedArms[i] });
const fresh = (): Trial => ({ ...LINEAR, kinds: ["linear"], arms: undefined });
const bernoulli = (): Trial => ({
  ...BANDIT, task: "bernoulli-bandit", kinds: ["bandit", "bernoulli"], numActions: 5, dim: 0, arms: undefined, reward: UNIT,
}); // biome-ignore format: short
const river = (): Trial => ({
  task: "river-swim", taskOptions: {}, kinds: ["tabular-mdp"], numActions: 2, numStates: 6, dim: 0, arms: undefined,
  horizon: 20, episodes: 10, reward: UNIT,
}); // biome-ignore format: short

const CASES: readonly [string, string, Readonly<Record<string, unknown>>, (i: number) => Trial][] = [
  ["uniform", "E1", {}, linear],
  ["emp", "E1", {}, linear],
  ["lin-ucb", "E1", {}, linear],
  ["lin-ucb", "E1, fresh arms", {}, fresh],
  ["lin-thompson", "E1", {}, linear],
  ["thompson", "E2", {}, bernoulli],
  ["ucbvi", "river-swim, bernstein", {}, river],
  ["ucbvi", "river-swim, hoeffding", { bonus: "hoeffding", scale: 0.02 }, river],
  ["q-learning", "river-swim", {}, river],
];

/** Nanoseconds per created policy and per action of one round of 200 steps. */
function measure(agent: Agent, options: Readonly<Record<string, unknown>>, trialOf: (i: number) => Trial): [number, number] {
  const resolved = resolveOptions(agent.options, options, agent.name);
  const trials = Array.from({ length: POLICIES }, (_, i) => trialOf(i));
  const seeds = trials.map((_, i) => rngFromSeed(BigInt(i)));
  const started = process.cpuUsage().user;
  const policies: Policy[] = trials.map((trial, i) => agent.create(trial, resolved, seeds[i]));
  const created = process.cpuUsage().user;
  const { horizon, numStates, reward } = trials[0];
  const at = {
    state: 0, arms: undefined as Arms | undefined, episode: 0, step: 0, action: 0, reward: 0, nextState: 0,
    terminated: false, truncated: false,
  }; // biome-ignore format: short
  const actions = new Int32Array(POLICIES);
  for (let t = 0; t < 200; t++) {
    at.step = t % horizon;
    at.episode = Math.floor(t / horizon);
    at.terminated = at.step === horizon - 1;
    for (let i = 0; i < POLICIES; i++) {
      at.arms = fixedArms[i];
      at.state = (i + t) % numStates;
      actions[i] = policies[i].act(at);
    }
    for (let i = 0; i < POLICIES; i++) {
      const luck = normals[(t * 31 + i + actions[i] * 7) & 4095];
      at.arms = fixedArms[i];
      at.state = (i + t) % numStates;
      at.nextState = (i + t + 1) % numStates;
      at.action = actions[i];
      at.reward = reward.kind === "bernoulli" ? (luck > 0 ? 1 : 0) : luck;
      policies[i].observe?.(at satisfies Outcome);
    }
  }
  const ended = process.cpuUsage().user;
  return [(1000 * (created - started)) / POLICIES, (1000 * (ended - created)) / (200 * POLICIES)];
}

for (const [name, setting, options, trialOf] of CASES) {
  const rounds = Array.from({ length: ROUNDS }, () => measure(findAgent(name), options, trialOf));
  const best = (column: 0 | 1): string => Math.min(...rounds.map((round) => round[column])).toFixed(0).padStart(5);
  console.log(`${`${name} (${setting})`.padEnd(32)} ${best(1)} ns an action   ${best(0)} ns a policy created`);
}
