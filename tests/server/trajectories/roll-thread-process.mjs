/** Opens two logs beside each other, in folders below its argument, and prints what became of the threads, as JSON. */
import { join } from "node:path";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { randomEpisode } from "./random-episodes.mjs";

const [dir] = process.argv.slice(2);
const threads = [];
process.on("worker", (thread) => threads.push(thread));
const counts = () => ({ started: threads.length, running: threads.filter(({ threadId }) => threadId !== -1).length });

const [first, second, idle] = await Promise.all(
  ["first", "second", "idle"].map((name) => openTrajectoryLog(join(dir, name))),
);
const said = { opened: counts() };
for (const log of [first, second]) log.append(randomEpisode(0));
await Promise.all([first.seal(), second.seal()]);
await first.close();
await idle.close();
said.oneLeft = counts();
second.append(randomEpisode(1));
await second.close();
said.closed = counts();
process.stdout.write(JSON.stringify(said));
