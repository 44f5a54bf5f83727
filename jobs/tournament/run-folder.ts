/**
 * The folder of a tournament that is run from the command line. `tournament.json` says which one it holds, seed included, so that the
 * same command goes on with it, and no other one mixes with it. It is a tournament's file: played anew elsewhere it gives the same trials.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../common/errors.js";
import { jsonText } from "../../common/json-text.js";
import { type DocumentKind, type Parts, readDocument, readText, schemaOf } from "../../datasets/files/document.js";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { taken } from "../../datasets/files/output-kind.js";
import { PRIVATE_FILE } from "../../datasets/files/private.js";
import { beginFolder } from "../../datasets/output/begin-folder.js";
import { LOG, REPORT, TOURNAMENT } from "../../datasets/output/output-kinds.js";
import type { TournamentSpec } from "../../proto/gen/icrl/v1/tournament.js";
import type { TournamentFile } from "./tournament-file.js";

/** What a folder holds, or is to hold. */
export interface Run {
  readonly spec: TournamentSpec & { seed: bigint };
  /** Absent: its server draws one, or has. */
  readonly seedKey: string | undefined;
}

/**
 * Makes the folder ready for a tournament, new or begun before.
 *
 * @param file what the file and the flags say, perhaps without a seed
 * @param usualKey the seed key of a new one where they say none
 * @param overwrite whether to begin anew: an earlier run's files are removed
 * @returns the spec with its seed, and the key: its own, those of the run which is gone on with, or new ones; and whether there is such a run
 * @throws OUTPUT_EXISTS if the folder holds something else
 */
export function prepareRunFolder(
  out: string,
  file: TournamentFile,
  usualKey: string | undefined,
  overwrite: boolean,
): Run & { readonly goesOn: boolean } {
  if (beginFolder(out, { own: [TOURNAMENT], beside: [LOG, REPORT], anew: overwrite })) {
    const begun = begunRun(out, file);
    if (begun !== undefined) return { ...begun, goesOn: true };
    throw taken(out, "holds another tournament", "choose another --out, or replace it with --overwrite");
  }
  const spec = { ...file.spec, seed: file.spec.seed ?? randomBytes(8).readBigUInt64LE() };
  const run = { spec, seedKey: file.seedKey ?? usualKey };
  noteRun(out, run);
  return { ...run, goesOn: false };
}

/** Notes what the folder holds: again once the key is known that a server drew. */
export function noteRun(out: string, run: Run): void {
  replaceDurably(fileOf(out), Buffer.from(jsonText(contentOf(run))), PRIVATE_FILE); // it tells the instances
}

const contentOf = ({ spec, seedKey }: Run) => ({ ...spec, seed_key: seedKey });

/** Of tournament.json no more than the seeds are used; the rest is compared. */
interface Begun {
  readonly seed: string;
  readonly seed_key?: string;
}

const BEGUN: DocumentKind<Begun> = {
  schema: schemaOf<Begun>()(({ z, uint64, seedKey }: Parts) =>
    z.object({ seed: uint64, seed_key: z.optional(seedKey) }),
  ),
  reason: "OUTPUT_EXISTS",
  remedy: "choose another --out",
};

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

/** The run of this file that the folder holds; undefined where it holds none, or another one's. */
function begunRun(out: string, { spec, seedKey }: TournamentFile): Run | undefined {
  let begun: Begun;
  try {
    begun = readDocument(fileOf(out), BEGUN);
  } catch (error) {
    if (error instanceof IcrlError) return undefined; // nobody goes on with what cannot be read
    throw error;
  }
  const run = { spec: { ...spec, seed: spec.seed ?? BigInt(begun.seed) }, seedKey: seedKey ?? begun.seed_key };
  return isDeepStrictEqual(begun, JSON.parse(jsonText(contentOf(run)))) ? run : undefined;
}
