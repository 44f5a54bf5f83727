/**
 * Data that are played while a training learns: rounds, each a dataset of fresh trials that is read once, and removed when a checkpoint
 * has passed it. The next round is collected while one is read.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TrainingPosition, trainingBatches } from "../../agents/transformer/training-data.js";
import { hash64 } from "../../common/seeds.js";
import { roundFiles } from "../../datasets/output/output-kinds.js";
import { removeFiles } from "../../datasets/output/remove-files.js";
import { abortable } from "../abortable.js";
import { collectDataset } from "../collect/collect-dataset.js";
import { type DatasetSpec, readDatasetFile } from "../collect/dataset-file.js";
import type { JobListener } from "../listener.js";
import { collectBeside } from "./collect-beside.js";
import { type DataSource, dataOptions, longestTrial, ofItsOwn, tokensOf } from "./data-source.js";
import type { DatasetPlace, TrainingSpec } from "./training-file.js";

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
 * @param listener told how collecting the first ones goes on
 * @throws what `icrl dataset collect` throws
 */
export async function openOnlineRounds(
  spec: TrainingSpec,
  trials: number,
  out: string,
  position: unknown,
  listener: JobListener,
  signal: AbortSignal,
): Promise<DataSource> {
  const folder = join(out, "online");
  const { path: source } = spec.dataset as DatasetPlace; // a file: there is no other online training
  const { validationShare: share, validationSequences: sequences } = spec.training;

  /** What the dataset of a name is collected by; the name makes its seed. */
  const planOf = (name: string, count: number) => ({
    spec: named(readDatasetFile(source, count), spec, name),
    source,
    out: join(folder, name),
  });
  /** Collects what comes next while updates are computed. */
  const ahead = (round: number, stop: AbortSignal) => collectBeside(planOf(roundName(round), trials), stop);

  mkdirSync(folder, { recursive: true });
  const first = (position as OnlinePosition | undefined)?.round ?? 0;
  const begin = planOf(roundName(first), trials);
  const manifest = await collectDataset(begin, listener, signal);
  const own = spec.validation?.path;
  const held = share === 0 || own !== undefined ? undefined : planOf("validation", sequences);
  if (held !== undefined) await collectDataset(held, listener, signal);
  return {
    tasks: manifest.tasks,
    record: null,
    tokenConfig: () => tokensOf(begin.out, spec, undefined),
    trialTokens: (tokens) => longestTrial(manifest, tokens),
    async *batches(shape, from) {
      const ended = new AbortController();
      const stop = AbortSignal.any([signal, ended.signal]);
      let { round, inside } = (from as OnlinePosition | undefined) ?? { round: 0, inside: undefined };
      let next = ahead(round, stop);
      try {
        for (; ; round += 1) {
          await abortable(next, stop);
          next = ahead(round + 1, stop);
          next.catch(() => undefined); // thrown when its turn comes
          const dir = join(folder, roundName(round));
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
    validation(shape) {
      const dir = own ?? held?.out;
      return dir === undefined ? undefined : ofItsOwn(spec, dir, shape);
    },
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

/** A dataset's spec under a name of its own, with the seed that the name makes. */
function named(dataset: DatasetSpec, { name: training, seed }: TrainingSpec, name: string): DatasetSpec {
  return {
    ...dataset,
    collection: { ...dataset.collection, name: `${training}-${name}` },
    seed: hash64(["icrl.v1", "online", String(seed), name]),
  };
}
