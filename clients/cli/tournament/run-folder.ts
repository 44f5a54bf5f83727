/**
 * The folder of a tournament that is run from the command line. `tournament.json` says which one it holds, seed included, so that the
 * same command goes on with it, and no other one mixes with it.
 */
import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../../common/errors.js";
import { type DocumentKind, type Parts, readDocument, schemaOf } from "../../../datasets/document.js";
import { replaceDurably } from "../../../datasets/durable-file.js";
import { makeFolders } from "../../../datasets/make-folders.js";
import type { TournamentSpec } from "../../../proto/gen/icrl/v1/tournament.js";
import { jsonText } from "../print/json.js";

/** What a run, and a report of it, leave in the folder. */
const OUTPUTS = [
  ...["tournament.json", "results.json", "trials.parquet", "regret.svg", "regret.png", "agents"],
  ...["report.html", "report.md", "statistics.json", "pictures"],
  ...["tournaments", "data", "log"],
];

/**
 * Makes the folder ready for a tournament, new or begun before.
 *
 * @param spec what the file and the flags say, perhaps without a seed
 * @param overwrite whether to begin anew, whatever is there
 * @returns the spec with its seed: its own, that of the run which is gone on with, or a new one; and whether there is such a run
 * @throws OUTPUT_EXISTS if the folder holds something else
 */
export function prepareRunFolder(
  out: string,
  spec: TournamentSpec,
  overwrite: boolean,
): { spec: TournamentSpec & { seed: bigint }; goesOn: boolean } {
  const there = OUTPUTS.filter((name) => existsSync(join(out, name)));
  const seed = overwrite ? undefined : begunSeed(out, spec);
  if (seed !== undefined) return { spec: { ...spec, seed }, goesOn: true };
  if (there.length > 0 && !overwrite) {
    throw new IcrlError(
      "OUTPUT_EXISTS",
      `${out} already holds ${there.join(", ")} of something else: choose another --out, or replace them with --overwrite`,
    );
  }
  for (const name of there) rmSync(join(out, name), { recursive: true });
  makeFolders(out);
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

const fileOf = (out: string): string => join(out, "tournament.json");

/** Seed of the run of this spec that the folder holds; undefined where it holds none, or another one's. */
function begunSeed(out: string, spec: TournamentSpec): bigint | undefined {
  if (!existsSync(fileOf(out))) return undefined;
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
