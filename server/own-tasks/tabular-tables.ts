/** The truth of an MDP from its tables P, R, terminal and start, checked entry by entry. */
import type { MdpTruth } from "../tasks/mdps/tabular-env.js";
import type { RewardSpec } from "../tasks/task.js";
import type { InstanceMembers } from "./file-members.js";
import type { Invalid } from "./invalid-file.js";
import { shapeText, type Table } from "./table.js";

/** How far from 1 a distribution may sum: float32 tables do. What is further than float64 rounds is divided by its sum. */
const SUM_SLACK = 1e-6;
const ROUNDING = 1e-12;

/** Largest absolute reward: a return of 100,000 of them is still a float32. */
const MOST_REWARD = 1e9;

/** States and actions that are read. */
const MOST_STATES = 10_000;
const MOST_ACTIONS = 1024;

/**
 * The truth of an instance.
 *
 * @throws what `invalid` makes, with the state and action of what is wrong
 */
export function truthOf(members: InstanceMembers, kind: RewardSpec["kind"], invalid: Invalid): MdpTruth {
  const transitions = members.table("P");
  const paid = members.table("R");
  if (transitions === undefined || paid === undefined) {
    throw invalid(`${members.place(transitions === undefined ? "P" : "R")} is missing: give P [S, A, S] and R [S, A]`);
  }
  const [numStates, numActions, last] = transitions.shape;
  if (transitions.shape.length !== 3 || last !== numStates) {
    throw invalid(
      `${members.place("P")} has the shape ${shapeText(transitions.shape)}: give P[s][a][s'], as many last as first`,
    );
  }
  if (numStates > MOST_STATES || numActions > MOST_ACTIONS) {
    throw invalid(`it has ${numStates} states and ${numActions} actions, at most ${MOST_STATES} and ${MOST_ACTIONS}`);
  }
  const { successors, probabilities } = candidatesOf(transitions, members.place("P"), invalid);
  const rewardTables = rewardsOf(
    paid,
    { successors, probabilities, numStates, numActions },
    kind,
    members.place("R"),
    invalid,
  );
  const terminal = terminalOf(members.table("terminal"), numStates, members.place("terminal"), invalid);
  const start = startOf(members.table("start"), numStates, members.place("start"), invalid);
  const ended = start.findIndex((chance, s) => chance > 0 && terminal?.[s] === 1);
  if (ended >= 0) throw invalid(`${members.place("start")}: state ${ended} is terminal, no episode can start in it`);
  return { type: "mdp", numStates, successors, probabilities, ...rewardTables, start, terminal };
}

/** Successors that have a chance, in their order, as many of each pair as the pair with the most has: the rest have none. */
function candidatesOf({ shape, data }: Table, place: string, invalid: Invalid) {
  const [numStates, numActions] = shape;
  const pairs = numStates * numActions;
  let branches = 1;
  for (let pair = 0; pair < pairs; pair++) {
    const row = data.subarray(pair * numStates, (pair + 1) * numStates);
    requireDistribution(row, `${place}[${Math.floor(pair / numActions)}][${pair % numActions}]`, invalid);
    branches = Math.max(
      branches,
      row.reduce((count, p) => count + (p > 0 ? 1 : 0), 0),
    );
  }
  const successors = new Int32Array(pairs * branches);
  const probabilities = new Float64Array(pairs * branches);
  for (let pair = 0; pair < pairs; pair++) {
    const row = data.subarray(pair * numStates, (pair + 1) * numStates);
    const scale = scaleOf(row);
    let next = pair * branches;
    for (let s = 0; s < numStates; s++) {
      if (row[s] === 0) continue;
      successors[next] = s;
      probabilities[next++] = row[s] / scale;
    }
    successors.fill(successors[next - 1], next, (pair + 1) * branches); // what has no chance leads where something leads
  }
  return { successors, probabilities };
}

function requireDistribution(row: Float64Array, place: string, invalid: Invalid): void {
  let sum = 0;
  for (let s = 0; s < row.length; s++) {
    if (!(row[s] >= 0 && row[s] <= 1 + SUM_SLACK))
      throw invalid(`${place}[${s}] is ${row[s]}: a probability is in [0, 1]`);
    sum += row[s];
  }
  if (Math.abs(sum - 1) > SUM_SLACK) throw invalid(`${place} sums to ${sum}: give probabilities that sum to 1`);
}

/** What probabilities are divided by: 1 where they sum to it but for rounding, so that they stay what they are. */
function scaleOf(row: Float64Array): number {
  const sum = row.reduce((total, p) => total + p, 0);
  return Math.abs(sum - 1) < ROUNDING ? 1 : sum;
}

/** Mean rewards [S, A]; where the file has R[s][a][s'], what is paid on the way to each candidate, too. */
function rewardsOf(
  { shape, data }: Table,
  mdp: Pick<MdpTruth, "successors" | "probabilities" | "numStates"> & { readonly numActions: number },
  kind: RewardSpec["kind"],
  place: string,
  invalid: Invalid,
): Pick<MdpTruth, "rewards" | "paid"> {
  const { numStates, numActions, successors, probabilities } = mdp;
  const isByNext = shape.length === 3 && shape[2] === numStates;
  if (shape[0] !== numStates || shape[1] !== numActions || !(shape.length === 2 || isByNext)) {
    throw invalid(
      `${place} has the shape ${shapeText(shape)}: give ${shapeText([numStates, numActions])} or ${shapeText([numStates, numActions, numStates])}, as P has them`,
    );
  }
  if (isByNext && kind !== "deterministic") {
    throw invalid(
      `${place} has a reward for each next state: rewards that are ${kind} have a mean for each state and action`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    const fits = kind === "bernoulli" ? data[i] >= 0 && data[i] <= 1 : Math.abs(data[i]) <= MOST_REWARD;
    if (fits) continue;
    const [s, a, next] = isByNext
      ? [Math.floor(i / numStates / numActions), Math.floor(i / numStates) % numActions, `[${i % numStates}]`]
      : [Math.floor(i / numActions), i % numActions, ""];
    const range = kind === "bernoulli" ? "[0, 1], as rewards are bernoulli" : `[-${MOST_REWARD}, ${MOST_REWARD}]`;
    throw invalid(`${place}[${s}][${a}]${next} is ${data[i]}: give a number in ${range}`);
  }
  if (!isByNext) return { rewards: kind === "deterministic" ? data.map(Math.fround) : data.slice() };
  const branches = successors.length / (numStates * numActions);
  const paid = Float64Array.from(successors, (next, i) =>
    Math.fround(data[Math.floor(i / branches) * numStates + next]),
  );
  const rewards = Float64Array.from({ length: numStates * numActions }, (_, pair) => {
    let mean = 0;
    for (let i = pair * branches; i < (pair + 1) * branches; i++) mean += probabilities[i] * paid[i];
    return mean;
  });
  return branches === 1 ? { rewards: paid } : { rewards, paid };
}

/** 1 where an episode is over, [S]: from indices of states, or from zeros and ones for all of them. Undefined where none is. */
function terminalOf(table: Table | undefined, numStates: number, place: string, invalid: Invalid) {
  if (table === undefined) return undefined;
  const { data, isLogical } = table;
  const terminal = new Uint8Array(numStates);
  const isMask = data.length === numStates && (isLogical || (numStates > 2 && data.every((x) => x === 0 || x === 1)));
  for (const [i, x] of data.entries()) {
    if (isMask) terminal[i] = x;
    else if (Number.isInteger(x) && x >= 0 && x < numStates) terminal[x] = 1;
    else throw invalid(`${place}[${i}] is ${x}: give states in [0, ${numStates}), or a 0 or 1 for each`);
  }
  return terminal.includes(1) ? terminal : undefined;
}

/** The distribution of the first state: from a state, from a distribution, or state 0. */
function startOf(table: Table | undefined, numStates: number, place: string, invalid: Invalid): Float64Array {
  const start = new Float64Array(numStates);
  if (table === undefined || table.shape.length === 0) {
    const state = table === undefined ? 0 : table.data[0];
    if (!(Number.isInteger(state) && state >= 0 && state < numStates)) {
      throw invalid(`${place} is ${state}: give a state in [0, ${numStates}), or a probability for each`);
    }
    start[state] = 1;
    return start;
  }
  if (table.data.length !== numStates) {
    throw invalid(`${place} has ${table.data.length} entries: give a probability for each of the ${numStates} states`);
  }
  requireDistribution(table.data, place, invalid);
  const scale = scaleOf(table.data);
  return table.data.map((p) => p / scale);
}
