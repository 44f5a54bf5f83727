/**
 * A process that writes to a log, to be killed, starved or put to sleep: `node writer-process.mjs DIR MODE FIRST LOCK`. Episodes are
 * numbered on from FIRST; LOCK is JSON, the log's option. Prints one JSON line at a time.
 *
 *   forever  appends without end and prints {durable: first episode's number not yet acknowledged}
 *   starve   appends until the log is unwritable, then probes, appends 100 more and closes
 *   hold     opens, prints, and stays
 */
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { randomEpisode } from "./random-episodes.mjs";

const [dir, mode, first, lock = "{}"] = process.argv.slice(2);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const start = Number(first ?? 0);

const log = await openTrajectoryLog(dir, {
  commitRows: 64,
  commitMs: 5,
  segmentBytes: 200_000,
  lock: JSON.parse(lock),
});
if (mode === "hold") {
  say({ open: true });
  setInterval(() => {}, 1_000);
} else if (mode === "forever") {
  say({ durable: start, tornBytes: log.tornBytes });
  for (let number = start; ; ) {
    for (let k = 0; k < 100; k += 1, number += 1) log.append(randomEpisode(number));
    await log.whenDurable(number - start);
    say({ durable: start + log.durable });
  }
} else {
  const lost = [];
  let number = start;
  let reason;
  while (reason === undefined) {
    try {
      for (let k = 0; k < 20; k += 1, number += 1) {
        const given = log.append(randomEpisode(number, 4_000));
        log.whenDurable(given).catch((error) => lost.push([given, error.reason]));
      }
      await log.whenDurable(number - start);
    } catch (error) {
      reason = error.reason;
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
  const durable = log.durable;
  let refused;
  try {
    log.append(randomEpisode(number));
  } catch (error) {
    refused = error.reason;
  }
  const writableBefore = log.writable;
  const probed = await log.probe();
  let after = 0;
  for (let k = 0; k < 100; k += 1, number += 1) after = log.append(randomEpisode(number));
  await log.whenDurable(after);
  const lostLater = await log.whenDurable(durable + 1).catch((error) => error.reason);
  await log.close().then(
    () => say({ closed: true }),
    (error) => say({ closed: error.reason }),
  );
  say({ reason, refused, durable, writableBefore, probed, after, lost, lostLater });
}
