/**
 * Runs commands of `icrl`, one after the other, in this process: its argument is JSON, [{cwd, commands: [[argument, ...],
 * ...]}, ...]. A line on standard output for each command, {code, text}, and a last one, {rss}: the most memory that the process had, in MiB.
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
for (const { cwd, commands } of JSON.parse(process.argv[2])) {
  process.chdir(cwd);
  for (const args of commands) {
    text = "";
    process.exitCode = 0;
    await runProgram(args);
    write(`${JSON.stringify({ code: process.exitCode, text: text.slice(-4000) })}\n`);
  }
}
process.exitCode = 0;
write(`${JSON.stringify({ rss: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`, () => process.exit());
