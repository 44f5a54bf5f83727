/**
 * What every agent must do, whoever wrote it, as rules that can be run over any `defineAgent`. A rule gives the first
 * violation it finds, or undefined.
 */
import { uniform } from "#icrl/agents/uniform.js";
import type { Agent, Outcome, Policy, Trial } from "#icrl/clients/typescript/define-agent.js";
import { IcrlError } from "#icrl/common/errors.js";
import { playsTask } from "#icrl/common/plays-task.js";
import { smallTasks } from "#icrl/jobs/conformance/small-tasks.js";
import type { Step } from "#icrl/jobs/simulate/play-policy.js";
import { describeTrial, simulateTrial, type TrialSetup } from "#icrl/jobs/simulate/simulate-trial.js";
import { TASKS } from "#icrl/server/tasks/registry.js";
import type { Task } from "#icrl/server/tasks/task.js";
import { createPolicy } from "../support/create-policy.js";

/** A rule and how to find a violation of it. */
export interface AgentRule {
  readonly title: string;
  /** Whether it takes seconds of some agents: hundreds of policies on every task. */
  readonly slow?: true;
  violation(agent: Agent): string | undefined;
}

const KINDS = ["bandit", "linear", "bernoulli", "tabular-mdp"];

/** A law takes hundreds of policies: those who draw models of more states than so many, a taxi's 500, would take minutes. */
const MOST_STATES = 50;

const SMALL: readonly Task[] = smallTasks().filter(
  ({ observationSpace: space }) => space.type !== "discrete" || space.n <= MOST_STATES,
);

/** Whether it makes a policy for the task: some refuse tasks of the kinds they declare, for want of bounds on rewards. */
function takes(agent: Agent, task: Task): boolean {
  try {
    createPolicy(agent, describeTrial(task, task.instantiate(11n, 12n)), {}, 1n);
    return true;
  } catch (error) {
    if (error instanceof IcrlError && error.reason === "TASK_UNSUPPORTED") return false;
    throw error;
  }
}

const tasksOf = (agent: Agent): readonly Task[] =>
  SMALL.filter((task) => playsTask(agent.tasks, task.name, task.kinds) && takes(agent, task));

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
  for (const { choice } of simulateTrial(setup(agent, task))) {
    if (!Number.isInteger(choice) || choice < 0 || choice >= task.numActions) {
      return `action ${choice} is outside [0, ${task.numActions})`;
    }
  }
  return undefined;
}

function violationOfPropensity(agent: Agent, task: Task): string | undefined {
  for (const { propensity } of simulateTrial(setup(agent, task))) {
    if (!(propensity > 0 && propensity <= 1) && !Number.isNaN(propensity)) return `propensity ${propensity}`;
  }
  return undefined;
}

/** Steps of forced play before the choice whose distribution is looked at. */
const HISTORIES = [0, 7, 24];
const DRAWS = 320;

/** Counts of the choices after `length` forced steps, over many agent seeds, and what was said of them. */
function choicesAfter(
  agent: Agent,
  task: Task,
  length: number,
): { counts: Float64Array; stated: Float64Array } | string {
  const counts = new Float64Array(task.numActions);
  const stated = new Float64Array(task.numActions).fill(Number.NaN);
  for (let draw = 0; draw < DRAWS; draw++) {
    // The same past for every draw, so that only the policy's own randomness differs.
    const steps = simulateTrial({
      ...setup(agent, task, BigInt(draw)),
      forced: (t) => (t * 3) % task.numActions,
      asksProbabilities: draw === 0,
    });
    for (let t = 0; t < length; t++) if (steps.next().done) return { counts, stated };
    const { value } = steps.next();
    if (!value) return { counts, stated };
    const { choice, propensity, probabilities } = value;
    if (draw === 0 && !Number.isNaN(probabilities[0])) stated.set(probabilities);
    if (Number.isNaN(propensity) && Number.isNaN(stated[choice])) return { counts, stated };
    counts[choice] += 1;
    if (Number.isNaN(stated[choice])) stated[choice] = propensity;
    if (Math.abs(stated[choice] - propensity) > 1e-12) {
      return `action ${choice} had probability ${stated[choice]} and propensity ${propensity}`;
    }
  }
  return { counts, stated };
}

function violationOfFrequency(agent: Agent, task: Task): string | undefined {
  for (const length of HISTORIES) {
    const found = choicesAfter(agent, task, length);
    if (typeof found === "string") return found;
    for (const [choice, p] of found.stated.entries()) {
      const count = found.counts[choice];
      if (Number.isNaN(p)) continue;
      const deviation = Math.abs(count / DRAWS - p) / Math.sqrt(Math.max(p * (1 - p), 1e-12) / DRAWS);
      if (deviation > 4) return `action ${choice} with probability ${p} was chosen in ${count} of ${DRAWS} draws`;
    }
  }
  return undefined;
}

function violationOfProbabilities(agent: Agent, task: Task): string | undefined {
  const unasked = simulateTrial(setup(agent, task));
  for (const { choice, probabilities, propensity } of simulateTrial({
    ...setup(agent, task),
    asksProbabilities: true,
  })) {
    const { value } = unasked.next();
    if (value?.choice !== choice) return `it chose ${choice} where it chooses ${value?.choice} when it is not asked`;
    const unknown = probabilities.filter(Number.isNaN).length;
    if (unknown === probabilities.length) continue;
    if (unknown > 0 || probabilities.some((p) => p < 0)) return `probabilities ${probabilities.join(", ")}`;
    const sum = probabilities.reduce((total, p) => total + p, 0);
    if (Math.abs(sum - 1) > 1e-9) return `probabilities ${probabilities.join(", ")} sum to ${sum}`;
    const p = probabilities[choice];
    if (!(p > 0)) return `it chose ${choice}, to which it gives probability ${p}`;
    if (Math.abs(p - propensity) > 1e-12) return `action ${choice} had probability ${p} and propensity ${propensity}`;
  }
  return undefined;
}

function violationOfSeed(agent: Agent, task: Task): string | undefined {
  const once = said(simulateTrial(setup(agent, task)));
  const again = said(simulateTrial(setup(agent, task)));
  const at = once.findIndex((step, t) => step !== again[t]);
  return at < 0 ? undefined : `step ${at} was ${once[at]}, and ${again[at]} from the same seeds`;
}

function violationOfSeparation(agent: Agent, task: Task): string | undefined {
  const seeds = [1n, 2n, 3n];
  const alone = seeds.map((seed) => said(simulateTrial({ ...setup(agent, task, seed), taskSeed: seed })));
  const together = seeds.map((seed) => simulateTrial({ ...setup(agent, task, seed), taskSeed: seed }));
  for (let t = 0; t < alone[0].length; t++) {
    for (let i = 0; i < seeds.length; i++) {
      const { value } = together[i].next();
      const now = value && saidAt(value);
      if (now !== alone[i][t]) return `step ${t} was ${alone[i][t]} alone, and ${now} beside other policies`;
    }
  }
  return undefined;
}

/** What a policy was told, step by step; actions as executed. */
type History = readonly Outcome[];

/**
 * A past in which no two actions look alike: of a bandit, arm a paid a times in 4 + 2 a pulls; of an MDP, whatever uniform play met.
 */
function distinctPast(task: Task, trial: Trial): History {
  const common = { arms: trial.arms, nextState: 0, terminated: false, truncated: false };
  if (trial.arms !== undefined || task.kinds.includes("bandit")) {
    const pulls = Array.from({ length: task.numActions }, (_, a) =>
      Array.from({ length: 4 + 2 * a }, (_, i) => ({ action: a, reward: i < a ? 1 : 0 })),
    ).flat();
    return pulls.map((pull, step) => ({ ...common, ...pull, state: 0, episode: 0, step }));
  }
  const forced = (t: number) => (t * 7 + Math.floor(t / 3)) % task.numActions;
  const steps = simulateTrial({ ...setup(uniform, task), forced });
  return Array.from(steps, ({ view }) => ({ ...view, arms: undefined })).slice(0, -2);
}

/** Of each of two laws: a preference for an index is no small thing, and Bayesian agents solve a model in every draw. */
const LAW_DRAWS = 96;

/** The law of the choice that follows a past: exact where the agent knows it, else the frequencies over many seeds. */
function lawAfter(agent: Agent, trial: Trial, past: History): Float64Array {
  const exact = new Float64Array(trial.numActions).fill(Number.NaN);
  const counts = new Float64Array(trial.numActions);
  const last = past[past.length - 1];
  const turn = last.terminated
    ? { state: past[0].state, arms: trial.arms, episode: last.episode + 1, step: 0 }
    : { state: last.nextState, arms: trial.arms, episode: last.episode, step: last.step + 1 };
  for (let draw = 0; draw < LAW_DRAWS; draw++) {
    const policy = createPolicy(agent, trial, {}, BigInt(draw));
    for (const outcome of past) {
      policy.act(outcome);
      policy.observe?.(outcome);
    }
    if (draw === 0) policy.probabilities?.(turn, exact);
    if (!Number.isNaN(exact[0])) return exact;
    counts[policy.act(turn)] += 1;
  }
  return counts.map((count) => count / LAW_DRAWS);
}

/** The trial with action a called `to[a]`: rows of arm features move along. */
function renamed(trial: Trial, to: readonly number[]): Trial {
  if (trial.arms === undefined) return trial;
  const { data, rows, cols } = trial.arms;
  const moved = new Float32Array(data.length);
  for (let a = 0; a < rows; a++) moved.set(data.subarray(a * cols, (a + 1) * cols), to[a] * cols);
  return { ...trial, arms: { data: moved, rows, cols } };
}

function violationOfRenaming(agent: Agent, task: Task): string | undefined {
  if (task.observationSpace.type === "box") return undefined; // actions are known by what each step shows of them
  const trial = describeTrial(task, task.instantiate(11n, 12n));
  const past = distinctPast(task, trial);
  const to = Array.from({ length: task.numActions }, (_, a) => (a + 1) % task.numActions);
  const other = renamed(trial, to);
  const law = lawAfter(agent, trial, past);
  const lawRenamed = lawAfter(
    agent,
    other,
    past.map((outcome) => ({ ...outcome, arms: other.arms, action: to[outcome.action] })),
  );
  for (let a = 0; a < task.numActions; a++) {
    const [p, q] = [law[a], lawRenamed[to[a]]];
    const tolerance = 1e-9 + 4 * Math.sqrt((p * (1 - p) + q * (1 - q)) / LAW_DRAWS);
    if (Math.abs(p - q) > tolerance) return `action ${a} has chance ${p}, and ${q} when it is called ${to[a]}`;
  }
  return undefined;
}

const ARMS = 4;

/** A trial of the agent's kind with four arms, all apart: arms are unit vectors, an MDP has one state and one step. */
function fourArms(kinds: readonly string[]): Trial {
  const linear = kinds.includes("linear");
  const data = Float32Array.from({ length: ARMS * ARMS }, (_, at) => (at % (ARMS + 1) === 0 ? 1 : 0));
  return {
    task: "four-arms",
    taskOptions: {},
    kinds,
    numActions: ARMS,
    numStates: 1,
    dim: linear ? ARMS : 0,
    arms: linear ? { data, rows: ARMS, cols: ARMS } : undefined,
    horizon: kinds.includes("tabular-mdp") ? 1 : 400,
    episodes: kinds.includes("tabular-mdp") ? 400 : 1,
    reward: { kind: "bernoulli", min: 0, max: 1, noiseStd: undefined },
  };
}

/** How often, of the last 50 of 400 steps, the policy would play the one arm that pays; others act in its place. */
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
  {
    title: "gives probabilities that sum to 1 and change nothing, or none",
    violation: onEveryTask(violationOfProbabilities),
  },
  {
    title: "chooses as often as its propensities and probabilities say",
    slow: true,
    violation: onEveryTask(violationOfFrequency),
  },
  { title: "plays the same from the same seeds", violation: onEveryTask(violationOfSeed) },
  { title: "keeps the memories of its policies apart", violation: onEveryTask(violationOfSeparation) },
  { title: "treats actions alike, whatever their index", slow: true, violation: onEveryTask(violationOfRenaming) },
  { title: "learns from the executed action, not from its own choice", violation: violationOfExecuted },
];

/** Rules about what an algorithm makes of rewards: a model does that when it is trained, and the one that plays in tests is not. */
export const UNTRAINED: readonly string[] = [
  "treats actions alike, whatever their index",
  "learns from the executed action, not from its own choice",
];

/** Those that an agent is held to. */
export function rulesFor({ name }: Agent): readonly AgentRule[] {
  return AGENT_RULES.filter(({ title }) => name !== "transformer" || !UNTRAINED.includes(title));
}

/** Titles of the rules that an agent violates, each with what was seen. */
export function violations(agent: Agent): string[] {
  return AGENT_RULES.flatMap((rule) => {
    const seen = rule.violation(agent);
    return seen === undefined ? [] : [`${rule.title}: ${seen}`];
  });
}
