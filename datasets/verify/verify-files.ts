/** The files of a dataset against its manifest: there, with their bytes and columns, and no others. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { hashFile } from "../files/durable-file.js";
import { type DatasetManifest, datasetPath, folderLabels, type ShardFile } from "../folder/dataset-manifest.js";
import { LABEL_COLUMNS, labelFolder } from "../folder/label-folder.js";
import { unfinishedLabels } from "../folder/unfinished-labels.js";
import { columnsWith, describeColumns } from "../log/shard-columns.js";
import type { DatasetProblem } from "./dataset-problem.js";

/**
 * Holds the files against the manifest.
 *
 * @returns the shards that can be read, the labels of which all shards can, and the bytes of all that is as it was written
 */
export async function checkFiles(
  connection: DuckDBConnection,
  dir: string,
  manifest: DatasetManifest,
  problems: DatasetProblem[],
): Promise<{ intact: Set<ShardFile>; labels: string[]; bytes: number }> {
  let bytes = 0;
  async function isIntact(shard: ShardFile, describe: typeof describeColumns): Promise<boolean> {
    const file = join(dir, shard.file);
    const problem = await fileProblem(file, shard, async () => describe(await columnsWith(connection, file)));
    if (problem === undefined) bytes += shard.bytes;
    else problems.push({ file, problem });
    return problem === undefined;
  }

  checkListed(dir, manifest, problems);
  const intact = new Set<ShardFile>();
  for (const shard of manifest.shards) if (await isIntact(shard, describeColumns)) intact.add(shard);
  const labels: string[] = [];
  for (const [name, { shards }] of folderLabels(manifest)) {
    const known = problems.length;
    if (shards.length !== manifest.shards.length) {
      const problem = `lists ${shards.length} shards of label ${name}, and ${manifest.shards.length} of the data`;
      problems.push({ file: datasetPath(dir), problem });
    }
    for (const shard of shards) await isIntact(shard, describeLabelColumns);
    if (problems.length === known) labels.push(name);
  }
  return { intact, labels, bytes };
}

/** Files that nobody listed. */
function checkListed(dir: string, manifest: DatasetManifest, problems: DatasetProblem[]): void {
  const labels = folderLabels(manifest);
  const listed = new Set(
    [manifest.shards, ...Array.from(labels.values(), (label) => label.shards)].flat().map((s) => s.file),
  );
  for (const { name, shards } of unfinishedLabels(dir, manifest)) {
    const problem = `is not in dataset.json: ${shards} of ${manifest.shards.length} shards of unfinished labels; label again to go on, or delete it`;
    problems.push({ file: labelFolder(dir, name), problem });
  }
  for (const folder of ["data", ...Array.from(labels.keys(), (name) => `labels/${name}`)]) {
    if (!existsSync(join(dir, folder))) continue;
    for (const name of readdirSync(join(dir, folder))) {
      if (!name.endsWith(".parquet") || listed.has(`${folder}/${name}`)) continue;
      problems.push({ file: join(dir, folder, name), problem: "is not in dataset.json" });
    }
  }
}

async function fileProblem(
  path: string,
  shard: ShardFile,
  describe: () => Promise<string | undefined>,
): Promise<string | undefined> {
  if (!existsSync(path)) return "is in dataset.json and is missing";
  let hashed: { readonly sha256: string; readonly bytes: number };
  try {
    hashed = await hashFile(path);
  } catch (error) {
    return (error as Error).message;
  }
  const { sha256, bytes } = hashed;
  if (bytes !== shard.bytes)
    return `has ${bytes} bytes, and ${shard.bytes} were written; its episodes were not looked at`;
  if (sha256 !== shard.sha256) {
    return `has sha256 ${sha256}, and ${shard.sha256} was written: bytes were changed; its episodes were not looked at`;
  }
  try {
    return await describe();
  } catch (error) {
    return `cannot be read (${(error as Error).message.split("\n")[0]})`;
  }
}

function describeLabelColumns(columns: ReadonlyMap<string, string>): string | undefined {
  const wrong = LABEL_COLUMNS.find(({ name, sql }) => columns.get(name) !== sql);
  return wrong && `column ${wrong.name} is ${columns.get(wrong.name) ?? "missing"}: it should be ${wrong.sql}`;
}
