/**
 * Runs commands of `icrl`, one after the other, in this process: its arguments are JSON, [[argument, ...], ...]. A line on standard output
 * for each, {code, text}, and a last one, {rss}: the most memory that the process had, in MiB.
 */
import { runProgram } from "#icrl/cli/program.js";

const write = process.stdout.write.bind(process.stdout);
let text = "";
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, ...rest) => {
    text += chunk;
    rest.at(-1)?.();
    return true;
  };
}
for (const args of JSON.parse(process.argv[2])) {
  text = "";
  process.exitCode = 0;
  await runProgram(args);
  write(`${JSON.stringify({ code: process.exitCode, text: text.slice(-4000) })}\n`);
}
process.exitCode = 0;
write(`${JSON.stringify({ rss: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`, () => process.exit());
