/**
 * The YAML of the files that say what is to be done: YAML's core schema, with numbers as common/written-numbers.ts has them, so that a file
 * takes exactly those that a flag takes. Whole numbers are bigints.
 */
import { parse, type ScalarTag, stringify, type Tags } from "yaml";
import { realNumberOf, WRITTEN_NUMBER, wholeNumberOf } from "../../common/written-numbers.js";

const numberTag: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: WRITTEN_NUMBER,
  identify: (value) => typeof value === "number" || typeof value === "bigint",
  resolve: (text) => wholeNumberOf(text) ?? realNumberOf(text) ?? text,
  stringify: ({ value }) => String(value),
};

/** The schema's tags with ours in the place of its numbers. */
const customTags = (tags: Tags): Tags => [
  ...tags.filter((tag) => typeof tag === "string" || !/:(int|float)$/.test(tag.tag)),
  numberTag,
];

/**
 * What a text holds.
 *
 * @throws Error of the parser if it is no YAML
 */
export function parseSpec(text: string): unknown {
  return parse(text, { customTags });
}

/** The text that holds a value: what `parseSpec` reads back. */
export function specText(value: unknown): string {
  return stringify(value, { customTags, lineWidth: 0 });
}
