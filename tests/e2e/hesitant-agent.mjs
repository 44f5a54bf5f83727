/**
 * An agent of one's own that plays anything: each action in turn. With HESITATE_AFTER in its environment it says "half-way" after
 * so many choices, and stands still until it is killed.
 */
import { defineAgent, runAgent } from "icrl";

const most = Number(process.env.HESITATE_AFTER ?? Infinity);
let chosen = 0;

const hesitant = defineAgent({
  name: "hesitant",
  version: "1",
  summary: "Plays each action in turn.",
  source: "a test",
  tasks: [],
  options: {},
  create({ numActions }) {
    let step = 0;
    return {
      propensity: 1,
      act() {
        chosen += 1;
        if (chosen > most) {
          process.stderr.write("half-way\n");
          for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
        }
        return step % numActions;
      },
      observe() {
        step += 1;
      },
    };
  },
});

process.exitCode = await runAgent(hesitant, process.argv.slice(2));
