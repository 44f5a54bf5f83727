/**
 * The YAML of the files that say what is to be done: YAML's core schema, with numbers as common/written-numbers.ts has them, so that a file
 * takes exactly those that a flag takes. Whole numbers are bigints.
 */
import { Composer, type CST, isScalar, LineCounter, Parser, type ScalarTag, stringify, type Tags, visit } from "yaml";
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

/** Deepest nesting: an option's value needs a handful. */
const MOST_LEVELS = 64;
const TOO_DEEP = `it is nested deeper than ${MOST_LEVELS} levels`;
/** The most aliases, and the most that one may stand for, as the library counts it. */
const MOST_ALIASES = 100;

/**
 * What a text, YAML or JSON, holds. Bounded in time and memory, whatever it says.
 *
 * @throws Error whose message tells what is wrong with it
 */
export function parseSpec(source: string): unknown {
  // The library compares each key of a mapping with all before it: looked at here instead, in one go.
  // And it looks for the line of each of a hundred thousand errors: one is enough.
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(source)];
  if (isDeeperThan(tokens, MOST_LEVELS + 2)) throw new Error(TOO_DEEP); // composing goes into itself, and can abort the process
  const composer = new Composer({ customTags, uniqueKeys: false, prettyErrors: false });
  const [document, more] = composer.compose(tokens, true, source.length);
  const error = document.errors[0] ?? more?.errors[0];
  if (error !== undefined || more !== undefined) {
    const { line, col } = lines.linePos(error?.pos[0] ?? more.range[0]);
    throw new Error(`${error?.message ?? "a second document begins"} at line ${line}, column ${col}`);
  }
  let aliases = 0;
  visit(document, {
    Alias() {
      aliases += 1;
      if (aliases > MOST_ALIASES) throw new Error(`more than ${MOST_ALIASES} aliases`);
    },
    Map(_, { items }) {
      const keys = new Set<string>();
      for (const { key } of items) {
        const name = String(isScalar(key) ? key.value : key);
        if (name === "__proto__") throw new Error('a member is named "__proto__"');
        if (keys.has(name)) throw new Error(`"${name}" stands twice in one mapping`);
        keys.add(name);
      }
    },
  });
  return document.toJS({ maxAliasCount: MOST_ALIASES });
}

/** The text that holds a value: what `parseSpec` reads back. */
export function specText(value: unknown): string {
  return stringify(value, { customTags, lineWidth: 0 });
}

/** Whether tokens stand in each other deeper than so many levels. */
function isDeeperThan(tokens: readonly CST.Token[], levels: number): boolean {
  let level: readonly CST.Token[] = tokens;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((token) => {
      const items = "items" in token ? token.items.flatMap(({ key, value }) => [key, value]) : [];
      const own = token.type === "document" ? [token.value] : items;
      return own.filter((inner) => inner !== undefined && inner !== null);
    });
  }
  return false;
}
