/**
 * What every agent must do, whoever wrote it, as rules that can be run over any `defineAgent`. A rule gives the first
 * violation it finds, or undefined.
 */
import type { Agent, Outcome, Policy, Trial } from "#icrl/clients/typescript/define-agent.js";
import { playsTask } from "#icrl/common/plays-task.js";
import { buildTask, TASKS } from "#icrl/server/tasks/registry.js";
import type { Task } from "#icrl/server/tasks/task.js";
import { createPolicy, playSteps, type Step, type TrialSetup } from "../agents/play-trial.js";

/** A rule and how to find a violation of it. */
export interface AgentRule {
  readonly title: string;
  violation(agent: Agent): string | undefined;
}

const KINDS = ["bandit", "linear", "bernoulli", "tabular-mdp"];

/** Small tasks of every kind. */
const SMALL: readonly Task[] = [
  buildTask("linear-bandit", { dim: 3, actions: 4, horizon: 40 }),
  buildTask("linear-bandit", { dim: 3, actions: 4, horizon: 40, arm_set: "fresh" }),
  buildTask("bernoulli-bandit", { arms: 4, horizon: 40 }),
  buildTask("river-swim", { states: 4, horizon: 5, episodes: 8 }),
];

const tasksOf = (agent: Agent): readonly Task[] => SMALL.filter((task) => playsTask(agent.tasks, task.name, task.kinds));

const setup = (agent: Agent, task: Task, seed = 1n): TrialSetup => ({
  agent,
  task,
  taskSeed: 11n,
  noiseSeed: 12n,
  agentSeed: seed,
});

/** Choices and propensities as text: what two plays are compared by. */
const saidAt = (step: Step): string => `${step.choice}@${step.propensity}`;
const said = (steps: Iterable<Step>): string[] => Array.from(steps, saidAt);

/** The first violation that `find` gives on any of the agent's tasks. */
function onEveryTask(find: (agent: Agent, task: Task) => string | undefined): AgentRule["violation"] {
  return (agent) => {
    for (const task of tasksOf(agent)) {
      const violation = find(agent, task);
      if (violation !== undefined) return `${task.name} ${JSON.stringify(task.options)}: ${violation}`;
    }
    return undefined;
  };
}

function violationOfRange(agent: Agent, task: Task): string | undefined {
  for (const { choice } of playSteps(setup(agent, task))) {
    if (!Number.isInteger(choice) || choice < 0 || choice >= task.numActions) {
      return `action ${choice} is outside [0, ${task.numActions})`;
    }
  }
  return undefined;
}

function violationOfPropensity(agent: Agent, task: Task): string | undefined {
  for (const { propensity } of playSteps(setup(agent, task))) {
    if (!(propensity > 0 && propensity <= 1) && !Number.isNaN(propensity)) return `propensity ${propensity}`;
  }
  return undefined;
}

/** Steps of forced play before the choice whose distribution is looked at. */
const HISTORIES = [0, 7, 24];
const DRAWS = 2000;

function violationOfFrequency(agent: Agent, task: Task): string | undefined {
  for (const length of HISTORIES) {
    const counts = new Map<number, number>();
    const stated = new Map<number, number>();
    for (let draw = 0; draw < DRAWS; draw++) {
      // The same past for every draw, so that only the policy's own randomness differs.
      const steps = playSteps({ ...setup(agent, task, BigInt(draw)), forced: (t) => (t * 3) % task.numActions });
      for (let t = 0; t < length; t++) steps.next();
      const { value } = steps.next();
      if (!value || Number.isNaN(value.propensity)) return undefined;
      const { choice, propensity } = value;
      counts.set(choice, (counts.get(choice) ?? 0) + 1);
      const before = stated.get(choice) ?? propensity;
      if (Math.abs(before - propensity) > 1e-12) return `action ${choice} had propensities ${before} and ${propensity}`;
      stated.set(choice, propensity);
    }
    for (const [choice, count] of counts) {
      const p = stated.get(choice) ?? Number.NaN;
      const deviation = Math.abs(count / DRAWS - p) / Math.sqrt(Math.max(p * (1 - p), 1e-12) / DRAWS);
      if (deviation > 5) return `action ${choice} with propensity ${p} was chosen in ${count} of ${DRAWS} draws`;
    }
  }
  return undefined;
}

function violationOfSeed(agent: Agent, task: Task): string | undefined {
  const once = said(playSteps(setup(agent, task)));
  const again = said(playSteps(setup(agent, task)));
  const at = once.findIndex((step, t) => step !== again[t]);
  return at < 0 ? undefined : `step ${at} was ${once[at]}, and ${again[at]} from the same seeds`;
}

function violationOfSeparation(agent: Agent, task: Task): string | undefined {
  const seeds = [1n, 2n, 3n];
  const alone = seeds.map((seed) => said(playSteps({ ...setup(agent, task, seed), taskSeed: seed })));
  const together = seeds.map((seed) => playSteps({ ...setup(agent, task, seed), taskSeed: seed }));
  for (let t = 0; t < alone[0].length; t++) {
    for (let i = 0; i < seeds.length; i++) {
      const { value } = together[i].next();
      const now = value && saidAt(value);
      if (now !== alone[i][t]) return `step ${t} was ${alone[i][t]} alone, and ${now} beside other policies`;
    }
  }
  return undefined;
}

const ARMS = 4;

/** A trial of the agent's kind with four arms, all apart: arms are unit vectors, an MDP has one state and one step. */
function fourArms(kinds: readonly string[]): Trial {
  const linear = kinds.includes("linear");
  const data = Float32Array.from({ length: ARMS * ARMS }, (_, at) => (at % (ARMS + 1) === 0 ? 1 : 0));
  return {
    task: "four-arms", taskOptions: {}, kinds, numActions: ARMS, numStates: 1, dim: linear ? ARMS : 0,
    arms: linear ? { data, rows: ARMS, cols: ARMS } : undefined,
    horizon: kinds.includes("tabular-mdp") ? 1 : 400, episodes: kinds.includes("tabular-mdp") ? 400 : 1,
    reward: { kind: "bernoulli", min: 0, max: 1, noiseStd: undefined },
  }; // biome-ignore format: a table
}

/** How often, of the last 50 of 400 steps, the policy would play the one arm that pays, when others play in its place. */
function shareOfTarget(policy: Policy, trial: Trial, target: number): number {
  let hits = 0;
  for (let t = 0; t < 400; t++) {
    const turn = { state: 0, arms: trial.arms, episode: t % trial.episodes, step: trial.horizon === 1 ? 0 : t };
    if (policy.act(turn) === target && t >= 350) hits += 1;
    const action = ARMS - 1 - (t % ARMS);
    const isLast = turn.step === trial.horizon - 1;
    const came = { action, reward: action === target ? 1 : 0, nextState: 0, terminated: isLast, truncated: false };
    policy.observe?.({ ...turn, ...came } satisfies Outcome);
  }
  return hits / 50;
}

function violationOfExecuted(agent: Agent): string | undefined {
  for (const task of tasksOf(agent)) {
    const trial = fourArms(task.kinds);
    for (let target = 0; target < ARMS; target++) {
      const policy = createPolicy(agent, trial, {}, 1n);
      if (policy.observe === undefined) continue;
      const share = shareOfTarget(policy, trial, target);
      if (share < 0.5) return `arm ${target} alone was seen to pay, and it chose it in ${100 * share} % of the steps`;
    }
  }
  return undefined;
}

/** The rules, in the order of what breaks first. */
export const AGENT_RULES: readonly AgentRule[] = [
  {
    title: "declares tasks or kinds that exist",
    violation(agent) {
      const unknown = agent.tasks.find((name) => !KINDS.includes(name) && !TASKS.some((task) => task.name === name));
      return unknown === undefined ? undefined : `there is no task or kind "${unknown}"`;
    },
  },
  { title: "chooses actions in range", violation: onEveryTask(violationOfRange) },
  { title: "gives propensities in (0, 1] or none", violation: onEveryTask(violationOfPropensity) },
  { title: "chooses as often as its propensities say", violation: onEveryTask(violationOfFrequency) },
  { title: "plays the same from the same seeds", violation: onEveryTask(violationOfSeed) },
  { title: "keeps the memories of its policies apart", violation: onEveryTask(violationOfSeparation) },
  { title: "learns from the executed action, not from its own choice", violation: violationOfExecuted },
];

/** Titles of the rules that an agent violates, each with what was seen. */
export function violations(agent: Agent): string[] {
  return AGENT_RULES.flatMap((rule) => {
    const seen = rule.violation(agent);
    return seen === undefined ? [] : [`${rule.title}: ${seen}`];
  });
}
