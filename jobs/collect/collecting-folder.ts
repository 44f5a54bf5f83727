/** The folder in which a dataset is collected, DIR/collecting: what it is for stays written there until the dataset is finished. */
import { randomBytes } from "node:crypto";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../common/errors.js";
import { type DocumentKind, type Parts, readDocument, schemaOf } from "../../datasets/files/document.js";
import { makeFolders } from "../../datasets/files/make-folders.js";
import { collectingFolder } from "../../datasets/folder/dataset-manifest.js";
import type { CollectionSpec } from "../../proto/gen/icrl/v1/collection.js";
import type { DatasetSpec } from "./dataset-file.js";

/** Of spec.json no more than the seed is used; the rest is compared. */
const BEGUN: DocumentKind<{ readonly seed: string }> = {
  schema: schemaOf<{ readonly seed: string }>()(({ z, uint64 }: Parts) => z.object({ seed: uint64 })),
  reason: "DATASET_CORRUPT",
  remedy: "begin anew with --overwrite",
};

/** The spec as JSON, with the seed that was taken: a file that `icrl dataset collect` reads. */
export function specJson({ collection, columns, experts, subsample }: DatasetSpec, seed: bigint): unknown {
  const labels = columns.length + experts.length > 0 ? [...columns, ...experts] : undefined;
  return JSON.parse(JSON.stringify({ ...collection, seed: String(seed), labels, subsample })); // without what is undefined
}

/** Whether a spec that was written down is this one. Those of early folders have their labels in two members. */
export function isSameSpec(written: unknown, spec: unknown): boolean {
  const { columns, experts, ...rest } = written as { columns?: unknown[]; experts?: unknown[] };
  if (!Array.isArray(columns) || !Array.isArray(experts)) return isDeepStrictEqual(written, spec);
  const labels = [...columns, ...experts];
  return isDeepStrictEqual(labels.length > 0 ? { ...rest, labels } : rest, spec);
}

/**
 * Makes the folder, or goes on in one that was made for the same spec.
 *
 * @returns the collection with its seed: the spec's, the one the folder was made with, or a new one
 * @throws OUTPUT_EXISTS if the folder was made for something else
 */
export function openCollectingFolder(dir: string, spec: DatasetSpec, specPath: string): CollectionSpec {
  const folder = collectingFolder(dir);
  const path = join(folder, "spec.json");
  const known = existsSync(path) ? readDocument(path, BEGUN) : undefined;
  const seed = spec.seed ?? (known === undefined ? randomBytes(8).readBigUInt64LE() : BigInt(known.seed));
  const wanted = specJson(spec, seed);
  if (known !== undefined && !isSameSpec(known, wanted)) {
    throw new IcrlError(
      "OUTPUT_EXISTS",
      `${folder} holds the beginning of another dataset than ${specPath} asks for: go on with that one's file, choose another --out, or begin anew with --overwrite`,
      { folder },
    );
  }
  if (known === undefined) {
    makeFolders(folder);
    writeFileSync(`${path}.tmp`, `${JSON.stringify(wanted, undefined, 2)}\n`);
    renameSync(`${path}.tmp`, path);
  }
  return { ...spec.collection, seed };
}
