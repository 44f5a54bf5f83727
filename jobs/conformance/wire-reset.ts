/**
 * What a server that lists "reset", "hold", "env_seeds" or "instances" must do in free play, by what its messages say: episodes end early where
 * they are told to and nowhere else, envs that are held stay as they are, each env plays the series of its own seed, and trials take the
 * instances of a series in turn.
 */
import { isDeepStrictEqual } from "node:util";
import type { AgentMessage } from "../../clients/typescript/play-stream.js";
import type { Reason } from "../../common/errors.js";
import { trialSeeds } from "../../common/seeds.js";
import { boolTensor } from "../../common/tensor.js";
import { type Observations, type Open, type Reset, ResetMode } from "../../proto/gen/icrl/v1/environment.js";
import { actions, hello, open, type RawStream } from "./raw-stream.js";

/** Where the rules speak to a server, and tell what is wrong with it. */
export interface ResetPeer {
  stream(): RawStream;
  check(holds: boolean, violation: string): void;
  /** Sees that a stream ends with a reason. */
  checkEnding(stream: RawStream, reason: Reason, what: string): Promise<void>;
}

const AGENT = "wire-conformance";
const SEED = 11n;

/** An MDP of two episodes of three steps, and three envs with two trials each. */
const ENVS = 3;
const MDP = {
  task: "random-mdp",
  options: { states: 4, actions: 2, horizon: 3, episodes: 2 },
  numEnvs: ENVS,
  trials: 6n,
};

/** A session of an agent that plays, where the server can do something; undefined where it cannot. */
async function playing(peer: ResetPeer, capability: string, members: Partial<Open>) {
  const stream = peer.stream();
  stream.send(hello({ agent: AGENT }));
  const { capabilities } = await stream.expect("welcome");
  if (!capabilities.includes(capability)) {
    stream.call.cancel();
    return undefined;
  }
  stream.send(open({ seed: SEED, ...MDP, ...members }));
  await stream.expect("opened");
  return { stream, first: await stream.expect("observations") };
}

const reset = (stepIndex: number, envs: number[], members: Partial<Reset> = {}): AgentMessage => ({
  $case: "reset",
  value: { stepIndex: BigInt(stepIndex), envs, seeds: [], mode: ResetMode.NEXT_EPISODE, ...members },
});

function holding(stepIndex: number, hold: readonly number[]): AgentMessage {
  const message = actions(
    stepIndex,
    hold.map((held) => (held === 1 ? -77 : 1)),
  );
  if (message.$case !== "actions") throw new Error("these are no actions");
  return { $case: "actions", value: { ...message.value, hold: boolTensor(Uint8Array.from(hold), [hold.length]) } };
}

/** Flags as numbers, [N]; all `absent` where there is no tensor. */
const flags = (tensor: Observations["truncated"], absent = 0): number[] =>
  tensor === undefined ? new Array<number>(ENVS).fill(absent) : [...tensor.data];

/** States of envs, or of some of them; none where there is no tensor. */
function states(tensor: Observations["observation"]): number[] {
  const data = tensor?.data ?? Buffer.alloc(0);
  return Array.from({ length: data.length / 4 }, (_, i) => data.readInt32LE(4 * i));
}

/** Sees that nobody was paid and no episode came to its own end, and which episodes were cut short. */
function checkCut(peer: ResetPeer, shown: Observations, truncated: number[], finals: number[], what: string): void {
  const { check } = peer;
  check(shown.reward?.data.every((byte) => byte === 0) === true, `${what} pays a reward, or tells none`);
  check(!flags(shown.terminated).includes(1), `${what} calls an episode terminated`);
  check(
    isDeepStrictEqual(flags(shown.truncated), truncated),
    `${what} does not cut short the episodes that had begun, and no other`,
  );
  check(
    isDeepStrictEqual(states(shown.finalObservation), finals),
    `${what} has not the last observation of each episode that it cut short`,
  );
}

/** Episodes end early in the envs that a reset names. */
export async function resets(peer: ResetPeer): Promise<void> {
  const play = await playing(peer, "reset", {});
  if (play === undefined) return;
  const { check } = peer;
  const { stream } = play;
  const ask = (message: AgentMessage) => {
    stream.send(message);
    return stream.expect("observations");
  };
  await ask(actions(0, [1, 1, 1]));
  const before = states((await ask(actions(1, [0, 1, 0]))).observation);
  const sent = stream.send(reset(2, [2, 0]));
  const { bytes, message } = await stream.next();
  if (message.$case !== "observations") throw new Error(`${message.$case} came for a reset`);
  check(message.value.stepIndex === 3n, `a reset for 2 is answered by ${message.value.stepIndex}`);
  checkCut(peer, message.value, [1, 0, 1], [before[0], before[2]], "a reset to the next episode");
  check(states(message.value.observation)[1] === before[1], "a reset changes what an env shows that it does not name");
  check(
    message.value.trialStarts.length + message.value.trialEnds.length === 0,
    "a reset to the next episode ends a trial",
  );
  stream.sendBytes(sent);
  check((await stream.next()).bytes.equals(bytes), "the same reset again gets another answer");

  const none = await ask(reset(3, [0]));
  checkCut(peer, none, [0, 0, 0], [], "a reset at an episode's first step");
  check(
    isDeepStrictEqual(states(none.observation), states(message.value.observation)),
    "a reset at an episode's first step changes something",
  );

  const next = await ask(reset(4, [0], { mode: ResetMode.NEXT_TRIAL }));
  checkCut(peer, next, [0, 0, 0], [], "a reset to the next trial between two episodes");
  const seeds = { taskSeed: 1n, noiseSeed: 2n ** 64n - 1n, agentSeed: 3n };
  const given = await ask(reset(5, [1], { mode: ResetMode.SEEDS, seeds: [seeds] }));
  checkCut(peer, given, [0, 1, 0], [before[1]], "a reset to given seeds");
  for (const [shown, env, trialIndex] of [
    [next, 0, 3n],
    [given, 1, 4n],
  ] as const) {
    const [end] = shown.trialEnds;
    check(end?.env === env && !end.complete, "a trial that a reset ends is not told as incomplete");
    check(
      end?.regret === undefined && end?.optimalValue === undefined,
      "a trial that a reset ends has a regret, or a best value",
    );
    const [start] = shown.trialStarts;
    check(
      start?.env === env && start.trialIndex === trialIndex,
      "a reset does not begin the env's next trial of the series",
    );
  }
  const begun = given.trialStarts[0];
  check(
    begun?.taskSeed === seeds.taskSeed && begun.noiseSeed === seeds.noiseSeed && begun.agentSeed === seeds.agentSeed,
    "a reset to given seeds begins a trial of others",
  );
  stream.send({ $case: "close", value: { reason: "" } });
  const { completeTrials, incompleteTrials, episodes, steps } = await stream.expect("closed");
  // by hand: two episodes cut short by the first reset, one by the last, one before its first step by the close, in a trial that had
  // steps; two trials that resets ended, three that the close did
  check(
    isDeepStrictEqual([completeTrials, incompleteTrials, episodes, steps], [0n, 5n, 4n, 6n]),
    `after resets closed has ${completeTrials} complete and ${incompleteTrials} incomplete trials, ${episodes} episodes and ${steps} steps`,
  );
  stream.call.cancel();
  await refuses(peer, "reset", "RESET_INVALID", [
    ["a reset of no env", reset(0, [])],
    ["a reset of an env that is not there", reset(0, [ENVS])],
    ["a reset of an env twice", reset(0, [1, 1])],
    ["a reset to seeds without any", reset(0, [1], { mode: ResetMode.SEEDS })],
    ["a reset with seeds that it does not want", reset(0, [1], { seeds: [seeds] })],
  ]);
}

/** Envs that are held take no step. */
export async function holds(peer: ResetPeer): Promise<void> {
  const play = await playing(peer, "hold", { record: false });
  if (play === undefined) return;
  const { check } = peer;
  const { stream, first } = play;
  let last = first;
  for (const [k, hold] of [
    [1, 1, 1],
    [0, 1, 1],
    [0, 1, 0],
    [0, 1, 1],
  ].entries()) {
    stream.send(holding(k, hold));
    const shown = await stream.expect("observations");
    check(shown.stepIndex === BigInt(k + 1), "a lock-step in which envs are held is not counted");
    for (const [n, held] of hold.entries()) {
      if (held === 0) continue;
      const reward = shown.reward?.data.readFloatLE(4 * n);
      check(states(shown.observation)[n] === states(last.observation)[n], "an env that is held shows something else");
      check(reward === 0 && flags(shown.terminated)[n] === 0, "an env that is held is paid, or comes to an end");
    }
    last = shown;
  }
  // by hand: env 0 took its three steps, env 2 one, and env 1 none
  check(isDeepStrictEqual(flags(last.terminated), [1, 0, 0]), "envs that are held take steps, or others do not");
  stream.send({ $case: "close", value: { reason: "" } });
  const { steps } = await stream.expect("closed");
  check(steps === 4n, `closed counts ${steps} steps, and 4 were taken beside envs that were held`);
  stream.call.cancel();
  await refuses(peer, "hold", "HOLD_INVALID", [["a hold of another number of envs", holding2(0)]]);
}

/** A hold of two envs, beside actions of three. */
function holding2(stepIndex: number): AgentMessage {
  const message = actions(stepIndex, [0, 0, 0]);
  if (message.$case !== "actions") throw new Error("these are no actions");
  return { $case: "actions", value: { ...message.value, hold: boolTensor(Uint8Array.of(0, 1), [2]) } };
}

/** Beginnings of trials in a play's first message and the six lock-steps after it. */
async function trialStartsOf({ stream, first }: NonNullable<Awaited<ReturnType<typeof playing>>>) {
  const starts = [...first.trialStarts];
  for (let k = 0; k < 6; k++) {
    stream.send(actions(k, [0, 1, 0]));
    starts.push(...(await stream.expect("observations")).trialStarts);
  }
  return starts;
}

/** Each env plays the series of its own seed. */
export async function playsEnvSeeds(peer: ResetPeer): Promise<void> {
  const envSeeds = [5n, 2n ** 64n - 1n, 5n];
  const firstTrial = 2n ** 53n + 1n;
  const play = await playing(peer, "env_seeds", { seed: 0n, envSeeds, firstTrial, record: false });
  if (play === undefined) return;
  const { check } = peer;
  const { stream } = play;
  const starts = await trialStartsOf(play);
  check(starts.length === 2 * ENVS, `of two trials for each of three envs ${starts.length} begin in twelve steps`);
  for (const [i, { env, trialIndex, taskSeed, noiseSeed, agentSeed }] of starts.entries()) {
    const index = firstTrial + BigInt(Math.floor(i / ENVS));
    const series = { purpose: "play", seed: envSeeds[env], taskId: MDP.task, entrant: AGENT } as const;
    check(trialIndex === index, `an env's trial ${index} of its own series is told as ${trialIndex}`);
    check(
      isDeepStrictEqual({ taskSeed, noiseSeed, agentSeed }, trialSeeds(series, index)),
      "an env does not play the series of its own seed",
    );
  }
  stream.call.cancel();
  for (const [what, members] of [
    ["env_seeds that are not as many as envs", { numEnvs: 2, trials: 6n }],
    ["trials that are no multiple of the envs", { trials: 7n }],
  ] as const) {
    const stream = peer.stream();
    stream.send(hello({ agent: AGENT }));
    await stream.expect("welcome");
    stream.send(open({ ...MDP, seed: 0n, envSeeds, ...members }));
    await peer.checkEnding(stream, "TRIALS_INVALID", what);
  }
}

/** Trials take so many instances in turn, each with luck of its own. */
export async function playsInstances(peer: ResetPeer): Promise<void> {
  const instances = 2;
  const firstTrial = 3n;
  const play = await playing(peer, "instances", { instances, firstTrial, record: false });
  if (play === undefined) return;
  const { check } = peer;
  const { stream } = play;
  const starts = await trialStartsOf(play);
  check(starts.length === 2 * ENVS, `of six trials ${starts.length} begin in twelve steps`);
  for (const { trialIndex, taskSeed, noiseSeed, agentSeed } of starts) {
    const series = { purpose: "play", seed: SEED, taskId: MDP.task, entrant: AGENT, instances } as const;
    check(
      isDeepStrictEqual({ taskSeed, noiseSeed, agentSeed }, trialSeeds(series, trialIndex)),
      "a trial is not on the instance of its index modulo `instances`, with luck of its own",
    );
  }
  stream.call.cancel();
  for (const [what, reason, members] of [
    ["instances that are none", "TRIALS_INVALID", { instances: 0 }],
    [
      "instances beside explicit seeds",
      "FIELD_CONFLICT",
      { seed: 0n, instances, trials: 1n, explicitSeeds: [{ taskSeed: 1n, noiseSeed: 2n, agentSeed: 3n }] },
    ],
  ] as const) {
    const stream = peer.stream();
    stream.send(hello({ agent: AGENT }));
    await stream.expect("welcome");
    stream.send(
      open({ ...MDP, ...members, explicitSeeds: "explicitSeeds" in members ? [...members.explicitSeeds] : [] }),
    );
    await peer.checkEnding(stream, reason, what);
  }
}

/** Each of the messages ends a session of its own. */
async function refuses(
  peer: ResetPeer,
  capability: string,
  reason: Reason,
  messages: readonly (readonly [what: string, message: AgentMessage])[],
): Promise<void> {
  for (const [what, message] of messages) {
    const play = await playing(peer, capability, { record: false });
    if (play === undefined) return;
    play.stream.send(message);
    await peer.checkEnding(play.stream, reason, what);
  }
}
