/**
 * An expert as a process: `node labelling-expert.mjs HOST:PORT [STEPS]`. It labels as the gambler of tests/support/labels.ts does; with
 * STEPS it says so after so many choices of a policy, and then waits to be killed.
 */
import { connect } from "#icrl/clients/typescript/connect.js";
import { labelDataset } from "#icrl/clients/typescript/label-dataset.js";

const [, , address, most = "Infinity"] = process.argv;
let chosen = 0;

const gambler = {
  name: "gambler",
  version: "1",
  summary: "An expert of a test.",
  source: "none",
  tasks: [],
  options: {},
  create: ({ numActions }, _options, rng) => ({
    act() {
      chosen += 1;
      if (chosen > Number(most)) {
        process.stdout.write("half-way\n");
        for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      }
      return rng.integer(numActions);
    },
    probabilities: (_turn, target) => void target.fill(1 / numActions),
  }),
};

const connection = await connect(address);
await labelDataset(connection, gambler, { numEnvs: 4, streams: 2 });
connection.close();
process.stdout.write("done\n");
