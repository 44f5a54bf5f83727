/** The schema of results.json, whose members results.ts describes. */
import type { Parts } from "../../datasets/files/document.js";
import type { LeaderboardJson, ResultsJson } from "../tournament/results.js";

/** results.json of this schema version and of the first, whose leaderboard said less. */
export type StoredResults = Omit<ResultsJson, "leaderboard"> & {
  readonly leaderboard: readonly (Omit<LeaderboardJson, "trials" | "forfeits"> &
    Partial<Pick<LeaderboardJson, "trials" | "forfeits">>)[];
};

/** The document. */
export function resultsDocument({ z, name, text, list, count, positive, finite, uint64, seedKey, options }: Parts) {
  const mean = { mean: finite, se: z.nullable(finite) };
  const agent = z.object({
    name,
    agent: text(),
    options,
    trials: count,
    forfeits: count,
    forfeit_reason: z.optional(text()),
    forfeit_message: z.optional(z.string("a text")),
    regret: z.object({ ...mean, ci95: z.nullable(z.tuple([finite, finite])) }),
    return: z.nullable(z.object(mean)),
    curve: z
      .object({ step: list(finite), mean: list(finite), se: list(z.nullable(finite)) })
      .refine(
        ({ step, mean, se }) => step.length === mean.length && step.length === se.length,
        "three lists of one length",
      ),
  });
  return z.object({
    schema_version: count,
    command: z.string("a text"),
    versions: z.record(text(), text()),
    tournament: z.object({
      id: text(),
      name: text(),
      seed: uint64,
      seed_key: z.optional(seedKey),
      trials: positive,
      tasks: list(z.object({ id: name, task: text(), options, instances: z.optional(positive) })),
      agents: list(z.object({ name, agent: text(), options, tasks: list(name) })),
    }),
    tasks: list(
      z.object({
        id: name,
        task: text(),
        options,
        instances: z.optional(positive),
        uniform_regret: finite,
        agents: list(agent),
      }),
    ),
    leaderboard: list(
      z.object({
        task: name,
        name,
        rank: positive,
        regret: finite,
        trials: z.optional(count),
        forfeits: z.optional(count),
      }),
    ),
  });
}
