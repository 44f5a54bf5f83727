import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM } from "../../jobs/processes/program.js";

/** Collects a small dataset of two tasks by `icrl dataset collect`, to be labelled; gives its folder. */
export function makeDataset(folder: string): string {
  const spec = join(folder, "dataset.json");
  const out = join(folder, "dataset");
  writeFileSync(
    spec,
    JSON.stringify({
      name: "faults",
      seed: 3,
      trials: 24,
      tasks: [
        { id: "bandit", task: "bernoulli-bandit", options: { arms: 4, horizon: 30 } },
        { id: "wide", task: "bernoulli-bandit", options: { arms: 9, horizon: 20 } },
      ],
      behaviours: [{ name: "uniform", agent: "uniform" }],
    }),
  );
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, "dataset", "collect", spec, "--out", out], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`no dataset: ${stderr}`);
  return out;
}
