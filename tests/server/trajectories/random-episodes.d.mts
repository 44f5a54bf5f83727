import type { EpisodeRecord } from "#icrl/server/trajectories/sink.js";

export function randomEpisode(number: number, mostSteps?: number): EpisodeRecord;
