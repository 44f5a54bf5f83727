/**
 * Where seeds come from. Every seed is the first 8 bytes, big-endian, of the SHA-256 of a JSON array of strings, so that
 * any language can derive it:
 *
 *   task_seed   ["icrl.v1","task",purpose,seed,task id,trial index]
 *   noise_seed  ["icrl.v1","noise",purpose,seed,task id,trial index]
 *   agent_seed  ["icrl.v1","agent",purpose,seed,task id,trial index,entrant]
 *   agent_seed of a labelling expert  ["icrl.v1","label",label name,trial id]
 *
 * without white space, numbers in decimal. The task id is the family's name in free play, the task's id in a tournament; the
 * entrant is the agent's name in free play. Purposes keep evaluation and training apart: no instance is in both.
 *
 * Where a series (of a dataset, a tournament or free play) has so many instances, the trial index of the task_seed is taken modulo that: trials of one instance differ by their luck alone.
 *
 * Where a series has a key, the first three arrays end with it, as lower-case hexadecimal digits. An agent is shown its seed, and what it
 * sees of an instance follows from another: without a key whoever guesses the series' seed sees by either that he is right, and can
 * draw every instance.
 */
import { hash } from "node:crypto";

/** What trials are for. */
export const PURPOSES = ["play", "collect", "validate", "tournament"] as const;

/** What trials are for. */
export type Purpose = (typeof PURPOSES)[number];

/** A series of trials. */
export interface TrialSeries {
  readonly purpose: Purpose;
  /** uint64. */
  readonly seed: bigint;
  readonly taskId: string;
  /** Entrant of a tournament, or the agent's name in free play. */
  readonly entrant: string;
  /** How many instances it has, which its trials take in turn; absent: each trial has its own. At least 1. */
  readonly instances?: number;
  /** A tournament's seed key, in lower-case hexadecimal; empty or absent: none. */
  readonly key?: string;
}

/** Seeds of one trial, uint64 each. */
export interface TrialSeeds {
  /** Draws the instance. */
  readonly taskSeed: bigint;
  /** Keys the environment's noise. */
  readonly noiseSeed: bigint;
  /** For the agent's own randomness. */
  readonly agentSeed: bigint;
}

/** Seeds of trial `trialIndex` of a series. */
export function trialSeeds(series: TrialSeries, trialIndex: bigint): TrialSeeds {
  const ofSeries = [series.purpose, String(series.seed), series.taskId];
  const common = [...ofSeries, String(trialIndex)];
  const instance = series.instances === undefined ? trialIndex : trialIndex % BigInt(series.instances);
  const key = series.key ? [series.key] : [];
  return {
    taskSeed: hash64(["icrl.v1", "task", ...ofSeries, String(instance), ...key]),
    noiseSeed: hash64(["icrl.v1", "noise", ...common, ...key]),
    agentSeed: hash64(["icrl.v1", "agent", ...common, series.entrant, ...key]),
  };
}

/** Seed of an expert that labels a trial, whichever session, process or run it does so in. */
export function labelSeed(label: string, trialId: string): bigint {
  return hash64(["icrl.v1", "label", label, trialId]);
}

const first8 = new DataView(new ArrayBuffer(8));

/** The first 8 bytes, big-endian, of the SHA-256 of the parts as a JSON array. */
export function hash64(parts: readonly string[]): bigint {
  const digest = hash("sha256", JSON.stringify(parts), "binary"); // one character a byte; a Buffer doubles the time
  for (let i = 0; i < 8; i++) first8.setUint8(i, digest.charCodeAt(i));
  return first8.getBigUint64(0);
}

/** The first 16 bytes, as 32 hexadecimal digits, of the SHA-256 of the parts as a JSON array: ids derived from content. */
export function hashId(parts: readonly string[]): string {
  return hash("sha256", JSON.stringify(parts), "hex").slice(0, 32);
}
