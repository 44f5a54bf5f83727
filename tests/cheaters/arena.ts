/**
 * Where cheaters play: a real tournament on a real server, whose instances are hidden, and a way to see what they gained. A cheater plays
 * at random wherever it knows nothing, so that honest play is uniform play, whose regret is known exactly, trial by trial.
 */
import type { Client } from "@grpc/grpc-js";
import { tableFromIPC } from "apache-arrow";
import { bearer } from "#icrl/clients/typescript/connect.js";
import { meanAndStandardError } from "#icrl/common/mean-and-standard-error.js";
import { rngFromSeed } from "#icrl/common/rng.js";
import { runAtOnce } from "#icrl/common/slices.js";
import { boolElements, float32Elements } from "#icrl/common/tensor.js";
import type { Opened, TrialStart } from "#icrl/proto/gen/icrl/v1/environment.js";
import { type Tournament, TournamentState } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { actions, hello, type RawStream, rawClient, rawStream } from "../support/raw-stream.js";
import type { TestServer } from "../support/server.js";

/** What a cheater finds out. */
export interface Spy {
  /** The best arm of a trial that begins, or undefined where it does not know. */
  best?(start: TrialStart, opened: Opened): Promise<number | undefined> | number | undefined;
  /** Instead: a policy of each trial, which learns in its own way. It is played one trial at a time. */
  policy?(): (step: number, reward: number) => number;
}

/** Where it does. */
export interface Arena {
  readonly server: TestServer & { readonly pageUrl: string };
  /** The tournament's id. */
  readonly id: string;
  readonly seed: bigint;
  readonly task: keyof typeof TASKS;
  /** A connection of the cheater's own. */
  readonly client: Client;
  /** Tokens of the cheater's own, on a server that asks for them: a player's for its calls, a reader's for the page. */
  readonly tokens?: { readonly player: string; readonly reader: string };
  /** In a control: what a cheater should not have. Undefined in earnest. */
  readonly leak: { readonly operatorKey: string } | undefined;
}

/** What is played: instances that differ much, and are not learned in a few steps. */
export const TASKS = {
  bernoulli: { task: "bernoulli-bandit", options: { arms: 5, horizon: 100 } },
  linear: { task: "linear-bandit", options: { dim: 5, actions: 10, horizon: 100 } },
} as const;

/** Trials of the match. */
export const TRIALS = 40;

/** A seed that is found in no time, were it told: people choose such. */
export const SEED = 2024n;

/** Name of whoever cheats. */
export const CHEATER = "cheater";

/** Creates the tournament. `seedKey` as in the request: absent, the server draws one. */
export async function createArena(
  server: Arena["server"],
  task: Arena["task"],
  entrants: readonly string[],
  {
    seedKey,
    mayLeave = false,
    leak,
    keys = {},
    tokens,
  }: {
    seedKey?: Buffer;
    mayLeave?: boolean;
    leak?: Arena["leak"];
    keys?: Readonly<Record<string, string>>;
    tokens?: Arena["tokens"];
  } = {},
): Promise<Arena> {
  const { tournament } = await server.connection.createTournament({
    spec: {
      name: "hidden",
      seed: SEED,
      trials: TRIALS,
      tasks: [{ id: "t", ...TASKS[task] }],
      agents: entrants.map((name) => ({ name, agent: name, options: {}, tasks: [] })),
    },
    attendance: mayLeave ? entrants.map((name) => ({ name, processes: 1, mayLeave: true })) : [],
    ownerKey: OWNER_KEY,
    seedKey,
    entrantKeys: Object.entries(keys).map(([name, key]) => ({ name, key })),
  });
  const { id } = tournament as Tournament;
  const client = rawClient(server.address, tokens && { interceptors: [bearer(tokens.player)] });
  return { server, id, seed: SEED, task, client, leak, tokens };
}

/** What whoever runs the tournament knows, and no cheater. */
export const OWNER_KEY = "the-owner-of-it-all";

/** An entrant's session, match after match: `choose` gives the arm of each step of a trial. */
export async function enter(
  { client, id }: Pick<Arena, "client" | "id">,
  entrant: string,
  begin: (start: TrialStart, opened: Opened) => Promise<(step: number, reward: number) => number>,
  numEnvs = TRIALS,
  entrantKey?: string,
): Promise<void> {
  const stream = rawStream(client);
  try {
    stream.send(hello({ agent: entrant, entrant, tournamentId: id, numEnvs, entrantKey }));
    await stream.expect("welcome");
    for (;;) {
      const { message } = await stream.next();
      if (message.$case === "closed" && message.value.finished) break;
      if (message.$case === "opened") await playMatch(stream, message.value, begin);
    }
  } finally {
    stream.call.cancel();
  }
}

async function playMatch(
  stream: RawStream,
  opened: Opened,
  begin: (start: TrialStart, opened: Opened) => Promise<(step: number, reward: number) => number>,
): Promise<void> {
  const { numEnvs } = opened;
  const playing: ((step: number, reward: number) => number)[] = [];
  const steps = new Int32Array(numEnvs);
  for (let stepIndex = 0; ; stepIndex++) {
    const seen = await stream.expect("observations");
    const rewards = seen.reward ? float32Elements(seen.reward, "reward") : new Float32Array(numEnvs);
    for (const start of seen.trialStarts) {
      playing[start.env] = await begin(start, opened);
      steps[start.env] = 0;
    }
    const active = seen.active ? boolElements(seen.active, "active") : new Uint8Array(numEnvs).fill(1);
    if (active.every((one) => one === 0)) return;
    stream.send(
      actions(
        stepIndex,
        Array.from(active, (one, n) => (one === 1 ? playing[n](steps[n]++, rewards[n]) : 0)),
      ),
    );
  }
}

/** A policy of one arm, or of chance. */
export function armOrChance(arm: number | undefined, numActions: number, seed: bigint): () => number {
  const rng = rngFromSeed(seed);
  return () => arm ?? rng.integer(numActions);
}

/** The cheater plays by what its spy knows, and at random else. */
export function cheat(arena: Arena, { best = () => undefined, policy }: Spy): Promise<void> {
  if (policy !== undefined) return enter(arena, CHEATER, async () => policy(), 1);
  return enter(arena, CHEATER, async (start, opened) =>
    armOrChance(await best(start, opened), opened.task?.numActions ?? 1, start.agentSeed),
  );
}

/** What came of it. */
export interface Gain {
  /** Mean regret of a trial. */
  readonly regret: number;
  /** Uniform play's on the same trials. */
  readonly honest: number;
  /** Uniform play's regret minus the cheater's, over its standard error, by trial. */
  readonly z: number;
}

/** Waits for the end, and compares an entrant with uniform play, trial by trial. */
export async function gainOf({ server, id, task }: Arena, entrant = CHEATER): Promise<Gain> {
  for await (const { tournament } of server.connection.watchTournament({ id })) {
    if (tournament?.state === TournamentState.FINISHED) break;
  }
  const built = buildTask(TASKS[task].task, TASKS[task].options);
  const differences: number[] = [];
  let regret = 0;
  let honest = 0;
  for await (const { arrowIpc } of server.connection.streamTrials({ id })) {
    for (const row of tableFromIPC(arrowIpc)) {
      if (row.entrant !== entrant) continue;
      const uniform = runAtOnce(uniformRegret(built, row.task_seed, row.noise_seed)).at(-1) as number;
      differences.push(uniform - row.regret);
      regret += row.regret / TRIALS;
      honest += uniform / TRIALS;
    }
  }
  if (differences.length !== TRIALS) throw new Error(`${differences.length} trials of ${entrant}`);
  const { mean, se } = meanAndStandardError(Float64Array.from(differences));
  return { regret, honest, z: (mean as number) / (se as number) };
}
