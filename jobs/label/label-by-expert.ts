/** What an expert would have done at every step of a folder's trajectories: what `icrl dataset label` does. */
import type { Connection } from "../../clients/typescript/connect.js";
import type { Agent } from "../../clients/typescript/define-agent.js";
import { type LabelTotals, labelDataset } from "../../clients/typescript/label-dataset.js";
import { abortable } from "../abortable.js";
import { connectTo } from "../connect-to.js";
import type { JobListener } from "../listener.js";
import { tellLabelled } from "./label-progress.js";
import { withLabelServer } from "./label-server.js";

/** What to label, by whom. */
export interface LabelPlan {
  /** Folder with data/: a dataset, or what is collected of one that nobody writes to now. */
  readonly dir: string;
  readonly expert: Agent;
  /** Name of the labels. */
  readonly name: string;
  /** Options of the expert that differ from their defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Envs side by side in each session, at most; 1024 by default. */
  readonly envs?: number;
  /** Sessions side by side; 2 by default. */
  readonly streams?: number;
}

/**
 * Has a folder's trials labelled, on a private server, by an expert in this process: those that have no such labels yet. Resolves
 * once the labels are durable, and entered in the manifest where there is one.
 *
 * @throws the signal's reason once it is aborted, or IcrlError with the server's reason: NOT_A_LOG, TASK_UNSUPPORTED, LABEL_CONFLICT, ...
 */
export async function labelByExpert(plan: LabelPlan, listener: JobListener, signal: AbortSignal): Promise<LabelTotals> {
  const { dir, expert, name, options, envs, streams } = plan;
  return withLabelServer(dir, listener, signal, async ({ address }) => {
    let connection: Connection | undefined;
    try {
      connection = await connectTo(address, listener, signal);
      const labelled = labelDataset(connection, expert, {
        label: name,
        agentOptions: options,
        numEnvs: envs,
        streams,
        onProgress: (progress) => tellLabelled(name, progress, listener),
      });
      return await abortable(labelled, signal);
    } finally {
      connection?.close();
    }
  });
}
