/** Models that this process plays with: each is read once, and shared by all trials. */
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { findCheckpoint, readCheckpoint } from "./checkpoint.js";
import { createDecoder, type Decoder } from "./infer.js";
import type { ModelConfig } from "./model-config.js";
import type { TokenConfig } from "./token-layout.js";

/** A checkpoint that is ready to play. */
export interface LoadedModel {
  /** Folder of the checkpoint. */
  readonly folder: string;
  readonly model: ModelConfig;
  readonly tokens: TokenConfig;
  readonly decoder: Decoder;
}

interface Entry extends LoadedModel {
  /** When its config.json was written, in milliseconds. */
  readonly writtenMs: number;
}

const entries = new Map<string, Entry>();

/**
 * The model of a path. A process stays with the checkpoint that it found there, so that all its trials have the same player, though a
 * training writes later ones; it is read again only when it was overwritten.
 *
 * @param path a checkpoint's folder, or a training's output folder
 * @throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_TOO_NEW
 */
export function loadModel(path: string): LoadedModel {
  const key = resolve(path);
  const known = entries.get(key);
  if (known !== undefined && writtenMs(known.folder) === known.writtenMs) return known;
  const folder = findCheckpoint(key);
  const written = writtenMs(folder) ?? Number.NaN;
  const { model, tokens, parameters } = readCheckpoint(folder);
  const entry: Entry = { folder, model, tokens, decoder: createDecoder(model, parameters), writtenMs: written };
  entries.set(key, entry);
  return entry;
}

const writtenMs = (folder: string): number | undefined =>
  statSync(join(folder, "config.json"), { throwIfNoEntry: false })?.mtimeMs;
