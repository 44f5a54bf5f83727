/**
 * Loaded before a server that a benchmark looks at: on SIGUSR2 it collects its garbage, and appends to the file that ICRL_HELD_MEMORY names when it did
 * so, in milliseconds since 1970, and what it then holds, in MB.
 *
 * That is what is resident, less what V8 keeps free in the main thread's heap: it gives such pages back when it will, not when they are free.
 */
import { appendFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const file = process.env.ICRL_HELD_MEMORY;
if (file === undefined) throw new Error("ICRL_HELD_MEMORY names no file");
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
process.on("SIGUSR2", () => {
  collect();
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  appendFileSync(file, `${Date.now()} ${(rss - heapTotal + heapUsed) / 2 ** 20}\n`);
});
