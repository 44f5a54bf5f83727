/**
 * Agents that try to know more than they are shown. Each has a control in which it is given what it looks for, and wins: a cheater that
 * cannot cheat proves nothing.
 */
import { Metadata } from "@grpc/grpc-js";
import { tableFromIPC } from "apache-arrow";
import { hash64, type Purpose, trialSeeds } from "#icrl/common/seeds.js";
import { float32Elements, int32Elements } from "#icrl/common/tensor.js";
import type { TrialStart } from "#icrl/proto/gen/icrl/v1/environment.js";
import {
  ListTrajectoriesRequest,
  ListTrajectoriesResponse,
  StreamTrajectoriesRequest,
  StreamTrajectoriesResponse,
} from "#icrl/proto/gen/icrl/v1/trajectory.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { actions, hello, open, rawStream } from "../support/raw-stream.js";
import { type Arena, armOrChance, CHEATER, enter, type Spy, TASKS } from "./arena.js";

/** One way to cheat. */
export interface Cheater {
  readonly name: string;
  /** What it tries, for people. */
  readonly tries: string;
  readonly task: Arena["task"];
  /** Entrants beside it, which help it or are spied on. */
  readonly others?: readonly string[];
  /** Whether it may leave and come back. */
  readonly mayLeave?: boolean;
  /** Whether the server has a dataset of the same seed, task and trials to label. */
  readonly labels?: boolean;
  /** What its control is given: the operator's key, a tournament whose seeds have no key, or nothing that the suite can give. */
  readonly control: "operator's key" | "no seed key" | undefined;
  /** Plays before: its helpers, say. Then gives what it knows. */
  spy(arena: Arena): Promise<Spy>;
}

const SEEDS = 5000n;

/** Means of an instance's arms; for linear bandits as the truth has them. */
function bestOf(arena: Arena, seed: bigint, start: TrialStart, purpose: Purpose = "tournament"): number {
  const { task, options } = TASKS[arena.task];
  const { taskSeed, noiseSeed } = trialSeeds({ purpose, seed, taskId: "t", entrant: CHEATER }, start.trialIndex);
  return bestArm(buildTask(task, options).instantiate(taskSeed, noiseSeed).truth);
}

function bestArm(truth: { type: string; means?: Float64Array }): number {
  const means = [...(truth.means as Float64Array)];
  return means.indexOf(Math.max(...means));
}

const identity = (bytes: Buffer): Buffer => bytes;

/** Metadata of whoever has the operator's key; empty in earnest. */
function shown({ leak }: Arena): Metadata {
  const metadata = new Metadata();
  if (leak !== undefined) metadata.set("authorization", `Bearer ${leak.operatorKey}`);
  return metadata;
}

/** Every row that StreamTrajectories gives, of any tournament. */
async function streamedRows(arena: Arena): Promise<Record<string, unknown>[]> {
  const bytes = Buffer.from(StreamTrajectoriesRequest.encode({ filter: undefined, limit: 0n }).finish());
  const call = arena.client.makeServerStreamRequest(
    "/icrl.v1.TrajectoryService/StreamTrajectories",
    identity,
    identity,
    bytes,
    shown(arena),
  );
  const rows: Record<string, unknown>[] = [];
  for await (const answer of call) {
    for (const row of tableFromIPC(StreamTrajectoriesResponse.decode(answer as Buffer).arrowIpc)) {
      rows.push(row.toJSON());
    }
  }
  return rows;
}

/** Every page of ListTrajectories. */
async function listedRows(arena: Arena): Promise<ListTrajectoriesResponse["trajectories"]> {
  const rows: ListTrajectoriesResponse["trajectories"] = [];
  for (let pageToken = ""; ; ) {
    const bytes = Buffer.from(
      ListTrajectoriesRequest.encode({ filter: undefined, pageSize: 1000, pageToken }).finish(),
    );
    const answer = await new Promise<Buffer>((resolve, reject) => {
      arena.client.makeUnaryRequest(
        "/icrl.v1.TrajectoryService/ListTrajectories",
        identity,
        identity,
        bytes,
        shown(arena),
        (error, value) => (error === null ? resolve(value as Buffer) : reject(error)),
      );
    });
    const page = ListTrajectoriesResponse.decode(answer);
    rows.push(...page.trajectories);
    pageToken = page.nextPageToken;
    if (pageToken === "") return rows;
  }
}

/** A JSON document of the page. */
async function pageJson(arena: Arena, path: string): Promise<Record<string, never>> {
  return (await (await pageAnswer(arena, path)).json()) as Record<string, never>;
}

/** What the page answers to whatever the cheater can show it. */
function pageAnswer({ leak, tokens, server }: Arena, path: string): Promise<Response> {
  const shown = leak?.operatorKey ?? tokens?.reader;
  const headers: Record<string, string> = shown === undefined ? {} : { authorization: `Bearer ${shown}` };
  return fetch(`${server.pageUrl}${path}`, { headers });
}

const ARMS = 5;
const SCOUTS = Array.from({ length: ARMS }, (_, arm) => `scout-${arm}`);

/** Five helpers, each of which plays one arm and nothing else, in all trials. */
async function sendScouts(arena: Arena): Promise<void> {
  for (const [arm, scout] of SCOUTS.entries()) await enter(arena, scout, async () => () => arm);
}

/** The arm whose scout did best in a trial, by what was found of each. */
function bestScout(found: ReadonlyMap<string, number>, trial: bigint): number | undefined {
  const returns = SCOUTS.map((scout) => found.get(`${scout} ${trial}`) ?? Number.NaN);
  const best = Math.max(...returns);
  return Number.isNaN(best) ? undefined : returns.indexOf(best);
}

/** All of them. */
export const CHEATERS: readonly Cheater[] = [
  {
    name: "guesses the seed by agent_seed",
    tries: "hashes every small seed until its trial's agent_seed comes out, and draws the instance itself",
    task: "bernoulli",
    control: "no seed key",
    async spy(arena) {
      let found: bigint | undefined;
      let tried = false;
      return {
        best(start) {
          for (let seed = 0n; !tried && found === undefined && seed < SEEDS; seed++) {
            const parts = ["icrl.v1", "agent", "tournament", String(seed), "t", String(start.trialIndex), CHEATER];
            if (hash64(parts) === start.agentSeed) found = seed;
          }
          tried = true;
          return found === undefined ? undefined : bestOf(arena, found, start);
        },
      };
    },
  },
  {
    name: "guesses the seed by the arms",
    tries: "draws the arms of every small seed until they are those that it is shown",
    task: "linear",
    control: "no seed key",
    async spy(arena) {
      const { task, options } = TASKS.linear;
      const built = buildTask(task, options);
      let found: bigint | undefined;
      let tried = false;
      return {
        best(start) {
          const arms = start.trialFeatures && float32Elements(start.trialFeatures, "features");
          for (let seed = 0n; !tried && found === undefined && seed < SEEDS; seed++) {
            const series = { purpose: "tournament", seed, taskId: "t", entrant: "" } as const;
            const { taskSeed, noiseSeed } = trialSeeds(series, start.trialIndex);
            if (built.instantiate(taskSeed, noiseSeed).trialFeatures?.every((x, i) => x === arms?.[i])) found = seed;
          }
          tried = true;
          return found === undefined ? undefined : bestOf(arena, found, start);
        },
      };
    },
  },
  {
    name: "copies rivals from the stream",
    tries: "reads what five rivals did and were paid, by StreamTrajectories, while the tournament runs",
    task: "bernoulli",
    others: SCOUTS,
    control: "operator's key",
    async spy(arena) {
      await sendScouts(arena);
      const rows = await streamedRows(arena);
      const found = new Map(rows.map((row) => [`${row.entrant} ${row.trial_index}`, Number(row.return)]));
      return { best: ({ trialIndex }) => bestScout(found, trialIndex) };
    },
  },
  {
    name: "copies rivals from the list",
    tries: "reads what five rivals were paid, by ListTrajectories",
    task: "bernoulli",
    others: SCOUTS,
    control: "operator's key",
    async spy(arena) {
      await sendScouts(arena);
      const rows = await listedRows(arena);
      const found = new Map(rows.map((row) => [`${row.entrant} ${row.trialIndex}`, row.episodeReturn]));
      return { best: ({ trialIndex }) => bestScout(found, trialIndex) };
    },
  },
  {
    name: "reads truth from the stream",
    tries: "reads optimal_actions and seeds of a rival's rows",
    task: "bernoulli",
    others: ["rival"],
    control: "operator's key",
    async spy(arena) {
      await enter(arena, "rival", async () => () => 0);
      const best = new Map<string, number>();
      for (const row of await streamedRows(arena)) {
        const actions = row.optimal_actions as { get(i: number): number | null } | null;
        const first = actions?.get(0);
        if (first !== undefined && first !== null) best.set(String(row.trial_index), first);
      }
      return { best: ({ trialIndex }) => best.get(String(trialIndex)) };
    },
  },
  {
    name: "reads rivals' episodes on the page",
    tries: "opens every trajectory that the live page keeps",
    task: "bernoulli",
    others: SCOUTS,
    control: undefined, // the page keeps a few episodes of many
    async spy(arena) {
      await sendScouts(arena);
      const found = new Map<string, number>();
      const list = (await pageJson(arena, "api/trajectories")) as { trajectories?: { id: string }[] };
      for (const { id } of list.trajectories ?? []) {
        const view = (await pageJson(arena, `api/trajectories/${id}`)) as unknown as {
          entrant?: string;
          trial_index?: number;
          return?: number;
        };
        found.set(`${view.entrant} ${view.trial_index}`, Number(view.return));
      }
      return { best: ({ trialIndex }) => bestScout(found, trialIndex) };
    },
  },
  {
    name: "solves the page's curve",
    tries: "a scout plays by a plan, so that its mean curve of ten trials tells every arm of every one of them",
    task: "bernoulli",
    others: ["scout"],
    control: "operator's key",
    async spy(arena) {
      // At step b trial floor(b / A) plays arm b % A, and every other one arm 0: what the curve rises by then is told by that arm's gap.
      await enter(arena, "scout", async ({ trialIndex }) => (step) => {
        return Math.floor(step / ARMS) === Number(trialIndex) ? step % ARMS : 0;
      });
      const view = (await pageJson(arena, `api/tournaments/${arena.id}`)) as unknown as {
        task?: { curves?: { step: number[]; mean: number[] }[] };
      };
      const curve = view.task?.curves?.[0];
      const after = new Map(curve?.step.map((step, i) => [step, curve.mean[i]]));
      after.set(0, 0);
      return {
        best({ trialIndex }) {
          const first = Number(trialIndex) * ARMS;
          if (!after.has(first + ARMS)) return undefined;
          const rises = Array.from(
            { length: ARMS },
            (_, arm) => (after.get(first + arm + 1) ?? 0) - (after.get(first + arm) ?? 0),
          );
          return rises.indexOf(Math.min(...rises));
        },
      };
    },
  },
  {
    name: "watches the metrics",
    tries: "looks in /metrics for anything that differs with the arms that a rival plays",
    task: "bernoulli",
    others: SCOUTS,
    control: undefined,
    async spy(arena) {
      await sendScouts(arena);
      const text = await (await pageAnswer(arena, "metrics")).text();
      const told = /regret|return|reward|optimal|seed/i.exec(text.replace(/^#.*$/gm, ""));
      if (told !== null) throw new Error(`metrics tell of ${told[0]}`);
      return { best: () => undefined };
    },
  },
  {
    name: "asks the filter for more",
    tries: "writes SQL into the filter's texts",
    task: "bernoulli",
    others: ["rival"],
    control: undefined,
    async spy(arena) {
      await enter(arena, "rival", async () => () => 0);
      for (const text of ["' OR 1=1 --", "x' UNION SELECT * FROM trajectories --", "'); COPY trajectories TO 'x"]) {
        const page = await arena.server.connection.listTrajectories({
          filter: {
            task: text,
            agent: text,
            entrant: undefined,
            tournamentId: undefined,
            sessionId: undefined,
            complete: undefined,
          },
          pageSize: 100,
          pageToken: "",
        });
        if (page.trajectories.length > 0) throw new Error("the filter let rows through");
      }
      return { best: () => undefined };
    },
  },
  {
    name: "practises in free play",
    tries:
      "plays every small seed in free play under each purpose and compares the first rewards; and asks for purpose tournament",
    task: "linear",
    control: undefined,
    async spy(arena) {
      const { task, options } = TASKS.linear;
      const built = buildTask(task, options);
      let found: { purpose: Purpose; seed: bigint } | undefined;
      return {
        best(start) {
          const arms = start.trialFeatures && float32Elements(start.trialFeatures, "features");
          for (const purpose of ["play", "collect", "validate"] as const) {
            for (let seed = 0n; found === undefined && seed < 500n; seed++) {
              const { taskSeed, noiseSeed } = trialSeeds(
                { purpose, seed, taskId: task, entrant: "" },
                start.trialIndex,
              );
              const same = built.instantiate(taskSeed, noiseSeed).trialFeatures?.every((x, i) => x === arms?.[i]);
              if (same) found = { purpose, seed };
            }
          }
          return found && bestOf(arena, found.seed, start, found.purpose);
        },
      };
    },
  },
  {
    name: "has the seed from somebody",
    tries: "knows the seed in the spec, and draws the instances itself",
    task: "bernoulli",
    control: "no seed key",
    async spy(arena) {
      return { best: (start) => bestOf(arena, arena.seed, start) };
    },
  },
  {
    name: "studies the labels",
    tries: "labels a dataset of the same seed, task and trials, and takes the arms that paid there",
    task: "bernoulli",
    labels: true,
    control: undefined,
    async spy(arena) {
      const paid = await labelledArms(arena);
      return { best: ({ trialIndex }) => paid[Number(trialIndex)] };
    },
  },
  {
    name: "times the answers",
    tries: "tries every arm a few times, and plays on the one that is answered soonest",
    task: "bernoulli",
    control: undefined,
    async spy() {
      return { policy: soonestAnswered };
    },
  },
  {
    name: "leaves and comes back",
    tries: "tries every arm, leaves before the trial ends, and plays it again knowing the best",
    task: "bernoulli",
    mayLeave: true,
    control: undefined,
    async spy(arena) {
      // What it learned of each trial, in sessions that it broke off a step before their end.
      const sums = new Map<string, { paid: number[]; times: number[] }>();
      await leaveBeforeTheEnd(arena, sums);
      return {
        best({ trialIndex }) {
          const known = sums.get(String(trialIndex));
          if (known === undefined) return undefined;
          const means = known.paid.map((paid, arm) => (known.times[arm] > 0 ? paid / known.times[arm] : 0));
          return means.indexOf(Math.max(...means));
        },
      };
    },
  },
];

/** Labels the server's dataset; gives the arm that paid best in each of its trials, in their order. */
async function labelledArms({ client }: Arena): Promise<number[]> {
  const stream = rawStream(client);
  stream.send(hello({ agent: CHEATER }));
  await stream.expect("welcome");
  stream.send(open({ label: "spying", numEnvs: 1, task: "", options: undefined, trials: 0n }));
  const arms: number[] = [];
  let paid: number[] = [];
  let times: number[] = [];
  for (let step = 0; ; ) {
    const { message } = await stream.next();
    if (message.$case === "closed") break;
    if (message.$case === "opened") step = 0;
    if (message.$case !== "observations") continue;
    const { executedAction, reward, trialStarts, trialEnds, active } = message.value;
    if (executedAction !== undefined && reward !== undefined) {
      const [arm] = int32Elements(executedAction, "executed");
      paid[arm] += float32Elements(reward, "reward")[0];
      times[arm] += 1;
    }
    if (trialEnds.length > 0) {
      const means = paid.map((sum, arm) => (times[arm] > 0 ? sum / times[arm] : 0));
      arms.push(means.indexOf(Math.max(...means)));
    }
    if (trialStarts.length > 0) [paid, times] = [new Array(ARMS).fill(0), new Array(ARMS).fill(0)];
    if (active === undefined || active.data[0] !== 0) stream.send(actions(step++, [0]));
  }
  stream.call.cancel();
  return arms;
}

/** A trial's policy: four times each arm in turn, then the one whose answers took the least time. */
function soonestAnswered(): (step: number) => number {
  const took = new Array<number>(ARMS).fill(0);
  let askedAt = 0;
  return (step) => {
    const now = performance.now();
    if (step > 0) took[(step - 1) % ARMS] += step <= 4 * ARMS ? now - askedAt : 0;
    askedAt = now;
    return step < 4 * ARMS ? step % ARMS : took.indexOf(Math.min(...took));
  };
}

class Left extends Error {}

/** Plays at random to the step before the last, keeps what it saw, and hangs up. */
async function leaveBeforeTheEnd(arena: Arena, sums: Map<string, { paid: number[]; times: number[] }>): Promise<void> {
  const { horizon } = TASKS.bernoulli.options;
  const own = { ...arena, client: arena.client };
  try {
    await enter(own, CHEATER, async ({ trialIndex, agentSeed }) => {
      const known = { paid: new Array<number>(ARMS).fill(0), times: new Array<number>(ARMS).fill(0) };
      sums.set(String(trialIndex), known);
      const chance = armOrChance(undefined, ARMS, agentSeed);
      let last = 0;
      return (step, reward) => {
        if (step > 0) {
          known.paid[last] += reward;
          known.times[last] += 1;
        }
        if (step === horizon - 1) throw new Left();
        last = chance();
        return last;
      };
    });
  } catch (error) {
    if (!(error instanceof Left)) throw error;
  }
}
