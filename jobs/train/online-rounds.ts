/**
 * Data that are played while a training learns: rounds, each a dataset of fresh trials that is read once, and removed when a checkpoint
 * has passed it. The next round is collected while one is read.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TrainingPosition, trainingBatches } from "../../agents/transformer/training-data.js";
import { hash64 } from "../../common/seeds.js";
import { readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { roundFiles } from "../../datasets/output/output-kinds.js";
import { removeFiles } from "../../datasets/output/remove-files.js";
import { runCommand } from "../processes/child-command.js";
import { readSpecFile } from "../specs/spec-file.js";
import { specText } from "../specs/spec-yaml.js";
import { type DataSource, dataOptions, longestTrial, tokensOf, validationBatches } from "./data-source.js";
import type { TrainingSpec } from "./training-file.js";

/** Where reading goes on. */
export interface OnlinePosition {
  /** Number of the round, from 0. */
  readonly round: number;
  /** In its dataset; undefined at its beginning. */
  readonly inside?: TrainingPosition | undefined;
}

const roundName = (round: number): string => `round-${round}`;

/**
 * Opens them, in OUT/online: collects the round that comes next, and held-out trials.
 *
 * @param trials of each task, in a round
 * @param say told what collecting the first ones says
 * @throws what `icrl dataset collect` throws
 */
export async function openOnlineRounds(
  spec: TrainingSpec,
  trials: number,
  out: string,
  position: unknown,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<DataSource> {
  const folder = join(out, "online");
  const { validation_share: share, validation_sequences: sequences } = spec.training;

  /** Collects the dataset of a name, which makes its seed; gives its folder. */
  async function collect(name: string, count: number, quiet: boolean, stop: AbortSignal): Promise<string> {
    const dir = join(folder, name);
    const seed = hash64(["icrl.v1", "online", String(spec.seed), name]);
    const content = readSpecFile(spec.dataset.path).content as Record<string, unknown>;
    const tasks = (content.tasks as Record<string, unknown>[]).map((task) => ({ ...task, trials: count }));
    const file = `${dir}.yaml`;
    writeFileSync(file, specText({ ...content, name: `${spec.name}-${name}`, seed, tasks }));
    await runCommand(["dataset", "collect", file, "--out", dir], { say: quiet ? undefined : say, signal: stop });
    return dir;
  }

  mkdirSync(folder, { recursive: true });
  const first = (position as OnlinePosition | undefined)?.round ?? 0;
  const begin = await collect(roundName(first), trials, false, signal);
  const held = share === 0 ? undefined : await collect("validation", sequences, false, signal);
  const manifest = readDatasetManifest(begin);
  return {
    tasks: manifest.tasks,
    record: null,
    tokenConfig: () => tokensOf(begin, spec, undefined),
    trialTokens: (tokens) => longestTrial(manifest, tokens),
    async *batches(shape, from) {
      const ended = new AbortController();
      const stop = AbortSignal.any([signal, ended.signal]);
      let { round, inside } = (from as OnlinePosition | undefined) ?? { round: 0, inside: undefined };
      let next = collect(roundName(round), trials, true, stop);
      try {
        for (; ; round += 1) {
          const dir = await next;
          next = collect(roundName(round + 1), trials, true, stop);
          next.catch(() => undefined); // thrown when its turn comes
          for await (const batch of trainingBatches({ ...dataOptions(spec, dir, shape), epochs: 1, from: inside })) {
            yield { ...batch, position: { round, inside: batch.position } satisfies OnlinePosition };
          }
          inside = undefined;
        }
      } finally {
        ended.abort();
        await next.catch(() => undefined);
      }
    },
    validation: (shape) => (held === undefined ? undefined : () => validationBatches(spec, held, shape, undefined)),
    release(before) {
      const next = (before as OnlinePosition | undefined)?.round ?? Infinity;
      const isPast = (file: string) => {
        const round = /^online\/round-(\d+)\b/.exec(file)?.[1];
        return round === undefined ? next === Infinity : Number(round) < next;
      };
      removeFiles(out, roundFiles(out).filter(isPast));
    },
  };
}
