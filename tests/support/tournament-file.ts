/** Files of small tournaments for tests of the command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

let files = 0;

/** A small tournament's file, with some of its members replaced, in a folder. */
export function tournamentFile(folder: string, changes: Record<string, unknown> = {}): string {
  const file = join(folder, `tournament-${files++}.yaml`);
  const spec = {
    name: "small",
    seed: 1,
    trials: 2,
    tasks: [{ id: "e1", task: "linear-bandit" }],
    agents: [{ name: "u", agent: "uniform" }, { agent: "emp" }],
    ...changes,
  };
  writeFileSync(file, JSON.stringify(spec)); // JSON is YAML
  return file;
}
