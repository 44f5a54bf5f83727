/**
 * An agent of one's own that plays the first action. Its process ends with exit code 7 in the midst of its first trial, where the file
 * that its option `once` names is not there yet: the process makes it. With the option `slow` each step takes a while.
 */
import { existsSync, writeFileSync } from "node:fs";
import { boolean, defineAgent, isMain, runAgent, text } from "icrl";

const failing = defineAgent({
  name: "failing",
  version: "1",
  summary: "Plays the first action.",
  source: "a test",
  tasks: [],
  options: {
    once: text({ default: "", help: "a file" }),
    slow: boolean({ default: false, help: "whether each step takes 10 ms" }),
  },
  create(_, { once, slow }) {
    return {
      propensity: 1,
      act() {
        if (once !== "" && !existsSync(once)) {
          writeFileSync(once, "");
          console.error("what a pity");
          process.exit(7);
        }
        if (slow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        return 0;
      },
    };
  },
});

export default failing;
if (isMain(import.meta.url)) process.exitCode = await runAgent(failing, process.argv.slice(2));
