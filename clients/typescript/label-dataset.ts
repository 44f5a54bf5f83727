/** Labelling: an agent says what it would have done at every step of a dataset's trials. */
import { resolveOptions } from "../../common/options.js";
import { activeEnvs } from "./active-envs.js";
import type { Connection } from "./connect.js";
import type { Agent } from "./define-agent.js";
import type { PlayStream } from "./play-stream.js";
import { introduce, openLabels, playToEnd } from "./session.js";

/** How far labelling has come. */
export interface LabelProgress {
  /** Trials labelled by this call. */
  readonly trials: number;
  /** Trials of the dataset that had no such labels when it began. */
  readonly total: number;
  readonly steps: number;
}

/** What to label, and how. */
export interface LabelDatasetOptions {
  /** Name of the labels; the agent's by default. */
  readonly label?: string;
  /** The agent's own options. */
  readonly agentOptions?: Readonly<Record<string, unknown>>;
  /** Envs side by side in each session, at most; 1024 by default. */
  readonly numEnvs?: number;
  /** Sessions side by side; 2 by default, so that the server and the agent compute at the same time. */
  readonly streams?: number;
  readonly onProgress?: (progress: LabelProgress) => void;
}

/** What was labelled by a call. */
export interface LabelTotals {
  readonly trials: number;
  readonly episodes: number;
  readonly steps: number;
}

/**
 * Labels the dataset of a server that was started with one; resolves once all its trials have these labels, and they are durable:
 * with zeros where they had before.
 *
 * @throws IcrlError with the server's reason, or OPTION_* for the agent's options
 */
export async function labelDataset(
  connection: Connection,
  agent: Agent,
  { label = agent.name, agentOptions = {}, numEnvs = 1024, streams = 2, onProgress }: LabelDatasetOptions = {},
): Promise<LabelTotals> {
  const options = resolveOptions(agent.options, agentOptions, `agent "${agent.name}"`);
  const totals = { trials: 0, episodes: 0, steps: 0 };
  const progress = { trials: 0, total: 0, steps: 0 };
  const underWay: PlayStream[] = [];

  async function labelUntilFinished(): Promise<void> {
    const stream = connection.play();
    underWay.push(stream);
    try {
      await introduce(stream, {
        agent: agent.name,
        agentVersion: agent.version,
        agentOptions: options,
        tasks: [...agent.tasks],
      });
      for (;;) {
        const opened = await openLabels(stream, label, numEnvs);
        if (opened === undefined) break;
        progress.total = Math.max(progress.total, progress.trials + Number(opened.trials));
        let active = 0;
        const closed = await playToEnd(stream, agent, options, opened, {
          onObservations(observations) {
            if (observations.reward !== undefined) progress.steps += active;
            active = activeEnvs(observations, opened.numEnvs);
            progress.trials += observations.trialEnds.length;
            onProgress?.(progress);
          },
          onOpenedAnew(again) {
            progress.trials = Math.max(0, progress.total - Number(again.trials)); // what was labelled and not kept is labelled once more
          },
        });
        totals.trials += Number(closed.completeTrials);
        totals.episodes += Number(closed.episodes);
        totals.steps += Number(closed.steps);
      }
      stream.finish();
    } catch (error) {
      for (const other of underWay) other.cancel(); // they would wait for the trials that this one gave up
      throw error;
    }
  }

  await Promise.all(Array.from({ length: streams }, labelUntilFinished));
  return totals;
}
