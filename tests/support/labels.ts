/** Labels as tests read them, and experts whose answers a test can work out. */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm";
import { onTestFinished } from "vitest";
import { type Agent, defineAgent, type Policy, type Trial } from "#icrl/clients/typescript/define-agent.js";
import type { Rng } from "#icrl/common/rng.js";
import { labelFolder } from "#icrl/datasets/folder/label-folder.js";
import { tempDir } from "./temp-dir.js";

/** Labels of an episode. */
export interface LabelRow {
  readonly episodeId: string;
  readonly actions: readonly number[];
  readonly probabilities: readonly number[] | null;
}

/** Names of a label's shards, in order. */
export function labelShards(dir: string, name: string): string[] {
  return readdirSync(labelFolder(dir, name))
    .filter((file) => file.endsWith(".parquet"))
    .sort();
}

/** Labels of all episodes, in the order of the shards. */
export function readLabels(dir: string, name: string): LabelRow[] {
  return labelShards(dir, name).flatMap((file) => {
    const table = tableFromIPC(readParquet(readFileSync(join(labelFolder(dir, name), file))).intoIPCStream());
    const list = (column: string, row: number) => table.getChild(column)?.get(row) as Iterable<number> | null;
    return Array.from({ length: table.numRows }, (_, row) => {
      const probabilities = list("probabilities", row);
      return {
        episodeId: String(table.getChild("episode_id")?.get(row)),
        actions: [...(list("actions", row) as Iterable<number>)],
        probabilities: probabilities && [...probabilities],
      };
    });
  });
}

/** The bytes of all files of a label: what must not depend on how it was made. */
export function labelBytes(dir: string, name: string): Record<string, string> {
  const files = readdirSync(labelFolder(dir, name)).sort();
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(labelFolder(dir, name), file), "hex")]));
}

/** A copy of a folder, deleted when the test that runs now ends. */
export function copyForTest(dir: string): string {
  const temporary = tempDir();
  onTestFinished(() => temporary.remove());
  const copy = join(temporary.path, "copy");
  cpSync(dir, copy, { recursive: true });
  return copy;
}

/** An agent of no options. */
export function expertThat(name: string, create: (trial: Trial, rng: Rng) => Policy, tasks: string[] = []): Agent {
  return defineAgent({
    name,
    version: "1",
    summary: "An expert of a test.",
    source: "none",
    tasks,
    options: {},
    create: (trial, _, rng) => create(trial, rng),
  });
}

/** Counts its steps over all episodes of the trial: its answer at the trial's step k is k modulo the actions. */
export const counter = expertThat("counter", ({ numActions }) => {
  let steps = 0;
  return {
    propensity: 1,
    act: () => steps % numActions,
    observe: () => {
      steps += 1;
    },
  };
});

/** Draws from its seed alone, and knows its law. */
export const gambler = expertThat("gambler", ({ numActions }, rng) => ({
  act: () => rng.integer(numActions),
  probabilities: (_, target) => void target.fill(1 / numActions),
}));
