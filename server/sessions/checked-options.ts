/** Options and tags as they come from others: they are copied into every row of the log and into answers, and so have bounds. */
import { IcrlError } from "../../common/errors.js";
import { nameProblem, visible } from "../../common/visible-text.js";

/** Most levels of values within values: protobuf readers refuse messages some four times as deep as 25. */
const MAX_DEPTH = 8;

/** Characters of an agent's options as JSON. */
const MAX_CHARACTERS = 10_000;

/** Characters of a tag's value. */
const MAX_TAG = 1000;

/** Bytes of all tags, names and values: they stand in every row. */
const MAX_TAGS_BYTES = 4096;

/** What of a text that says why, from others, is kept: so many characters, and all to be seen. */
const MAX_WHY = 1000;

/**
 * Sees that options of an agent, which its own program checks, are of a size that rows and answers can have.
 *
 * @param what whose they are: `hello.agent_options`
 * @throws OPTION_INVALID
 */
export function checkOptions(what: string, options: Readonly<Record<string, unknown>>): void {
  if (depthOf(options) > MAX_DEPTH + 1) {
    throw new IcrlError("OPTION_INVALID", `${what} has values more than ${MAX_DEPTH} levels deep: give flat ones`, {
      option: what,
    });
  }
  const { length } = JSON.stringify(options);
  if (length > MAX_CHARACTERS) {
    throw new IcrlError("OPTION_INVALID", `${what} is ${length} characters of JSON: give at most ${MAX_CHARACTERS}`, {
      option: what,
    });
  }
}

function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  for (let depth = 0; ; depth++) {
    if (level.length === 0 || depth > MAX_DEPTH + 1) return depth;
    level = level.flatMap((member) => (typeof member === "object" && member !== null ? Object.values(member) : []));
  }
}

/**
 * Sees that tags are labels, and not data.
 *
 * @throws NAME_INVALID
 */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(tags)) {
    const problem = nameProblem(name);
    if (problem !== undefined)
      throw new IcrlError("NAME_INVALID", `the name of a tag ${problem}`, { field: "open.tags" });
    const wrong = nameProblem(value, 0, MAX_TAG);
    if (wrong !== undefined) throw new IcrlError("NAME_INVALID", `tag "${name}" ${wrong}`, { field: "open.tags" });
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > MAX_TAGS_BYTES) {
    throw new IcrlError("NAME_INVALID", `the tags have ${bytes} bytes: give at most ${MAX_TAGS_BYTES}`, {
      field: "open.tags",
    });
  }
}

/** Somebody's reason, in his own words, as it is kept: its beginning, on one line, all of it to be seen. */
export const keptReason = (why: string): string => visible(visible(why.slice(0, MAX_WHY)).slice(0, MAX_WHY));
