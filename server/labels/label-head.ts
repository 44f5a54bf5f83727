/** label.json, while labels are made: whose they are, and nobody else's. */
import { existsSync, readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../common/errors.js";
import { replaceDurably } from "../../datasets/files/durable-file.js";
import { taken } from "../../datasets/files/output-kind.js";
import { type LabelHead, labelHeadPath, readLabelHead } from "../../datasets/folder/label-folder.js";
import type { LabelRequest } from "../sessions/labels.js";

/** Raised whenever a column of the labels changes. */
const LABEL_SCHEMA_VERSION = 1;

/** What label.json says of labels that an agent makes. */
export function headOf(request: LabelRequest): LabelHead {
  return {
    schema_version: LABEL_SCHEMA_VERSION,
    name: request.name,
    agent: request.agent,
    agent_version: request.agentVersion,
    agent_options: request.agentOptions,
  };
}

/**
 * Whose labels a folder has, or undefined when they were not begun.
 * @throws DATASET_CORRUPT if that cannot be read
 */
export function findHead(dir: string, name: string): LabelHead | undefined {
  return existsSync(labelHeadPath(dir, name)) ? readLabelHead(dir, name) : undefined;
}

/** Files of labels that were being written. */
export const LABEL_TMP = /^(label\.json|trajectories-\d{12}\.parquet)\.tmp$/;

/** @throws OUTPUT_EXISTS if a folder without label.json has files of somebody else */
export function requireNobodys(folder: string): void {
  const stranger = readdirSync(folder).find((name) => !name.startsWith("lock") && !LABEL_TMP.test(name));
  if (stranger === undefined) return;
  throw taken(folder, `holds ${stranger} and no label.json`, "give the labels another name, or move that away");
}

/** Begins labels; the folder exists. */
export function writeHead(dir: string, head: LabelHead): void {
  replaceDurably(labelHeadPath(dir, head.name), Buffer.from(`${JSON.stringify(head, null, 2)}\n`));
}

/** @throws LABEL_CONFLICT if the labels are not by the same version of the same agent, with the same options */
export function checkSameExpert(ours: LabelHead, theirs: LabelHead): void {
  for (const key of ["schema_version", "agent", "agent_version", "agent_options"] as const) {
    if (isDeepStrictEqual(ours[key], theirs[key])) continue;
    throw new IcrlError(
      "LABEL_CONFLICT",
      `labels "${ours.name}" have ${key} ${JSON.stringify(ours[key])}, this expert ${JSON.stringify(theirs[key])}: give another name, or delete these labels`,
      { label: ours.name },
    );
  }
}
