/** Flags of a benchmark's command line. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/**
 * The flags given, and what else is on the line if `positionals` names it. With `--help`, or a flag that there is not, usage is printed and
 * the process ends: with 0, or with 2.
 */
export function benchFlags<O extends NonNullable<ParseArgsConfig["options"]>>(
  script: string,
  options: O,
  positionals = "",
): ReturnType<typeof parseArgs<{ options: O; allowPositionals: boolean }>> {
  const flags = Object.entries(options).map(([flag, { type }]) => `[--${flag}${type === "string" ? " N" : ""}]`);
  const usage = `usage: npm run ${script} -- ${[positionals, ...flags].join(" ").trim()}`;
  if (process.argv.includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options, allowPositionals: positionals !== "" });
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
