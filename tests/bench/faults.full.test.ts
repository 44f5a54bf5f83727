/** The cut-connection report, a few faults of each kind: `npm run faults` has as many as one likes. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cutConnections, type Disturbance, isWhole } from "#icrl/bench/faults/cut-connections.js";
import { makeDataset } from "#icrl/bench/faults/make-dataset.js";
import { FAULT_KINDS } from "#icrl/bench/faults/relay.js";
import { WORKLOADS } from "#icrl/bench/faults/workloads.js";
import { tempDir } from "../support/temp-dir.js";

const temporary = tempDir();
let datasetDir: string;
beforeAll(() => {
  datasetDir = makeDataset(temporary.path);
});
afterAll(() => temporary.remove());

const KINDS: readonly Disturbance[] = [...FAULT_KINDS, "restart"];
const cases = WORKLOADS.flatMap((workload) =>
  KINDS.map((disturbance) => ({ workload, disturbance, name: workload.name })),
);

test.each(cases)("$name loses nothing by $disturbance", async ({ workload, disturbance }) => {
  const folder = join(temporary.path, `${workload.name}-${disturbance}`);
  mkdirSync(folder);
  const faults = disturbance === "restart" ? 2 : 5;
  const outcome = await cutConnections({ workload, disturbance, faults, seed: 7n, folder, datasetDir });
  expect(outcome).toMatchObject({ faults, different: [], failures: [], found: outcome.expected });
  expect(outcome.acknowledged).toBeGreaterThan(0);
  expect(isWhole(outcome)).toBe(true);
});
