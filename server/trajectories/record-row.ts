import { SCHEMA_VERSION, type TrajectoryRow } from "../../datasets/log/trajectory-schema.js";
import type { EpisodeRecord } from "./sink.js";

/** An episode as the log's row; shares the episode's arrays. */
export function recordRow(episode: EpisodeRecord): TrajectoryRow {
  const { run } = episode;
  return {
    schema_version: SCHEMA_VERSION,
    episode_id: `${episode.trialId}-${episode.episodeIndex}`,
    trial_id: episode.trialId,
    trial_index: episode.trialIndex,
    episode_index: episode.episodeIndex,
    tournament_id: run.tournamentId ?? null,
    collection_id: run.collectionId ?? null,
    entrant: run.entrant ?? null,
    session_id: run.sessionId,
    task_id: run.taskId,
    task: run.task,
    task_version: run.taskVersion,
    task_options: run.taskOptionsJson,
    task_seed: episode.taskSeed,
    noise_seed: episode.noiseSeed,
    agent_seed: episode.agentSeed,
    instance: episode.instance ?? null,
    purpose: run.purpose ?? null,
    series_seed: episode.seriesSeed ?? null,
    env_index: episode.envIndex,
    agent: run.agent,
    agent_version: run.agentVersion,
    language: run.language,
    agent_options: run.agentOptionsJson,
    server_version: run.serverVersion,
    started_at: episode.startedAtMs,
    agent_ms: episode.agentMs,
    length: episode.length,
    complete: episode.terminated && !episode.truncated,
    terminated: episode.terminated,
    truncated: episode.truncated,
    end_reason: episode.endReason,
    privileged: run.privileged,
    behaviour_component: run.behaviourComponent ?? null,
    return: episode.return,
    optimal_value: episode.optimalValue ?? null,
    regret: episode.regret ?? null,
    observations: episode.observations ?? null,
    step_features: episode.stepFeatures ?? null,
    actions: episode.actions,
    rewards: episode.rewards,
    propensities: knownOrNull(episode.propensities),
    probabilities: knownOrNull(episode.probabilities),
    regrets: episode.regrets,
    optimal_actions: episode.optimalActions,
    trial_features: episode.trialFeatures ?? null,
    tags: run.tagsJson,
  };
}

/** Numbers of which at least one is known; an empty list is known. */
function knownOrNull(numbers: Float32Array | undefined): Float32Array | null {
  if (numbers === undefined) return null;
  for (let i = 0; i < numbers.length; i += 1) if (!Number.isNaN(numbers[i])) return numbers;
  return numbers.length === 0 ? numbers : null;
}
