/** label.json: whose labels a folder holds. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { IcrlError } from "../../common/errors.js";
import { LABEL_SCHEMA_VERSION, type LabelHeader, labelHeaderPath } from "../../datasets/label-schema.js";
import type { LabelRequest } from "../sessions/labels.js";

/** What label.json says of labels that an agent makes. */
export function headerOf(request: LabelRequest): LabelHeader {
  return {
    schema_version: LABEL_SCHEMA_VERSION,
    name: request.name,
    agent: request.agent,
    agent_version: request.agentVersion,
    agent_options: request.agentOptions,
  };
}

/** The header of labels that were begun, or undefined. */
export function readHeader(dir: string, name: string): LabelHeader | undefined {
  const path = labelHeaderPath(dir, name);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LabelHeader;
  } catch {
    throw new IcrlError("LOG_CORRUPT", `${path} is no JSON: delete the folder and label again`, { file: path });
  }
}

/** Writes the header of labels that are begun; the folder exists. */
export function writeHeader(dir: string, header: LabelHeader): void {
  const path = labelHeaderPath(dir, header.name);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(header, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

/** @throws LABEL_CONFLICT if the labels are not by the same version of the same agent, with the same options */
export function checkSameExpert(ours: LabelHeader, theirs: LabelHeader): void {
  for (const key of ["schema_version", "agent", "agent_version", "agent_options"] as const) {
    if (isDeepStrictEqual(ours[key], theirs[key])) continue;
    throw new IcrlError(
      "LABEL_CONFLICT",
      `labels "${ours.name}" have ${key} ${JSON.stringify(ours[key])}, this expert ${JSON.stringify(theirs[key])}: give another name, or delete these labels`,
      { label: ours.name },
    );
  }
}
