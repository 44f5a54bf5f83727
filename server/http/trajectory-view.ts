/** Trajectories that were recorded lately: a line of each, and one in full; none that must not be known while it counts. */
import { IcrlError } from "../../common/errors.js";
import type { Slices } from "../../common/slices.js";
import { revealInstance } from "../tasks/oracle.js";
import { buildTask } from "../tasks/registry.js";
import type { Task } from "../tasks/task.js";
import { computed } from "../work/work-queue.js";
import type { RevealedTruth, TrajectoryDrawing, TrajectorySummary, TrajectoryView } from "./api.js";
import type { AskedContext } from "./page-context.js";
import { placeOf } from "./place-of.js";
import { episodeId, type RecentEpisode } from "./recent-episodes.js";

const STARS = { ends: "★", other: "★" };

/** The newest of those that may be told, of one tournament if it is named. */
export function trajectorySummaries(
  { recent, tournaments, told }: AskedContext,
  limit: number,
  tournamentId?: string,
): TrajectorySummary[] {
  const chosen = recent
    .list()
    .filter(({ run }) => (tournamentId ?? run.tournamentId) === run.tournamentId && told.has(run.tournamentId))
    .slice(0, limit);
  return chosen.map((episode) => summary(episode, tournaments));
}

function summary(episode: RecentEpisode, tournaments: AskedContext["tournaments"]): TrajectorySummary {
  const { run } = episode;
  return {
    id: episodeId(episode),
    at: episode.recordedAtMs,
    task: run.task,
    agent: run.agent,
    entrant: run.entrant ?? null,
    place: placeOf(tournaments, run.tournamentId, run.entrant),
    tournament: run.tournamentId ?? null,
    trial: Number(episode.trialIndex),
    episode: episode.episodeIndex,
    length: episode.length,
    return: episode.return,
    regret: episode.regret ?? null,
    complete: episode.terminated,
  };
}

/** One in full. @throws TRAJECTORY_UNKNOWN; KEY_REFUSED while it is withheld */
export async function trajectoryView(
  { recent, tournaments, told, work }: AskedContext,
  id: string,
): Promise<TrajectoryView> {
  const episode = recent.find(id);
  if (episode === undefined) {
    throw new IcrlError(
      "TRAJECTORY_UNKNOWN",
      `the page does not keep a trajectory "${id.slice(0, 100)}": it has the latest few alone, the log has all`,
    );
  }
  if (!told.has(episode.run.tournamentId)) {
    throw new IcrlError(
      "KEY_REFUSED",
      "a trajectory of a tournament is withheld until it is over: open the address that the server printed, which has the operator's key",
    );
  }
  const options = JSON.parse(episode.run.taskOptionsJson) as Record<string, unknown>;
  const task = buildTask(episode.run.task, options);
  return {
    summary: summary(episode, tournaments),
    options,
    drawing: drawingOf(task),
    action_names: task.actionNames ?? null,
    num_actions: task.numActions,
    num_observations: task.observationSpace.type === "discrete" ? task.observationSpace.n : null,
    end_reason: episode.endReason,
    actions: [...episode.actions],
    rewards: [...episode.rewards],
    observations: episode.observations === undefined ? null : [...episode.observations],
    propensities:
      episode.propensities === undefined ? null : Array.from(episode.propensities, (p) => (p > 0 ? p : null)),
    revealed: await computed(work, revealedTruth(episode, task)),
  };
}

/** Without the signs, which would tell what is hidden. */
function drawingOf({ drawing }: Task): TrajectoryDrawing {
  return drawing.as === "grid" ? { as: "grid", rows: drawing.rows, columns: drawing.columns } : drawing;
}

function* revealedTruth(episode: RecentEpisode, task: Task): Slices<RevealedTruth> {
  const { ends: endSign, other } = (task.drawing.as === "grid" ? task.drawing.signs : undefined) ?? STARS;
  const { means, goals } = yield* revealInstance(task, episode.taskSeed, episode.noiseSeed);
  return {
    task_seed: String(episode.taskSeed),
    noise_seed: String(episode.noiseSeed),
    optimal_actions: [...episode.optimalActions],
    regrets: [...episode.regrets],
    means: means === undefined ? null : [...means],
    goals: goals
      .map(({ observation, ends }) => ({ observation, sign: ends ? endSign : other }))
      .filter(({ sign }) => sign !== ""),
  };
}
