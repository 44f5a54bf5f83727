/** Whether what an error tells programs is what the closed list says of its reason. */
import { REASONS, type ReasonKind } from "../../common/errors.js";

/** What is wrong with the metadata of an error of this reason; undefined where nothing is. */
export function metadataProblem(reason: string, metadata: Readonly<Record<string, string>>): string | undefined {
  const kind = (REASONS as Readonly<Record<string, ReasonKind>>)[reason];
  if (kind === undefined) return `${reason} is not in the closed list`;
  const { keys = [], maybe = [] } = kind;
  for (const key of keys) if (!Object.hasOwn(metadata, key)) return `${reason} came without ${key}`;
  for (const [key, value] of Object.entries(metadata)) {
    if (!keys.includes(key) && !maybe.includes(key)) return `${reason} came with ${key}, which the list does not have`;
    if (value.length > 250) return `${key} of ${reason} has ${value.length} characters`;
    if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(value)) return `${key} of ${reason} is not all to be seen`;
  }
  return undefined;
}
