/** An expert in any language labels a dataset: what `icrl dataset label --command` does. */
import { createInterface } from "node:readline";
import { IcrlError } from "../../common/errors.js";
import { visible } from "../../common/visible-text.js";
import { readDatasetManifest } from "../../datasets/folder/dataset-manifest.js";
import { abortable } from "../abortable.js";
import { type CommandLaunch, requireProgram } from "../launch/launch.js";
import type { JobListener } from "../listener.js";
import { programPath } from "../processes/environment-path.js";
import type { PrivateServer } from "../processes/private-server.js";
import { startCommand } from "../processes/program.js";
import { labelledSoFar, tellLabelled } from "./label-progress.js";
import { withLabelServer } from "./label-server.js";

/** What to label, by whom. */
export interface CommandLabelPlan {
  /** Folder of a finished dataset. */
  readonly dir: string;
  readonly launch: CommandLaunch;
  /** Name of the labels. */
  readonly name: string;
  /** The expert's options, as `name=value` texts. */
  readonly options: readonly string[];
}

/** How often it is looked how far the labels are, in milliseconds. */
const LOOK_MS = 1000;
/** How long the command may go on once all are there, in milliseconds. */
const LEAVE_MS = 30_000;

/**
 * Has a dataset labelled by a command, which is started as `COMMAND --connect HOST:PORT --label NAME --option name=value ...`. What it says
 * is told, and how far the labels are. Resolves once all trials have these labels and the manifest has them.
 *
 * @throws SPEC_INVALID if there is no such program
 * @throws AGENT_CRASHED, AGENT_CLOSED if it ends before that: the same plan goes on; the signal's reason once it is aborted
 */
export async function labelByCommand(
  { dir, launch, name, options }: CommandLabelPlan,
  listener: JobListener,
  signal: AbortSignal,
): Promise<void> {
  requireProgram(launch, `expert "${name}"`, programPath());
  const isLabelled = () => Object.hasOwn(readDatasetManifest(dir).labels, name);
  const label = async ({ address, metricsUrl }: PrivateServer) => {
    listener.doing(`labels "${name}": its command is running`);
    const flags = ["--connect", address, "--label", name, ...options.flatMap((option) => ["--option", option])];
    const command = startCommand([...launch.words, ...flags], { folder: launch.folder });
    for (const words of [command.stdout, command.stderr]) {
      createInterface({ input: words }).on("line", (line) => listener.say(visible(line)));
    }
    let leave: NodeJS.Timeout | undefined;
    const tell = async () => {
      const found = metricsUrl === undefined ? undefined : await labelledSoFar(metricsUrl);
      if (found !== undefined) tellLabelled(name, found, listener);
    };
    let telling: Promise<void> | undefined; // one at a time: what is told later is not to be older
    const look = setInterval(() => {
      telling ??= tell().finally(() => {
        telling = undefined;
      });
      if (leave === undefined && isLabelled()) leave = setTimeout(() => command.kill(), LEAVE_MS);
    }, LOOK_MS);
    try {
      const { by, error } = await abortable(command.ended, signal);
      clearInterval(look);
      await telling;
      await tell(); // it may have been quicker than a look
      if (isLabelled()) return;
      const how = error?.message ?? `${typeof by === "number" ? "exit code" : "signal"} ${by}`;
      throw new IcrlError(
        by === 0 ? "AGENT_CLOSED" : "AGENT_CRASHED",
        `the command ended (${how}) before all trials of ${dir} had labels "${name}": run the same command again to go on`,
      );
    } finally {
      clearInterval(look);
      clearTimeout(leave);
      command.kill();
      await command.ended;
    }
  };
  await withLabelServer(dir, listener, signal, label, ["--metrics", "127.0.0.1:0"]);
}
