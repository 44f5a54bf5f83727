/** Others' data as a dataset: what `icrl dataset import` does. Files are read in Python, and written by our own writer. */

import { IcrlError } from "../../common/errors.js";
import { hashId } from "../../common/seeds.js";
import type { DatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { sealDataset } from "../../datasets/folder/seal-dataset.js";
import { createImportWriter, type ImportWriter } from "../../datasets/import/import-writer.js";
import { importedHead, importedLabel } from "../../datasets/import/imported-head.js";
import { makeOutput } from "../../datasets/output/make-output.js";
import { DATASET } from "../../datasets/output/output-kinds.js";
import type { JobListener } from "../listener.js";
import { type PythonEnd, pythonProgram, startPython } from "../processes/python.js";
import { IMPORT_FORMATS, type ImportFormat } from "./import-formats.js";
import { requireUnchanged, type SourceFile, sourceFiles } from "./source-files.js";
import { type BeginMessage, type EndMessage, importMessages } from "./trial-messages.js";

/** What is imported, and as what. */
export interface ImportPlan {
  readonly files: readonly string[];
  readonly format: ImportFormat;
  readonly out: string;
  readonly name: string;
  /** Id of its task. */
  readonly taskId: string;
  /** Name of the label that comes with the data. */
  readonly label: string;
  /** How many actions there are; undefined: as many as the files tell. */
  readonly actions: number | undefined;
  /** Sizes of the parts of a state; undefined: they follow from the states. */
  readonly states: readonly number[] | undefined;
  readonly overwrite: boolean;
  /** Of the Node.js that runs, for the manifest. */
  readonly nodeVersion: string;
}

/**
 * Imports files. The dataset is there in whole or not at all; one trial, and about 16 MB of rows, are in memory at a time.
 *
 * @throws IMPORT_INVALID if a file is not of its format, or holds what a dataset cannot
 * @throws PYTHON_UNAVAILABLE if there is no Python, or it lacks a package
 * @throws OUTPUT_EXISTS, OPTION_INVALID; the signal's reason once it is aborted
 */
export function importDataset(plan: ImportPlan, listener: JobListener, signal: AbortSignal): Promise<DatasetManifest> {
  const { folders } = IMPORT_FORMATS[plan.format];
  return makeOutput(plan.out, DATASET, plan.overwrite, async (partial) => {
    listener.doing(`hashing ${plan.files.join(", ")}`);
    const files = await sourceFiles(plan.files, folders, signal);
    const { begin, end, writer } = await readTrials(plan, files, partial, listener, signal);
    const totals = writer.close();
    requireUnchanged(files, folders);
    listener.doing("counting and hashing what was written");
    const { num_actions, trial_features_shape } = end;
    const task = {
      num_actions,
      trial_features_shape,
      observation_space: begin.observation_space,
      options: begin.options,
    };
    const given = { ...(plan.actions && { actions: plan.actions }), ...(plan.states && { states: plan.states }) };
    const of = files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }));
    return sealDataset(partial, importedHead({ ...plan, given }, of, task, totals));
  });
}

interface ReadTrials {
  readonly begin: BeginMessage;
  readonly end: EndMessage;
  readonly writer: ImportWriter;
}

/** Has Python read the files, and writes their trials as they come. */
async function readTrials(
  { format, actions, states, label, taskId }: ImportPlan,
  files: readonly SourceFile[],
  dir: string,
  listener: JobListener,
  signal: AbortSignal,
): Promise<ReadTrials> {
  listener.doing("reading the files in Python");
  const python = startPython("icrl.import_data", [
    ...["--format", format],
    ...(actions === undefined ? [] : ["--actions", String(actions)]),
    ...(states === undefined ? [] : ["--states", states.join(",")]),
    ...["--", ...files.map(({ path }) => path)],
  ]);
  const stop = () => python.kill();
  signal.addEventListener("abort", stop);
  try {
    let begin: BeginMessage | undefined;
    let end: EndMessage | undefined;
    let writer: ImportWriter | undefined;
    let done = 0;
    let steps = 0;
    for await (const message of importMessages(python.stdout)) {
      if (message.type === "begin") {
        begin = message;
        const rows = { taskId, taskOptions: JSON.stringify(begin.options), files: files.map(({ name }) => name) };
        writer = createImportWriter(dir, importedLabel(label), rows, ({ file, key }) =>
          hashId(["icrl.v1", "import", format, files[file]?.sha256 ?? "", key]),
        );
      } else if (message.type === "trial") {
        writer?.append(message.trial);
        done += IMPORT_FORMATS[format].counted === "trials" ? 1 : message.trial.lengths.length;
        steps += message.trial.actions.length;
        listener.update([{ name: "importing", done, total: begin?.trials ?? done, steps }]);
      } else end = message;
    }
    const how = await python.ended;
    signal.throwIfAborted();
    if (begin === undefined || end === undefined || writer === undefined || how.by !== 0) throw broken(how, files);
    return { begin, end, writer };
  } catch (error) {
    signal.throwIfAborted();
    const told = error instanceof IcrlError ? error : undefined;
    if (told?.reason !== "PYTHON_UNAVAILABLE") throw error;
    python.kill();
    const how = await python.ended;
    throw how.by === 0 || how.by === "SIGKILL" ? error : broken(how, files, told.message);
  } finally {
    signal.removeEventListener("abort", stop);
    python.kill();
    await python.ended;
  }
}

/** Why there are no trials to the end. */
function broken({ by, said }: PythonEnd, files: readonly SourceFile[], told?: string): IcrlError {
  const python = pythonProgram();
  const last = said.trim().split("\n").at(-1)?.trim() ?? "";
  if (by === "not started") {
    const text = `${python} cannot be started (${last}): install Python 3.10 or newer, or name one in ICRL_PYTHON`;
    return new IcrlError("PYTHON_UNAVAILABLE", text, { python });
  }
  const [, module] = /No module named '?([\w.]+)/.exec(last) ?? [];
  if (module !== undefined) {
    const text = `${python} has no module ${module}: pip install "./clients/python[import]" in a checkout of icrl, or name in ICRL_PYTHON a Python that has it`;
    return new IcrlError("PYTHON_UNAVAILABLE", text, { python });
  }
  if (typeof by === "string") {
    const names = files.map(({ path }) => path).join(", ");
    return new IcrlError(
      "IMPORT_INVALID",
      `${names}: ${python} was ended by ${by} while it read: a file is damaged, or memory was short`,
    );
  }
  return told === undefined || last !== ""
    ? new IcrlError("PYTHON_UNAVAILABLE", `${python} failed while it read (exit code ${by}): ${last}`, { python })
    : new IcrlError("PYTHON_UNAVAILABLE", told, { python });
}
