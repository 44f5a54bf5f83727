/**
 * A process that plays freely: sessions side by side, one after the other, whatever happens to their connections. It tells its parent what
 * it was told to be durable, as it is told. It may be killed at any moment.
 */
import { connect } from "../../clients/typescript/connect.js";
import { introduce, open } from "../../clients/typescript/session.js";
import { IcrlError } from "../../common/errors.js";
import { type Rng, rngFromSeed } from "../../common/rng.js";
import { boolElements, float32Elements, int32Tensor } from "../../common/tensor.js";
import type { Observations, Opened } from "../../proto/gen/icrl/v1/environment.js";
import { digestStep, NO_STEPS } from "./trial-digest.js";

/** A trial that was acknowledged. */
export interface Acknowledged {
  /** The open it belongs to, as its tag says. */
  readonly play: string;
  readonly trial: number;
  readonly digest: number;
  readonly steps: number;
}

/** What a player tells, and then forgets. */
export interface PlayerTold {
  readonly acknowledged: readonly Acknowledged[];
  readonly sessions: number;
  readonly steps: number;
  /** How sessions ended before they were played, by reason. */
  readonly ended: Readonly<Record<string, number>>;
}

const PLAYS: readonly (readonly [string, Record<string, unknown>, number])[] = [
  ["bernoulli-bandit", { arms: 3, horizon: 20 }, 3],
  ["linear-bandit", { dim: 3, actions: 4, horizon: 30 }, 4],
  ["linear-bandit", { dim: 3, actions: 4, horizon: 10, arm_set: "fresh" }, 4],
  ["river-swim", { states: 4, horizon: 5, episodes: 4 }, 2],
  ["random-mdp", { states: 4, actions: 3, horizon: 5, episodes: 3 }, 3],
];
/** How long a session waits before each lock-step at most, in milliseconds. */
const PACE_MS = 40;
const TELL_MS = 200;

const [address, name, sessions, seed] = process.argv.slice(2);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let acknowledged: Acknowledged[] = [];
let ended: Record<string, number> = {};
let [begun, steps] = [0, 0];

function tell(): void {
  const told: PlayerTold = { acknowledged, sessions: begun, steps, ended };
  acknowledged = [];
  ended = {};
  [begun, steps] = [0, 0];
  process.send?.(told);
}

/** What one open has come to, as its agent knows it. */
function createRecord(play: string, { numEnvs }: Opened) {
  const under = new Array<{ trial: number; digest: number; steps: number } | undefined>(numEnvs).fill(undefined);
  const over: (Acknowledged | undefined)[] = [];
  let told = 0;
  return {
    /** Takes the answer to some actions; `acted`: where they counted. */
    take(message: Observations, actions: Int32Array, acted: readonly boolean[]): void {
      const rewards = message.reward && float32Elements(message.reward, "reward");
      for (let env = 0; env < numEnvs; env++) {
        const trial = under[env];
        if (rewards === undefined || !acted[env] || trial === undefined) continue;
        trial.digest = digestStep(trial.digest, actions[env], rewards[env]);
        trial.steps += 1;
        steps += 1;
      }
      for (const { env, complete } of message.trialEnds) {
        const trial = under[env];
        under[env] = undefined;
        over.push(trial !== undefined && complete ? { play, ...trial } : undefined);
      }
      for (const { env, trialIndex } of message.trialStarts) {
        under[env] = { trial: Number(trialIndex), digest: NO_STEPS, steps: 0 };
      }
      this.durable(Number(message.durableTrials));
    },
    /** So many of those that are over survive the server. */
    durable(count: number): void {
      for (const trial of over.slice(told, count)) if (trial !== undefined) acknowledged.push(trial);
      told = Math.max(told, Math.min(count, over.length));
    },
  };
}

async function playOnce(connection: Awaited<ReturnType<typeof connect>>, play: string, rng: Rng): Promise<void> {
  const stream = connection.play();
  try {
    const [task, taskOptions, arms] = PLAYS[rng.integer(PLAYS.length)];
    const numEnvs = 1 + rng.integer(4);
    await introduce(stream, { agent: "soak" });
    begun += 1;
    const trials = numEnvs * (1 + rng.integer(12));
    const series = BigInt(Math.floor(rng.uniform() * 2 ** 52));
    const opened = await open(stream, { task, taskOptions, numEnvs, trials, seed: series, tags: { soak: play } });
    const record = createRecord(play, opened);
    let actions = new Int32Array(numEnvs);
    let acted = new Array<boolean>(numEnvs).fill(false);
    for (;;) {
      const message = await stream.next();
      if (message.$case === "closed") return record.durable(Number(message.value.durableTrials));
      if (message.$case !== "observations") continue;
      record.take(message.value, actions, acted);
      const active = message.value.active && boolElements(message.value.active, "active");
      acted = Array.from({ length: numEnvs }, (_, env) => active === undefined || active[env] === 1);
      if (!acted.includes(true)) continue;
      actions = Int32Array.from({ length: numEnvs }, () => rng.integer(arms));
      await wait(rng.uniform() * PACE_MS);
      const value = { stepIndex: message.value.stepIndex, actions: int32Tensor(actions, [numEnvs]) };
      const nothing = { propensities: undefined, probabilities: undefined, hold: undefined };
      stream.send({ $case: "actions", value: { ...value, ...nothing } });
    }
  } finally {
    stream.finish();
  }
}

async function playOn(index: number): Promise<void> {
  const rng = rngFromSeed(BigInt(seed)).split(`${name}/${index}`);
  let connection: Awaited<ReturnType<typeof connect>> | undefined;
  for (let count = 0; ; count++) {
    try {
      connection ??= await connect(address);
      await playOnce(connection, `${name}/${index}/${count}`, rng);
    } catch (error) {
      const why = error instanceof IcrlError ? error.reason : (error as Error).name;
      ended[why] = (ended[why] ?? 0) + 1;
      await wait(100 + rng.uniform() * 400);
    }
  }
}

if (process.send !== undefined) {
  setInterval(tell, TELL_MS);
  for (let i = 0; i < Number(sessions); i++) void playOn(i);
  process.on("message", () => {
    tell(); // the last word
    process.exit();
  });
  process.on("disconnect", () => process.exit());
}
