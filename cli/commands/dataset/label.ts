/** `icrl dataset label DIR --expert AGENT`: what an expert would have done at every step of a dataset. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { findAgent } from "../../../agents/registry.js";
import { type Connection, connect } from "../../../clients/typescript/connect.js";
import type { Agent } from "../../../clients/typescript/define-agent.js";
import { type LabelProgress, type LabelTotals, labelDataset } from "../../../clients/typescript/label-dataset.js";
import { optionsFromTexts, resolveOptions } from "../../../common/options.js";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import { startPrivateServer } from "../../../jobs/processes/private-server.js";
import { interruptible } from "../../interruptible.js";
import { printJson } from "../../print/json.js";
import { commandProgress, type Progress } from "../../print/progress.js";
import { printText } from "../../print/terminal.js";
import { collect, required, wholeNumber } from "../arguments.js";

interface LabelFlags {
  expert?: string;
  name?: string;
  option?: string[];
  envs: number;
  streams: number;
  json?: boolean;
}

/** What to label, by whom. */
export interface LabelRun {
  /** Folder with data/: a dataset, or what is collected of one that nobody writes to now. */
  readonly dir: string;
  readonly expert: Agent;
  /** Name of the labels. */
  readonly name: string;
  /** Those that differ from their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Envs side by side in each session, at most; 1024 by default. */
  readonly envs?: number;
  /** Sessions side by side; 2 by default. */
  readonly streams?: number;
  readonly onProgress?: (progress: LabelProgress) => void;
}

/** The command. */
export function labelCommand(): Command {
  return new Command("label")
    .description(
      "Label a dataset: at every step what a built-in agent would have done, and how probably. " +
        "Broken off at any moment, the same command goes on where it was.",
    )
    .argument("<dir>", "folder of a finished dataset")
    .option("--expert <agent>", "who labels; `icrl agents` lists them (required)")
    .option("--name <name>", "name of the labels (default: the expert's)")
    .option("--option <name=value>", "an option of the expert; may be repeated", collect)
    .option("--envs <n>", "trials side by side in each session, at most", wholeNumber(1), 1024)
    .option("--streams <n>", "sessions side by side", wholeNumber(1, 64), 2)
    .option(
      "--json",
      "print JSON: {name, folder, agent, agent_version, agent_options, probabilities, trials, episodes, steps, seconds}",
    )
    .action(label);
}

async function label(dir: string, flags: LabelFlags, command: Command): Promise<void> {
  const expert = findAgent(required(flags.expert, "--expert <agent>", command));
  const name = flags.name ?? expert.name;
  const options = optionsFromTexts(expert.options, flags.option ?? []);
  resolveOptions(expert.options, options, `agent "${expert.name}"`);
  readDatasetManifest(dir); // all of this fails before a server is started for it
  const progress = commandProgress();
  progress.doing("starting a server, and reading what is to be labelled");
  const startedAt = performance.now();
  let totals: LabelTotals;
  try {
    const onProgress = (labelled: LabelProgress) => labelProgress(progress, name, labelled);
    totals = await labelWith({ dir, expert, name, options, envs: flags.envs, streams: flags.streams, onProgress });
  } finally {
    progress.finish();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const entry = readDatasetManifest(dir).labels[name];
  if (!("folder" in entry)) throw new Error(`labels "${name}" are a column`); // the server refuses their names
  if (flags.json) {
    const { folder, agent, agent_version, agent_options, probabilities } = entry;
    printJson(process.stdout, { name, folder, agent, agent_version, agent_options, probabilities, ...totals, seconds });
  } else if (totals.trials === 0) {
    printText(process.stdout, `already labelled: ${join(dir, entry.folder)}\n`);
  } else {
    const { trials, steps } = totals;
    const rate = Math.round(steps / seconds);
    const known = entry.probabilities ? "with probabilities" : "actions alone: the expert does not tell probabilities";
    printText(
      process.stdout,
      `${join(dir, entry.folder)}: ${trials} trials, ${steps} steps in ${seconds.toFixed(1)} s (${rate} steps/s), ${known}\n`,
    );
  }
}

/** Shows how far labels are. */
export function labelProgress(progress: Progress, name: string, { trials, total, steps }: LabelProgress): void {
  progress.update([{ name: `labels "${name}"`, done: trials, total, steps }]);
  if (trials === total) progress.doing(`writing the labels "${name}"`);
}

/**
 * Has a folder's trials labelled, on a private server, by an expert in this process: those that have no such labels yet. Resolves
 * once the labels are durable, and entered in the manifest where there is one.
 *
 * @throws Interrupted, or IcrlError with the server's reason: NOT_A_LOG, TASK_UNSUPPORTED, LABEL_CONFLICT, TRIALS_BROKEN, ...
 */
export async function labelWith(run: LabelRun): Promise<LabelTotals> {
  const scratch = mkdtempSync(join(tmpdir(), "icrl-label-")); // every server has a log; this one's stays empty
  let connection: Connection | undefined;
  try {
    const server = await startPrivateServer(scratch, ["--dataset", run.dir]);
    try {
      connection = await connect(server.address);
      return await interruptible(
        labelDataset(connection, run.expert, {
          label: run.name,
          agentOptions: run.options,
          numEnvs: run.envs,
          streams: run.streams,
          onProgress: run.onProgress,
        }),
      );
    } finally {
      connection?.close();
      await server.close();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
