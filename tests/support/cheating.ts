/** What cheating agents do to know more than they are shown. */
import { tableFromIPC } from "apache-arrow";
import type { Connection } from "#icrl/clients/typescript/connect.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import { float32Elements } from "#icrl/common/tensor.js";
import type { TrialStart } from "#icrl/proto/gen/icrl/v1/environment.js";
import type { TrajectoryFilter } from "#icrl/proto/gen/icrl/v1/trajectory.js";
import type { Task } from "#icrl/server/tasks/task.js";

/** What a cheater sees of a match at its first observations. */
export interface Glimpse {
  readonly taskId: string;
  readonly entrant: string;
  readonly task: Task;
  readonly start: TrialStart;
}

const seriesOf = ({ taskId, entrant }: Glimpse, seed: bigint, key: string) =>
  ({ purpose: "tournament", seed, taskId, entrant, key }) as const;

/** The seed below `most` whose agent seed is the one that was shown: what anybody can compute. */
export function seedByAgentSeed(glimpse: Glimpse, most: bigint, key = ""): bigint | undefined {
  const { start } = glimpse;
  for (let seed = 0n; seed < most; seed++) {
    if (trialSeeds(seriesOf(glimpse, seed, key), start.trialIndex).agentSeed === start.agentSeed) return seed;
  }
  return undefined;
}

/** The seed below `most` whose instance has the features that were shown. */
export function seedByFeatures(glimpse: Glimpse, most: bigint, key = ""): bigint | undefined {
  const { start, task } = glimpse;
  if (start.trialFeatures === undefined) throw new Error("the task shows no features of a trial");
  const shown = [...float32Elements(start.trialFeatures, "trial_features")];
  for (let seed = 0n; seed < most; seed++) {
    const { taskSeed, noiseSeed } = trialSeeds(seriesOf(glimpse, seed, key), start.trialIndex);
    const drawn = task.instantiate(taskSeed, noiseSeed).trialFeatures;
    if (shown.every((value, i) => value === drawn?.[i])) return seed;
  }
  return undefined;
}

/** Ids of the episodes that anybody may read, by either way. */
export async function readable(connection: Connection, filter?: TrajectoryFilter): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let pageToken = ""; ; ) {
    const page = await connection.listTrajectories({ filter, pageSize: 0, pageToken });
    for (const { episodeId } of page.trajectories) ids.add(episodeId);
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  for await (const { arrowIpc } of connection.streamTrajectories({ filter, limit: 0n })) {
    for (const row of tableFromIPC(arrowIpc)) ids.add(row.episode_id as string);
  }
  return ids;
}
