/**
 * What every task must do, whatever it is about: a function over any `Task`, run over all registered ones and proven on broken
 * ones in tests/conformance/task.test.ts. It plays random trials and returns what it found wrong, each thing once; [] is a task that conforms.
 */
import { type Rng, rngFromSeed } from "../../../common/rng.js";
import { runAtOnce } from "../../../common/slices.js";
import type { MdpTables } from "../backward-induction.js";
import { curveSteps } from "../curve-steps.js";
import { createOracle, uniformRegret } from "../oracle.js";
import type { Bounds, Env, Task, Truth } from "../task.js";

type MdpTruth = Extract<Truth, { type: "mdp" }>;

type Check = (holds: boolean, violation: string) => void;

/** What a step showed, as text that two plays can be compared by. */
type Seen = string;

/** How what happened differs from what the truth expects, summed over all steps watched, with the variances it should have. */
interface Luck {
  steps: number;
  /** Rewards less their means. */
  rewards: number;
  rewardVariance: number;
  /** Squares of rewards less their means, in units of noiseStd; gaussian rewards alone. */
  squares: number;
  /** Chances of the transitions that happened, less what is expected of that: sum over s' of P(s')^2. */
  transitions: number;
  transitionVariance: number;
}

/** Plays `trials` random trials of at most `mostEpisodes` episodes each and returns what is wrong. */
export function taskViolations(task: Task, trials = 4, mostEpisodes = 5): string[] {
  const violations = new Set<string>();
  const check: Check = (holds, violation) => {
    if (!holds) violations.add(violation);
  };
  checkDescription(task, check);
  const episodes = Math.min(task.episodes, mostEpisodes);
  const luck: Luck = { steps: 0, rewards: 0, rewardVariance: 0, squares: 0, transitions: 0, transitionVariance: 0 };
  const bounds: (readonly [number, number])[] = [];
  for (let seed = 1n; seed <= BigInt(trials) && violations.size === 0; seed++) {
    const noiseSeed = seed * 1_000_003n;
    const env = task.instantiate(seed, noiseSeed);
    checkInstance(task, env, check);
    const paid = paidIn(task, env.truth);
    if (paid !== undefined) bounds.push(paid);
    const seen = playWatched(task, env, episodes, rngFromSeed(seed), luck, check);
    checkReplay(task, seed, noiseSeed, episodes, seen, check);
    checkSharedLuck(task, seed, noiseSeed, episodes, check);
    checkForks(task, seed, noiseSeed, episodes, check);
    checkUniformRegret(task, seed, noiseSeed, check);
  }
  checkBounds(task, bounds, check);
  checkLuck(task, luck, check);
  return [...violations];
}

function checkDescription(task: Task, check: Check): void {
  const { kinds, observationSpace: space, trialFeaturesShape: shape, reward } = task;
  check(/^[a-z]+(-[a-z0-9]+)*$/.test(task.name), "the name is not kebab-case");
  check(Number.isInteger(task.version) && task.version >= 1, "the version is not a whole number from 1");
  check(new Set(kinds).size === kinds.length, "a kind is there twice");
  for (const key of ["numActions", "horizon", "episodes"] as const) {
    check(Number.isInteger(task[key]) && task[key] >= 1, `${key} is not a whole number from 1`);
  }
  check(task.episodes < 2 ** 24, "there are more episodes than noise can count");
  if (kinds.includes("bandit")) {
    check(task.episodes === 1, "a bandit has more than one episode");
    check(space.type === "none", "a bandit shows an observation");
  }
  if (kinds.includes("linear")) {
    const features = space.type === "box" ? space.shape : shape;
    check(features.length === 2 && features[0] === task.numActions, "a linear task has no features [num_actions, dim]");
  }
  if (kinds.includes("bernoulli")) check(reward.kind === "bernoulli", "a bernoulli task has other rewards");
  if (kinds.includes("tabular-mdp")) check(space.type === "discrete", "a tabular MDP does not show an integer");
  checkDrawing(task, check);
  if (reward.kind === "bernoulli")
    check(reward.min === 0 && reward.max === 1, "Bernoulli rewards are not within 0 and 1");
}

function checkDrawing({ drawing, actionNames, numActions, observationSpace: space }: Task, check: Check): void {
  const observations = space.type === "discrete" ? space.n : 0;
  check(actionNames === undefined || actionNames.length === numActions, "not every action has a name");
  if (drawing.as === "arms") check(observations === 0, "what shows states is drawn as arms");
  else check(observations > 0, "what shows no states is drawn by them");
  if (drawing.as === "grid")
    check(drawing.rows * drawing.columns === observations, "the grid's cells are not its states");
}

function checkInstance(task: Task, env: Env, check: Check): void {
  const size = task.trialFeaturesShape.reduce((product, length) => product * length, 1);
  const expected = task.trialFeaturesShape.length === 0 ? undefined : size;
  check(env.trialFeatures?.length === expected, "trial features are not of the shape the task says");
  check(within(env.trialFeatures, task.trialFeaturesBounds), "a trial feature is outside its bounds");
  checkTruth(task, env.truth, check);
}

/** Whether all numbers are within bounds. */
function within(
  numbers: Float32Array | undefined,
  { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY }: Bounds = {},
): boolean {
  return (numbers ?? new Float32Array()).every((x) => x >= low && x <= high);
}

function checkTruth(task: Task, truth: Truth, check: Check): void {
  if (truth.type === "bandit") {
    check(truth.means.length === task.numActions, "the truth has not one mean for each action");
    return;
  }
  const { numStates, successors, probabilities, rewards, start } = truth;
  check(rewards.length === numStates * task.numActions, "the truth's rewards are not [S, A]");
  const branches = successors.length / rewards.length;
  check(
    Number.isInteger(branches) && branches >= 1 && probabilities.length === successors.length,
    "the truth's successors and probabilities are not [S, A, B]",
  );
  check(
    successors.every((next) => next >= 0 && next < numStates),
    "a successor is outside the truth's states",
  );
  check(start.length === numStates && sumsToOne(start), "the start distribution does not sum to 1");
  for (let row = 0; row < probabilities.length; row += branches) {
    check(sumsToOne(probabilities.subarray(row, row + branches)), "a row of transitions does not sum to 1");
  }
  if (task.kinds.includes("tabular-mdp") && task.observationSpace.type === "discrete") {
    check(task.observationSpace.n === numStates, "the observation space is not the truth's states");
  }
}

/** Instances that are drawn before bounds are called too wide: what reaches them may be rare. */
const MOST_BOUNDS_DRAWN = 100n;

/** Bounds of certain rewards hold in every instance, and are reached in some: where those that were played do not, in others. */
function checkBounds(task: Task, paid: (readonly [number, number])[], check: Check): void {
  const { min, max } = task.reward;
  if (paid.length === 0) return;
  const isReached = () => paid.some(([least]) => least === min) && paid.some(([, largest]) => largest === max);
  for (let seed = 1000n; !isReached() && seed < 1000n + MOST_BOUNDS_DRAWN; seed++) {
    paid.push(paidIn(task, task.instantiate(seed, 0n).truth) as readonly [number, number]);
  }
  check(
    isReached() && paid.every(([a, b]) => (min as number) <= a && b <= (max as number)),
    "the bounds of certain rewards are not the truth's least and largest",
  );
}

/** The least and the largest that is paid in an MDP whose rewards are certain: nothing is in a terminal state, nor on a way without a chance. */
function paidIn({ reward, numActions }: Task, truth: Truth): readonly [number, number] | undefined {
  if (truth.type === "bandit" || reward.kind !== "deterministic") return undefined;
  const { rewards, paid, probabilities, terminal } = truth;
  const branches = paid === undefined ? 1 : paid.length / rewards.length;
  const table = (paid ?? rewards).filter(
    (_, i) => terminal?.[Math.floor(i / branches / numActions)] !== 1 && (paid === undefined || probabilities[i] > 0),
  );
  return [table.reduce((a, b) => Math.min(a, b)), table.reduce((a, b) => Math.max(a, b))];
}

const sumsToOne = (p: Float64Array) => p.every((x) => x >= 0) && Math.abs(p.reduce((sum, x) => sum + x, 0) - 1) < 1e-12;

/** Plays with random actions, looking at everything an env and its oracle promise. Returns each step as seen. */
function playWatched(task: Task, env: Env, episodes: number, rng: Rng, luck: Luck, check: Check): Seen[] {
  const oracle = createOracle(task, env);
  const shown = new Map<number, number>(); // observation of each state
  const checkAgain = (): void => {
    if (task.observationSpace.type !== "discrete") return;
    const before = shown.get(env.state) ?? env.observation;
    check(before === env.observation, "the same state is observed in two ways");
    shown.set(env.state, env.observation);
  };
  const seen: Seen[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    env.reset(episode);
    oracle.beginEpisode();
    check(
      env.stepInEpisode === 0 && !env.terminated && env.endReason === "" && env.reward === 0,
      "reset leaves old traces",
    );
    checkShown(task, env, check);
    checkAgain();
    checkStart(env, check);
    for (let step = 0; !env.terminated; step++) {
      if (step >= task.horizon) {
        check(false, "an episode goes on past the horizon");
        break;
      }
      const action = rng.integer(task.numActions);
      oracle.judge(step, env.state, action);
      check(oracle.regret >= 0 && Math.fround(oracle.regret) === oracle.regret, "a regret is negative or no float32");
      check(oracle.optimalAction >= 0 && oracle.optimalAction < task.numActions, "the optimal action is none");
      if (action === oracle.optimalAction) check(oracle.regret === 0, "the optimal action has regret");
      const { state } = env;
      const mean = meanReward(task, env.truth, state, action); // before fresh arms are overwritten
      env.step(action);
      checkStep(task, env, step, state, action, check);
      checkShown(task, env, check);
      checkAgain();
      watchLuck(task, env, state, action, mean, luck, check);
      seen.push(seenNow(env));
    }
    check(Number.isFinite(oracle.episodeValue), "an episode's optimal value is not finite");
  }
  return seen;
}

function checkShown(task: Task, env: Env, check: Check): void {
  const { observationSpace: space } = task;
  const numStates = env.truth.type === "mdp" ? env.truth.numStates : 1;
  check(
    Number.isInteger(env.state) && env.state >= 0 && env.state < numStates,
    "a state is outside the truth's states",
  );
  const n = space.type === "discrete" ? space.n : 1;
  check(
    Number.isInteger(env.observation) && env.observation >= 0 && env.observation < n,
    "an observation is outside its space",
  );
  if (task.kinds.includes("tabular-mdp")) check(env.observation === env.state, "a tabular MDP does not show its state");
  const size = space.type === "box" ? space.shape.reduce((product, length) => product * length, 1) : undefined;
  check(env.features?.length === size, "features are not of the space's shape");
  check((env.features ?? []).every(Number.isFinite), "a feature is not finite");
  check(within(env.features, space.type === "box" ? space : undefined), "a feature is outside its bounds");
}

function checkStep(task: Task, env: Env, step: number, state: number, action: number, check: Check): void {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, kind } = task.reward;
  check(Number.isFinite(env.reward) && Math.fround(env.reward) === env.reward, "a reward is not a float32 value");
  check(env.reward >= min && env.reward <= max, "a reward is outside its bounds");
  if (kind === "bernoulli") check(env.reward === 0 || env.reward === 1, "a Bernoulli reward is neither 0 nor 1");
  check(env.stepInEpisode === step + 1, "stepInEpisode does not count the steps");
  const atHorizon = step + 1 === task.horizon;
  check(env.terminated === (env.endReason !== ""), "terminated and endReason do not agree");
  check(!atHorizon || env.terminated, "an episode goes on past the horizon");
  check(env.endReason !== "horizon" || atHorizon, "an episode ends by its horizon before it");
  if (env.truth.type !== "mdp") return;
  const pair = state * task.numActions + action;
  check(chanceOf(env.truth, pair, env.state) > 0, "a transition happened that has no chance");
  if (kind === "deterministic") check(mayPay(env.truth, pair, env), "a certain reward is not the truth's");
  if (env.endReason === "goal")
    check(env.truth.terminal?.[env.state] === 1, "an episode ends in a state that is not terminal");
  if (env.truth.terminal?.[env.state] === 1) check(env.endReason === "goal", "an episode goes on in a terminal state");
}

/** Whether a certain reward is that of the pair, or of the way that was taken from it. */
function mayPay({ rewards, paid, successors }: MdpTruth, pair: number, { reward, state }: Env): boolean {
  if (paid === undefined) return reward === rewards[pair];
  const branches = paid.length / rewards.length;
  for (let i = pair * branches; i < (pair + 1) * branches; i++) {
    if (successors[i] === state && paid[i] === reward) return true;
  }
  return false;
}

function checkStart({ truth, state }: Env, check: Check): void {
  if (truth.type !== "mdp") return;
  check(truth.start[state] > 0, "an episode starts in a state that has no chance");
  check(truth.terminal?.[state] !== 1, "an episode starts in a terminal state");
}

function meanReward(task: Task, truth: Truth, state: number, action: number): number {
  return truth.type === "bandit" ? truth.means[action] : truth.rewards[state * task.numActions + action];
}

/** Adds a step to `luck`. */
function watchLuck(task: Task, env: Env, state: number, action: number, mean: number, luck: Luck, check: Check): void {
  const { kind, noiseStd } = task.reward;
  luck.steps += 1;
  const surprise = env.reward - mean;
  if (kind === "bernoulli") {
    luck.rewards += surprise;
    luck.rewardVariance += mean * (1 - mean);
  } else if (kind === "gaussian" && noiseStd === 0) {
    check(env.reward === Math.fround(mean), "a reward without noise is not the truth's mean");
  } else if (kind === "gaussian" && noiseStd !== undefined) {
    luck.rewards += surprise / noiseStd;
    luck.rewardVariance += 1;
    luck.squares += (surprise / noiseStd) ** 2;
  }
  const { truth } = env;
  if (truth.type !== "mdp") return;
  const pair = state * task.numActions + action;
  const branches = truth.successors.length / truth.rewards.length;
  const candidates = [...new Set(truth.successors.subarray(pair * branches, (pair + 1) * branches))];
  const chances = candidates.map((next) => chanceOf(truth, pair, next));
  const expected = chances.reduce((sum, p) => sum + p * p, 0);
  luck.transitions += chanceOf(truth, pair, env.state) - expected;
  luck.transitionVariance += chances.reduce((sum, p) => sum + p * (p - expected) ** 2, 0);
}

/** Sums of independent luck stay within six standard deviations; of few steps, which are not normal, within a little more. */
function checkLuck(task: Task, luck: Luck, check: Check): void {
  const within = (sum: number, variance: number, slack: number): boolean =>
    Math.abs(sum) <= 6 * Math.sqrt(variance) + slack;
  check(within(luck.rewards, luck.rewardVariance, 6), "rewards are not the truth's means on average");
  check(within(luck.transitions, luck.transitionVariance, 6), "transitions do not happen as often as the truth says");
  // A squared normal has variance 2. Fewer steps say little; and where the noise is tiny, float32 rounds it away.
  const { kind, noiseStd = 0 } = task.reward;
  if (kind === "gaussian" && noiseStd > 1e-3 && luck.steps >= 100) {
    check(
      within(luck.squares - luck.steps, 2 * luck.steps, 0),
      "reward noise has not the standard deviation that the task says",
    );
  }
}

function chanceOf({ successors, probabilities, rewards }: MdpTables, pair: number, next: number): number {
  const branches = successors.length / rewards.length;
  let chance = 0;
  for (let i = pair * branches; i < (pair + 1) * branches; i++) if (successors[i] === next) chance += probabilities[i];
  return chance;
}

const seenNow = (env: Env): Seen =>
  JSON.stringify([env.state, env.observation, env.reward, env.endReason, env.features && [...env.features]]);

/** Played again from its seeds, beside a stranger that is played too, a trial is the same; an episode does not need those before it. */
function checkReplay(task: Task, seed: bigint, noiseSeed: bigint, episodes: number, seen: Seen[], check: Check): void {
  const env = task.instantiate(seed, noiseSeed);
  const stranger = task.instantiate(seed + 500n, noiseSeed + 500n);
  const rng = rngFromSeed(seed);
  const starts: number[] = [];
  const actions: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    env.reset(episode);
    stranger.reset(episode);
    starts.push(actions.length);
    for (let step = 0; !env.terminated && step < task.horizon; step++) {
      const action = rng.integer(task.numActions);
      actions.push(action);
      env.step(action);
      if (!stranger.terminated) stranger.step(task.numActions - 1);
      check(seenNow(env) === seen[actions.length - 1], "the same seeds and actions give another trial");
    }
  }
  const last = task.instantiate(seed, noiseSeed);
  last.reset(episodes - 1);
  for (let i = starts[episodes - 1]; i < actions.length && !last.terminated; i++) {
    last.step(actions[i]);
    check(seenNow(last) === seen[i], "an episode depends on those played before it");
  }
}

/** Two trials on the same seeds with other actions: where state and action meet at the same step, reward and next state do. */
function checkSharedLuck(task: Task, seed: bigint, noiseSeed: bigint, episodes: number, check: Check): void {
  const [one, two] = [task.instantiate(seed, noiseSeed), task.instantiate(seed, noiseSeed)];
  const rng = rngFromSeed(seed).split("luck");
  for (let episode = 0; episode < episodes; episode++) {
    one.reset(episode);
    two.reset(episode);
    for (let step = 0; !one.terminated && !two.terminated && step < task.horizon; step++) {
      const action = rng.integer(task.numActions);
      const other = rng.uniform() < 0.5 ? action : rng.integer(task.numActions);
      const met = one.state === two.state && action === other;
      one.step(action);
      two.step(other);
      check(!met || (one.reward === two.reward && one.state === two.state), "luck depends on earlier actions");
    }
  }
}

/** A fork stands where its env stands, with the env's own noise goes on as it does, and is alone with its steps. */
function checkForks(task: Task, seed: bigint, noiseSeed: bigint, episodes: number, check: Check): void {
  const whereIs = (env: Env): string =>
    JSON.stringify([seenNow(env), env.stepInEpisode, env.terminated, env.trialFeatures && [...env.trialFeatures]]);
  const env = task.instantiate(seed, noiseSeed);
  let fork = task.instantiate(seed, noiseSeed);
  const rng = rngFromSeed(seed).split("forks");
  for (let episode = 0; episode < episodes; episode++) {
    env.reset(episode);
    fork.reset(episode);
    for (let step = 0; !env.terminated && !fork.terminated && step < task.horizon; step++) {
      fork = env.fork(noiseSeed);
      const other = env.fork(noiseSeed + 1n);
      check(whereIs(fork) === whereIs(env) && whereIs(other) === whereIs(env), "a fork stands elsewhere than its env");
      const before = whereIs(env);
      other.step(rng.integer(task.numActions));
      check(whereIs(env) === before && whereIs(fork) === before, "a fork's step is seen in its env");
      const action = rng.integer(task.numActions);
      fork.step(action);
      env.step(action);
      check(whereIs(fork) === whereIs(env), "a fork with its env's noise goes on in another way");
    }
  }
}

function checkUniformRegret(task: Task, seed: bigint, noiseSeed: bigint, check: Check): void {
  const curve = runAtOnce(uniformRegret(task, seed, noiseSeed));
  check(curve.length === curveSteps(task).length, "uniform play's curve has not one value for each of its points");
  check(
    curve.every((value, i) => Number.isFinite(value) && value >= (i === 0 ? 0 : curve[i - 1])),
    "uniform play's regret falls somewhere",
  );
}
