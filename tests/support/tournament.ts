/** Small tournaments for tests. */

import type { Connection } from "#icrl/clients/typescript/connect.js";
import { type Agent, defineAgent, type Policy, type Trial } from "#icrl/clients/typescript/define-agent.js";
import type { Rng } from "#icrl/common/rng.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import { runAtOnce } from "#icrl/common/slices.js";
import type { Tournament, TournamentResults, TournamentSpec } from "#icrl/proto/gen/icrl/v1/tournament.js";
import { uniformRegret } from "#icrl/server/tasks/oracle.js";
import { buildTask } from "#icrl/server/tasks/registry.js";

export const BANDIT = { id: "bandit", task: "bernoulli-bandit", options: { arms: 3, horizon: 6 } };
export const RIVER = { id: "river", task: "river-swim", options: { states: 4, horizon: 3, episodes: 4 } };
export const LINEAR = { id: "linear", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 5 } };

/** A spec; entrants are `name` or `name=agent`. */
export function spec(entrants: readonly string[], members: Partial<TournamentSpec> = {}): TournamentSpec {
  return {
    name: "test",
    seed: 5n,
    trials: 12,
    tasks: [BANDIT, RIVER],
    agents: entrants.map((entrant) => {
      const [name, agent = name] = entrant.split("=");
      return { name, agent, options: {}, tasks: [] };
    }),
    ...members,
  };
}

/** An agent of any task that acts by a function. */
export function agentThat(name: string, create: (trial: Trial, rng: Rng) => Policy): Agent {
  return defineAgent({
    name,
    version: "1",
    summary: "a test's",
    source: "a test",
    tasks: [],
    options: {},
    create: (trial, _, rng) => create(trial, rng),
  });
}

/** An agent that acts at random and remembers nothing. */
export const randomAgent = (name: string): Agent =>
  agentThat(name, ({ numActions }, rng) => ({ act: () => rng.integer(numActions) }));

/** A seed key of nothing: the seeds of the trials are those of the series' seed alone. */
export const NO_KEY = Buffer.alloc(0);

/** Creates it and resolves with its id; without a seed key the server draws one. */
export async function create(connection: Connection, of: TournamentSpec, seedKey?: Buffer): Promise<string> {
  const { tournament } = await connection.createTournament({ spec: of, seedKey });
  return (tournament as Tournament).id;
}

/** Waits until it is finished. */
export async function finished(
  connection: Connection,
  id: string,
): Promise<{ tournament: Tournament; results: TournamentResults }> {
  for await (const update of connection.watchTournament({ id })) void update;
  const { tournament, results } = await connection.getTournament({ id });
  if (tournament === undefined || results === undefined) throw new Error("the watch ended before the tournament did");
  return { tournament, results };
}

/** Uniform play's exact regret of each trial of a match without a seed key: what a forfeited one counts as. */
export function uniformRegrets(of: TournamentSpec, taskId: string): number[] {
  const entry = of.tasks.find((task) => task.id === taskId);
  if (entry === undefined) throw new Error(`no task ${taskId}`);
  const task = buildTask(entry.task, entry.options ?? {});
  return Array.from({ length: of.trials }, (_, trial) => {
    const series = { purpose: "tournament", seed: of.seed as bigint, taskId, entrant: "" } as const;
    const { taskSeed, noiseSeed } = trialSeeds(series, BigInt(trial));
    return runAtOnce(uniformRegret(task, taskSeed, noiseSeed)).at(-1) as number;
  });
}
