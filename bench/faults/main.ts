/**
 * The cut-connection report: `npm run faults [-- NAME ...] [--faults N] [--restarts N] [--seed S] [--json]`.
 *
 * Agents play freely, play matches and label a dataset through a relay that cuts, delays, half-closes and silences their connections at random
 * moments, and on a server that is stopped and started again. Afterwards every trial whose end an agent was told must be there, and all must
 * equal what is left of the same work without faults. NAME is a workload or a kind of fault. Talks to loopback alone; ends by itself.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchFlags } from "../bench-flags.js";
import { type CutOutcome, cutConnections, type Disturbance, isWhole } from "./cut-connections.js";
import { makeDataset } from "./make-dataset.js";
import { FAULT_KINDS } from "./relay.js";
import { WORKLOADS } from "./workloads.js";

const { values: flags, positionals } = benchFlags(
  "faults",
  {
    faults: { type: "string" },
    restarts: { type: "string" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
  "[NAME ...]",
);
const names = positionals as readonly string[];
const FAULTS = Number(flags.faults ?? 200);
const RESTARTS = Number(flags.restarts ?? Math.min(FAULTS, 10));
const SEED = BigInt(flags.seed ?? 1);

const KINDS: readonly Disturbance[] = [...FAULT_KINDS, "restart"];
const asked = (name: string, all: readonly string[]) =>
  !names.some((given) => all.includes(given)) || names.includes(name);

const folder = mkdtempSync(join(tmpdir(), "icrl-faults-"));
const outcomes: CutOutcome[] = [];
try {
  const datasetDir = makeDataset(folder);
  for (const workload of WORKLOADS.filter(({ name }) => asked(name, ["play", "match", "label"]))) {
    for (const disturbance of KINDS.filter((kind) => asked(kind, KINDS))) {
      const own = join(folder, `${workload.name}-${disturbance}`);
      mkdirSync(own);
      const faults = disturbance === "restart" ? RESTARTS : FAULTS;
      const outcome = await cutConnections({ disturbance, workload, faults, seed: SEED, folder: own, datasetDir });
      outcomes.push(outcome);
      if (flags.json) console.log(JSON.stringify({ ...outcome, seed: String(SEED), whole: isWhole(outcome) }));
      else print(outcome);
      rmSync(own, { recursive: true });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (!outcomes.every(isWhole)) process.exitCode = 1;

function print(outcome: CutOutcome): void {
  if (outcomes.length === 1)
    console.log(
      `seed ${SEED}\n${row(["play", "fault", "faults", "reconnects", "acknowledged", "found", "expected", "equal", "seconds"])}`,
    );
  const { workload, disturbance, faults, reconnects, acknowledged, found, expected, seconds } = outcome;
  const equal = isWhole(outcome) ? "yes" : "NO";
  console.log(
    row([workload, disturbance, faults, reconnects, acknowledged, found, expected, equal, seconds.toFixed(0)]),
  );
  for (const failure of outcome.failures) console.log(`  failed: ${failure}`);
  if (outcome.different.length > 0)
    console.log(`  different: ${outcome.different.slice(0, 5).join("; ")}, ${outcome.different.length} in all`);
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => (i < 2 ? String(cell).padEnd(11) : String(cell).padStart(12))).join("");
}
