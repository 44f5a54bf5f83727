/** Loaded before a server that a benchmark looks at: on SIGUSR2 it collects its garbage, so that its memory is what it holds. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
process.on("SIGUSR2", collect);
