/** The wire's rules are proven here: a proxy spoils one thing of a sound server, and the rule that is meant for it must find it. */
import { type Client, Metadata, type StatusObject } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ServerMessage } from "#icrl/clients/typescript/play-stream.js";
import { boolTensor, float32Elements, float32Tensor, int32Elements, int32Tensor } from "#icrl/common/tensor.js";
import { WIRE_RULES, type WireServer, wireViolations } from "#icrl/jobs/conformance/wire.js";
import { playViolations, recordPlay, type WirePlayOptions } from "#icrl/jobs/conformance/wire-play.js";
import type { Actions, Closed, Observations, Opened } from "#icrl/proto/gen/icrl/v1/environment.js";
import { ErrorInfo, Status } from "#icrl/proto/gen/icrl/v1/status.js";
import type { Tensor } from "#icrl/proto/gen/icrl/v1/tensor.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import type { Task } from "#icrl/server/tasks/task.js";
import { survivorsOf } from "../support/log-place.js";
import { type PlayProxy, type Spoiler, startProxy } from "../support/play-proxy.js";
import { actions, encodeRequest, endingOf, hello, rawClient } from "../support/raw-stream.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

async function spoiled(spoiler: () => Spoiler): Promise<PlayProxy> {
  const proxy = await startProxy(server.address, spoiler);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** The server behind a proxy, with all that the rules can ask for. */
async function wireBehind(spoiler: () => Spoiler, patienceMs?: number): Promise<WireServer> {
  const { address } = await spoiled(spoiler);
  return {
    address,
    patienceMs,
    survivors: () => survivorsOf(server.dataDir),
    async another() {
      const other = await startTestServer();
      const proxy = await startProxy(other.address, spoiler);
      return {
        address: proxy.address,
        drain: other.close,
        async dispose() {
          proxy.close();
          await other.dispose();
        },
      };
    },
  };
}

const river = buildTask("river-swim", { states: 3, horizon: 3, episodes: 2 });
const bandit = buildTask("bernoulli-bandit", { arms: 3, horizon: 4 });
const arms = buildTask("linear-bandit", { dim: 2, actions: 3, horizon: 4 });
const fresh = buildTask("linear-bandit", { dim: 2, actions: 3, horizon: 4, arm_set: "fresh" });

/** What a play behind a proxy violates. */
async function foundIn(spoiler: () => Spoiler, task: Task, options: WirePlayOptions = {}): Promise<string[]> {
  const { address } = await spoiled(spoiler);
  const client: Client = rawClient(address);
  onTestFinished(() => client.close());
  return playViolations(await recordPlay(client, task, options));
}

/** Spoils each observations message; the spoiler may keep what it needs from one to the next. */
const observing = (create: () => (o: Observations) => void) => (): Spoiler => {
  const spoil = create();
  return {
    response(message) {
      if (message.$case === "observations") spoil(message.value);
      return [message];
    },
  };
};

/** Spoils each of them by itself. */
const each = (spoil: (o: Observations) => void) => observing(() => spoil);

const closing = (spoil: (closed: Closed) => void) => (): Spoiler => ({
  response(message) {
    if (message.$case === "closed") spoil(message.value);
    return [message];
  },
});

const opening = (spoil: (opened: Opened) => void) => (): Spoiler => ({
  response(message) {
    if (message.$case === "opened") spoil(message.value);
    return [message];
  },
});

/** Broken servers: what they do, a task that shows it, the violation that must be among those found. */
const BROKEN_PLAYS: readonly [what: string, task: Task, violation: string, spoiler: () => Spoiler][] = [
  [
    "counts lock-steps from 1",
    river,
    "step_index does not count the lock-steps from 0",
    each((o) => {
      o.stepIndex += 1n;
    }),
  ],
  [
    "gives rewards to the next env",
    river,
    "a reward is not what the seeds and actions give",
    each((o) => {
      if (o.reward === undefined) return;
      const rewards = float32Elements(o.reward, "reward");
      o.reward = float32Tensor(
        rewards.map((_, n) => rewards[(n + 1) % rewards.length]),
        o.reward.shape,
      );
    }),
  ],
  [
    "sends rewards as integers",
    bandit,
    "reward is not float32 [N]",
    each((o) => {
      if (o.reward !== undefined)
        o.reward = int32Tensor(Int32Array.from(float32Elements(o.reward, "")), o.reward.shape);
    }),
  ],
  [
    "sends rewards as a column",
    bandit,
    "reward is not float32 [N]",
    each((o) => {
      if (o.reward !== undefined) o.reward.shape = [...o.reward.shape, 1];
    }),
  ],
  [
    "sends rewards before any action",
    bandit,
    "there is a reward before any action",
    each((o) => {
      o.reward ??= float32Tensor(new Float32Array(3), [3]);
    }),
  ],
  [
    "rewards envs that took no action",
    bandit,
    "an env that took no action has a reward",
    observing(() => {
      let inactive: number[] = [];
      return (o) => {
        if (o.reward !== undefined) {
          const rewards = float32Elements(o.reward, "reward").slice();
          for (const n of inactive) rewards[n] = 1;
          o.reward = float32Tensor(rewards, o.reward.shape);
        }
        inactive = [...(o.active?.data ?? [])].flatMap((flag, n) => (flag === 0 ? [n] : []));
      };
    }),
  ],
  [
    "calls truncated what has terminated",
    river,
    "an episode is called truncated that nobody cut short",
    each((o) => {
      [o.terminated, o.truncated] = [o.truncated, o.terminated];
    }),
  ],
  [
    "does not tell ends of episodes",
    river,
    "terminated is not what the task says",
    each((o) => {
      o.terminated = undefined;
    }),
  ],
  [
    "sends flags as integers",
    river,
    "terminated is not bool [N]",
    each((o) => {
      if (o.terminated !== undefined) {
        o.terminated = int32Tensor(Int32Array.from(o.terminated.data), o.terminated.shape);
      }
    }),
  ],
  [
    "says that all envs are active when some are not",
    river,
    "active is not true for exactly the envs that have a trial",
    each((o) => {
      if (o.active?.data.includes(1)) o.active = undefined;
    }),
  ],
  [
    "says that an env is inactive that is not",
    river,
    "active is not true for exactly the envs that have a trial",
    each((o) => {
      o.active ??= boolTensor(Uint8Array.of(1, 0, 1), [3]);
    }),
  ],
  [
    "sends no final_observation",
    river,
    "final_observation is not of the observation space's type and shape",
    each((o) => {
      o.finalObservation = undefined;
    }),
  ],
  [
    "sends final_observation with a row for every env",
    river,
    "final_observation is not of the observation space's type and shape",
    each((o) => {
      if (o.active !== undefined && o.finalObservation !== undefined) o.finalObservation = o.observation;
    }),
  ],
  [
    "shows what comes next as the final observation",
    river,
    "final_observation has not the last observation of each episode that ended",
    each((o) => {
      if (o.finalObservation === undefined) return;
      o.finalObservation = int32Tensor(new Int32Array(o.finalObservation.shape[0]), o.finalObservation.shape);
    }),
  ],
  [
    "shows the last observation where the next episode begins",
    river,
    "an observation is not what the seeds and actions give, or not zero where nobody plays",
    each((o) => {
      const { terminated, finalObservation, observation } = o;
      if (terminated === undefined || finalObservation === undefined || observation === undefined) return;
      const states = int32Elements(observation, "observation").slice();
      const finals = [...int32Elements(finalObservation, "final_observation")];
      for (const [n, flag] of terminated.data.entries()) if (flag === 1) states[n] = finals.shift() as number;
      o.observation = int32Tensor(states, observation.shape);
    }),
  ],
  [
    "shows something in envs that nobody plays",
    river,
    "an observation is not what the seeds and actions give, or not zero where nobody plays",
    each((o) => {
      if (o.active === undefined || o.observation === undefined) return;
      const { data } = o.active;
      o.observation = int32Tensor(
        int32Elements(o.observation, "").map((state, n) => (data[n] === 0 ? 1 : state)),
        [3],
      );
    }),
  ],
  [
    "sends states as floats",
    river,
    "observation is not of the observation space's type and shape",
    each((o) => {
      if (o.observation === undefined) return;
      o.observation = float32Tensor(Float32Array.from(int32Elements(o.observation, "")), o.observation.shape);
    }),
  ],
  [
    "shows an observation in a bandit with nothing to show",
    bandit,
    "observation is there though there is nothing to show",
    each((o) => {
      o.observation = int32Tensor(new Int32Array(3), [3]);
    }),
  ],
  [
    "sends fresh arms flat",
    fresh,
    "observation is not of the observation space's type and shape",
    each((o) => {
      if (o.observation !== undefined) o.observation.shape = [3, 6];
    }),
  ],
  [
    "shows the arms of the step before",
    fresh,
    "an observation is not what the seeds and actions give, or not zero where nobody plays",
    observing(() => {
      let before: Observations["observation"];
      return (o) => {
        [o.observation, before] = [before ?? o.observation, o.observation];
      };
    }),
  ],
  [
    "does not send the arms' features",
    arms,
    "trial_features are not float32 of the shape the task says",
    each((o) => {
      for (const start of o.trialStarts) start.trialFeatures = undefined;
    }),
  ],
  [
    "sends the features of one trial in all",
    arms,
    "trial_features are not the task's",
    observing(() => {
      let first: Observations["observation"];
      return (o) => {
        for (const start of o.trialStarts) {
          first ??= start.trialFeatures;
          start.trialFeatures = first;
        }
      };
    }),
  ],
  [
    "does not tell that a trial begins",
    river,
    "trial_starts are not those of the next trials, once each and in env order",
    each((o) => {
      if (o.stepIndex > 0n) o.trialStarts = [];
    }),
  ],
  [
    "numbers trials from 0 whatever first_trial is",
    river,
    "trial_starts are not those of the next trials, once each and in env order",
    each((o) => {
      for (const start of o.trialStarts) start.trialIndex -= 2n ** 53n + 1n;
    }),
  ],
  [
    "loses the last bits of seeds",
    river,
    "task_seed and noise_seed are not derived as docs/seeds.md says",
    each((o) => {
      for (const start of o.trialStarts) start.taskSeed = BigInt(Number(start.taskSeed)) & (2n ** 64n - 1n);
    }),
  ],
  [
    "gives one agent_seed to all trials",
    river,
    "agent_seed is not derived as docs/seeds.md says",
    each((o) => {
      for (const start of o.trialStarts) start.agentSeed = 1n;
    }),
  ],
  [
    "does not tell that a trial has ended",
    river,
    "trial_ends are not those of the trials that ended, once each and in env order",
    each((o) => {
      o.trialEnds.pop();
    }),
  ],
  [
    "tells twice that a trial has ended",
    river,
    "trial_ends are not those of the trials that ended, once each and in env order",
    observing(() => {
      let before: Observations["trialEnds"] = [];
      return (o) => {
        const now = o.trialEnds;
        o.trialEnds = [...before, ...now];
        before = now;
      };
    }),
  ],
  [
    "tells ends out of env order",
    river,
    "trial_ends are not those of the trials that ended, once each and in env order",
    each((o) => {
      o.trialEnds.reverse();
    }),
  ],
  [
    "leaves the last reward out of the return",
    river,
    "a trial's return is not the sum of its rewards",
    each((o) => {
      for (const end of o.trialEnds) {
        end.trialReturn -= 0.005;
      }
    }),
  ],
  [
    "does not tell the regret",
    river,
    "a trial's regret is not the task's",
    each((o) => {
      for (const end of o.trialEnds) end.regret = undefined;
    }),
  ],
  [
    "tells the best policy's value of one episode",
    river,
    "a trial's optimal value is not the task's",
    each((o) => {
      for (const end of o.trialEnds) end.optimalValue = (end.optimalValue ?? 0) / 2;
    }),
  ],
  [
    "calls complete trials incomplete",
    river,
    "a trial that came to its end is not complete",
    each((o) => {
      for (const end of o.trialEnds) end.complete = false;
    }),
  ],
  [
    "calls trials durable that have not ended",
    river,
    "durable_trials has trials that have not ended",
    each((o) => {
      o.durableTrials += 1n;
    }),
  ],
  [
    "lets durable_trials fall",
    bandit,
    "durable_trials falls",
    // by hand: a bandit of 4 steps ends its first trials at lock-step 4, so that 2 there is no more than have ended
    each((o) => {
      if (o.stepIndex === 4n) o.durableTrials = 2n;
      else if (o.stepIndex > 4n) o.durableTrials = 0n;
    }),
  ],
  [
    "executes another action than was sent",
    bandit,
    "another action was executed than was sent",
    each((o) => {
      if (o.reward !== undefined) o.executedAction = int32Tensor(Int32Array.of(1, 1, 1), [3]);
    }),
  ],
  [
    "answers the same request by other bytes",
    river,
    "the same request was answered by other bytes",
    observing(() => {
      let last = -1n;
      return (o) => {
        if (o.stepIndex === last) o.trialEnds = [...o.trialEnds, ...o.trialEnds, end];
        last = o.stepIndex;
      };
    }),
  ],
  [
    "refuses what is sent for envs that want no action",
    bandit,
    "the play broke off",
    () => ({
      request(bytes, message) {
        const tensor = message?.$case === "actions" ? message.value.actions : undefined;
        if (tensor === undefined || int32Elements(tensor, "").every((action) => action >= 0)) return bytes;
        return encodeRequest(actions((message as { value: Actions }).value.stepIndex, [-1, -1, -1]));
      },
    }),
  ],
  [
    "opens another task than was asked for",
    river,
    "opened does not describe the task that was asked for",
    opening((opened) => {
      if (opened.task !== undefined) opened.task.horizon += 1;
    }),
  ],
  [
    "opens fewer envs than were asked for",
    bandit,
    "opened has another number of envs than was asked for",
    opening((opened) => {
      opened.numEnvs -= 1;
    }),
  ],
  [
    "says that it opens one trial",
    bandit,
    "opened has another number of trials than was asked for",
    opening((opened) => {
      opened.trials = 1n;
    }),
  ],
  [
    "speaks of a match in free play",
    bandit,
    "opened speaks of a tournament in free play",
    opening((opened) => {
      opened.matchId = "t/e";
    }),
  ],
  [
    "does not count the last step",
    bandit,
    "closed has other totals than what was played",
    closing((closed) => {
      closed.steps -= 1n;
    }),
  ],
  [
    "closes when one trial is not durable yet",
    bandit,
    "closed came before all recorded trials were durable",
    closing((closed) => {
      closed.durableTrials -= 1n;
    }),
  ],
  [
    "says finished in free play",
    bandit,
    "closed says finished outside a tournament",
    closing((closed) => {
      closed.finished = true;
    }),
  ],
];

const end = { env: 0, trialIndex: 0n, trialReturn: 0, optimalValue: 0, regret: 0, complete: true };
const nothingPlayed: Closed = {
  completeTrials: 0n,
  incompleteTrials: 0n,
  episodes: 0n,
  steps: 0n,
  durableTrials: 0n,
  finished: false,
};

describe("what a play must show", () => {
  test("is shown through a proxy that spoils nothing", async () => {
    for (const task of [river, bandit, arms, fresh]) {
      expect(
        await foundIn(
          each(() => {}),
          task,
        ),
        task.name,
      ).toEqual([]);
    }
  });

  test.each(BROKEN_PLAYS)("is missed in a server that %s", async (_, task, violation, spoiler) => {
    const found = await foundIn(spoiler, task);
    expect(found.filter((text) => text.startsWith(violation))).not.toEqual([]);
  });

  test("is missed in a server that counts as durable what it does not record", async () => {
    const spoiler = each((o) => {
      if (o.trialEnds.length > 0) o.durableTrials = 1n;
    });
    expect(await foundIn(spoiler, bandit, { record: false })).toContain(
      "durable_trials counts trials that are not recorded",
    );
  });

  test("is missed in a server that never says closed", async () => {
    const silent = (): Spoiler => ({ response: (message) => (message.$case === "closed" ? [] : [message]) });
    expect(await foundIn(silent, bandit, { patienceMs: 400 })).toEqual([
      expect.stringMatching(/^the play broke off: .*"code":4/),
    ]);
  });
});

/** An ending with another ErrorInfo, or code. */
function withReason(ending: StatusObject, reason: string, code: number = ending.code): StatusObject {
  const metadata = new Metadata();
  const info = Buffer.from(ErrorInfo.encode({ reason, domain: "icrl", metadata: {} }).finish());
  const details = [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: info }];
  metadata.set(
    "grpc-status-details-bin",
    Buffer.from(Status.encode({ code, message: ending.details, details }).finish()),
  );
  return { code, details: ending.details, metadata };
}

const failing = (spoil: (ending: StatusObject) => StatusObject) => (): Spoiler => ({
  ending: (ending) => (ending.code === 0 ? ending : spoil(ending)),
});

/** Instead of an error of this reason, the session goes on as it was told last. */
const forgiving = (reason: string) => (): Spoiler => ({
  ending: (ending) => (endingOf(ending).reason === reason ? { ...ending, code: 0, details: "" } : ending),
});

const responding = (spoil: (message: ServerMessage) => void) => (): Spoiler => ({
  response(message) {
    spoil(message);
    return [message];
  },
});

/** One session's failure ends all others of the proxy. */
function contagious(): () => Spoiler {
  let failed: StatusObject | undefined;
  return () => ({
    response: (message) => (failed === undefined ? [message] : []),
    ending(ending) {
      if (ending.code !== 0) failed = ending;
      return failed ?? ending;
    },
  });
}

/** Answers a bandit's last actions itself, says that all is durable, and never passes them on. */
function acknowledgesWhatItNeverWrote(): Spoiler {
  const trials = 3n;
  const horizon = 4;
  let last: Observations | undefined;
  return {
    response(message) {
      if (message.$case === "observations") last = message.value;
      return [message];
    },
    request(bytes, message, answer) {
      if (last === undefined || message?.$case !== "actions") return bytes;
      if (message.value.stepIndex !== trials * BigInt(horizon) - 1n) return bytes;
      const active = boolTensor(Uint8Array.of(0), [1]);
      answer({ $case: "observations", value: { ...last, stepIndex: message.value.stepIndex + 1n, active } });
      answer({
        $case: "closed",
        value: { ...nothingPlayed, completeTrials: trials, episodes: trials, steps: 12n, durableTrials: trials },
      });
      return undefined;
    },
  };
}

/** Broken servers and the rule that must find each. */
const BROKEN_SERVERS: readonly [what: string, title: string, spoiler: () => Spoiler][] = [
  [
    "chooses a version of its own",
    "welcomes with the version, limits and an id of the session's own",
    responding((message) => {
      if (message.$case === "welcome") message.value.protocolVersion = 2;
    }),
  ],
  [
    "gives all sessions one id",
    "welcomes with the version, limits and an id of the session's own",
    responding((message) => {
      if (message.$case === "welcome") message.value.sessionId = "session";
    }),
  ],
  [
    "announces no limits",
    "welcomes with the version, limits and an id of the session's own",
    responding((message) => {
      if (message.$case === "welcome") message.value.limits = undefined;
    }),
  ],
  [
    "welcomes any version",
    "refuses a hello that it cannot meet",
    () => ({
      request(bytes, message) {
        if (message?.$case !== "hello") return bytes;
        const value = { ...message.value, minProtocolVersion: 1, maxProtocolVersion: 1 };
        return encodeRequest({ $case: "hello", value });
      },
    }),
  ],
  ["ends well what is out of order", "keeps the order of messages", forgiving("PROTOCOL_ORDER")],
  [
    "gives errors no ErrorInfo",
    "keeps the order of messages",
    failing(({ code, details }) => ({ code, details, metadata: new Metadata() })),
  ],
  [
    "has reasons of its own",
    "refuses to open what cannot be played",
    failing((ending) => withReason(ending, "NOT_SO_GOOD")),
  ],
  [
    "takes one reason for all",
    "refuses to open what cannot be played",
    failing((ending) => withReason(ending, "OPTION_INVALID")),
  ],
  [
    "takes one code for all",
    "refuses to open what cannot be played",
    failing((ending) => withReason(ending, endingOf(ending).reason ?? "", 2)),
  ],
  ["says nothing in words", "refuses actions that are none", failing((ending) => ({ ...ending, details: "" }))],
  [
    "takes an action out of range for the last one",
    "refuses actions that are none",
    () => ({
      request(bytes, message) {
        if (message?.$case !== "actions" || message.value.actions === undefined) return bytes;
        const tensor = message.value.actions;
        if (tensor.dtype !== 3 || tensor.shape[0] * 4 !== tensor.data.length) return bytes;
        const clamped = int32Elements(tensor, "").map((action) => Math.min(Math.max(action, 0), 2));
        const value = { ...message.value, actions: int32Tensor(clamped, tensor.shape) };
        return encodeRequest({ $case: "actions", value });
      },
    }),
  ],
  [
    "takes a gap for the next step",
    "tells repeats, contradictions, gaps and late answers apart",
    () => {
      let next = 0n;
      return {
        response(message) {
          if (message.$case === "observations") next = message.value.stepIndex;
          return [message];
        },
        request(bytes, message) {
          if (message?.$case !== "actions") return bytes;
          const value = { ...message.value, stepIndex: next };
          return encodeRequest({ $case: "actions", value });
        },
      };
    },
  ],
  [
    "answers a contradiction as it answered before",
    "tells repeats, contradictions, gaps and late answers apart",
    () => {
      let last: ServerMessage | undefined;
      let index = 0n;
      return {
        response(message) {
          last = message;
          if (message.$case === "observations") index = message.value.stepIndex;
          return [message];
        },
        request(bytes, message, answer) {
          if (message?.$case !== "actions" || message.value.stepIndex !== index - 1n) return bytes;
          if (last !== undefined) answer(last);
          return undefined;
        },
      };
    },
  ],
  [
    "reads only what it can",
    "refuses bytes that are no message, or too many",
    () => ({ request: (bytes, message) => (message === undefined ? undefined : bytes) }),
  ],
  [
    "lists what it cannot do",
    "refuses what it does not list as a capability",
    responding((message) => {
      if (message.$case === "welcome") message.value.resumeToken = "resume me";
    }),
  ],
  [
    "passes over what it cannot do",
    "refuses what it does not list as a capability",
    () => ({
      request: (bytes, message) => (message?.$case === "open" && message.value.label !== undefined ? undefined : bytes),
    }),
  ],
  [
    "sends nothing again that was lost",
    "goes on with a session whose stream was lost",
    () => {
      let resumes = false;
      return {
        request(bytes, message) {
          resumes ||= message?.$case === "resume";
          return bytes;
        },
        response: (message) => (resumes && message.$case === "observations" ? [] : [message]),
      };
    },
  ],
  [
    "begins anew where it is to go on",
    "goes on with a session whose stream was lost",
    () => ({
      request: (bytes, message) =>
        message?.$case === "resume" ? encodeRequest(hello({ capabilities: ["resume"] })) : bytes,
    }),
  ],
  [
    "does not say which episodes it cut short",
    "ends episodes early where a reset says so",
    each((o) => {
      o.truncated = undefined;
    }),
  ],
  [
    "resets all envs where some are named",
    "ends episodes early where a reset says so",
    () => ({
      request: (bytes, message) =>
        message?.$case === "reset" && message.value.envs.length === 2
          ? encodeRequest({ $case: "reset", value: { ...message.value, envs: [0, 1, 2] } })
          : bytes,
    }),
  ],
  [
    "steps envs that are held",
    "steps no env that is held",
    () => ({
      request(bytes, message) {
        if (message?.$case !== "actions" || message.value.hold === undefined) return bytes;
        const chosen = int32Elements(message.value.actions as Tensor, "actions").map((action) => Math.max(0, action));
        const value = { ...message.value, actions: int32Tensor(chosen, [chosen.length]), hold: undefined };
        return encodeRequest({ $case: "actions", value });
      },
    }),
  ],
  [
    "plays one series in all envs",
    "plays the series of each env's own seed",
    () => ({
      request(bytes, message) {
        if (message?.$case !== "open" || message.value.envSeeds.length === 0) return bytes;
        const [seed] = message.value.envSeeds;
        return encodeRequest({ $case: "open", value: { ...message.value, seed, envSeeds: [] } });
      },
    }),
  ],
  [
    "plays an instance of each trial's own",
    "has the trials of a series take its instances in turn",
    () => ({
      request(bytes, message) {
        if (message?.$case !== "open" || !message.value.instances) return bytes;
        return encodeRequest({ $case: "open", value: { ...message.value, instances: undefined } });
      },
    }),
  ],
  ["ends all sessions for one that fails", "ends no session but the one with bad input", contagious()],
  [
    "counts trials that were cut short as complete",
    "closes early, and opens again",
    closing((closed) => {
      closed.completeTrials += closed.incompleteTrials;
      closed.incompleteTrials = 0n;
    }),
  ],
  [
    "goes on counting lock-steps after closed",
    "closes early, and opens again",
    () => {
      let before = 0n;
      let now = 0n;
      return {
        response(message) {
          if (message.$case === "closed") before += now;
          if (message.$case !== "observations") return [message];
          now = message.value.stepIndex;
          message.value.stepIndex += before;
          return [message];
        },
      };
    },
  ],
  [
    "takes leaving for an error",
    "lets an agent leave by ending its stream",
    () => ({
      ending: (ending) => (ending.code === 0 ? { ...ending, code: 1, details: "gone" } : ending),
    }),
  ],
  [
    "passes explicit seeds over",
    "plays the seeds that it is given",
    () => ({
      request(bytes, message) {
        if (message?.$case !== "open") return bytes;
        const value = { ...message.value, explicitSeeds: [] };
        return encodeRequest({ $case: "open", value });
      },
    }),
  ],
  ["says closed before it has written", "has in its log what it calls durable", acknowledgesWhatItNeverWrote],
  [
    "gives seeds away in a match",
    "withholds the truth in a match",
    each((o) => {
      for (const start of o.trialStarts) start.noiseSeed = 7n;
    }),
  ],
  [
    "gives the best value away in a match",
    "withholds the truth in a match",
    each((o) => {
      for (const trialEnd of o.trialEnds) trialEnd.optimalValue = 0;
    }),
  ],
  [
    "does not name the match",
    "withholds the truth in a match",
    opening((opened) => {
      opened.matchId = undefined;
    }),
  ],
  [
    "never says that an entrant is finished",
    "withholds the truth in a match",
    closing((closed) => {
      closed.finished = false;
    }),
  ],
  [
    "stops without a word",
    "drains: finishes what is open, and opens nothing",
    () => ({ response: (message) => (message.$case === "draining" ? [] : [message]) }),
  ],
  [
    "has no time when it drains",
    "drains: finishes what is open, and opens nothing",
    responding((message) => {
      if (message.$case === "draining") message.value.deadlineMs = 0;
    }),
  ],
];

describe("the rules of sessions", () => {
  test("accept a server behind a proxy that spoils nothing", async () => {
    expect(await wireViolations(await wireBehind(() => ({ response: (message) => [message] })))).toEqual([]);
  });

  test.each(BROKEN_SERVERS)("find a server that %s", async (_, title, spoiler) => {
    const rule = WIRE_RULES.find((candidate) => candidate.title === title);
    // A server that leaves an answer out makes its rule wait for all of its patience.
    expect(await rule?.violation(await wireBehind(spoiler, 400))).toBeDefined();
  });

  test("are each broken by one of the broken servers", () => {
    expect(new Set(BROKEN_SERVERS.map(([, title]) => title))).toEqual(new Set(WIRE_RULES.map(({ title }) => title)));
  });
});
