/**
 * The folder of a tournament that is run from the command line. `tournament.json` says which one it holds, seed included, so that the
 * same command goes on with it, and no other one mixes with it.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../common/errors.js";
import { jsonText } from "../../common/json-text.js";
import { type DocumentKind, type Parts, readDocument, readText, schemaOf } from "../../datasets/files/document.js";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { taken } from "../../datasets/files/output-kind.js";
import { beginFolder } from "../../datasets/output/begin-folder.js";
import { LOG, REPORT, TOURNAMENT } from "../../datasets/output/output-kinds.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";

/**
 * Makes the folder ready for a tournament, new or begun before.
 *
 * @param spec what the file and the flags say, perhaps without a seed
 * @param overwrite whether to begin anew: an earlier run's files are removed
 * @returns the spec with its seed: its own, that of the run which is gone on with, or a new one; and whether there is such a run
 * @throws OUTPUT_EXISTS if the folder holds something else
 */
export function prepareRunFolder(
  out: string,
  spec: TournamentSpec,
  overwrite: boolean,
): { spec: TournamentSpec & { seed: bigint }; goesOn: boolean } {
  if (beginFolder(out, { own: [TOURNAMENT], beside: [LOG, REPORT], anew: overwrite })) {
    const seed = begunSeed(out, spec);
    if (seed !== undefined) return { spec: { ...spec, seed }, goesOn: true };
    throw taken(out, "holds another tournament", "choose another --out, or replace it with --overwrite");
  }
  const seeded = { ...spec, seed: spec.seed ?? randomBytes(8).readBigUInt64LE() };
  replaceDurably(fileOf(out), Buffer.from(jsonText(seeded)));
  return { spec: seeded, goesOn: false };
}

/** Of tournament.json no more than the seed is used; the rest is compared. */
const BEGUN: DocumentKind<{ readonly seed: string }> = {
  schema: schemaOf<{ readonly seed: string }>()(({ z, uint64 }: Parts) => z.object({ seed: uint64 })),
  reason: "OUTPUT_EXISTS",
  remedy: "choose another --out",
};

/**
 * The key by which the server knows whoever runs this folder's tournament: drawn once, and kept where its owner alone reads it, so that the
 * same command goes on.
 */
export function ownerKeyOf(out: string): string {
  const path = keyFileOf(out);
  if (!existsSync(path)) {
    replaceDurably(path, Buffer.from(`${randomBytes(16).toString("hex")}\n`), 0o600);
  }
  return readOwnerKey(out);
}

/** The key of a folder. @throws TOURNAMENT_UNKNOWN if it has none */
export function readOwnerKey(out: string): string {
  const text = readText(keyFileOf(out), {
    reason: "TOURNAMENT_UNKNOWN",
    remedy: "give the folder of a `tournament run`, or --owner-key",
  });
  return text.trim();
}

const keyFileOf = (out: string): string => join(out, "owner.key");

const fileOf = (out: string): string => join(out, "tournament.json");

/** Seed of the run of this spec that the folder holds; undefined where it holds none, or another one's. */
function begunSeed(out: string, spec: TournamentSpec): bigint | undefined {
  let begun: { readonly seed: string };
  try {
    begun = readDocument(fileOf(out), BEGUN);
  } catch (error) {
    if (error instanceof IcrlError) return undefined; // nobody goes on with what cannot be read
    throw error;
  }
  const wanted = JSON.parse(jsonText({ ...spec, seed: spec.seed ?? BigInt(begun.seed) }));
  return isDeepStrictEqual(begun, wanted) ? BigInt(begun.seed) : undefined;
}
