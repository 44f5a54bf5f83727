/** Labelling: an agent says what it would have done at every step of a dataset's trials. */
import { resolveOptions } from "../../common/options.js";
import type { Observations, Opened } from "../../proto/gen/icrl/v1/environment.js";
import { activeEnvs } from "./active-envs.js";
import type { Connection } from "./connect.js";
import type { Agent } from "./define-agent.js";
import type { PlayStream } from "./play-stream.js";
import { introduce, openLabels, playToEnd } from "./session.js";

/** How far labelling has come. */
export interface LabelProgress {
  /** Trials labelled by this call; one that a server that was started again asks for once more counts once. */
  readonly trials: number;
  /** Trials of the dataset that had no such labels when it began. */
  readonly total: number;
  /** Steps of all that was answered, what was asked for once more too. */
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

/** What was labelled by a call; each trial once, however often its server was started again and asked for it. */
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
  const tally = createTally();
  const progress = { trials: 0, total: 0, steps: 0 };
  const underWay: PlayStream[] = [];

  async function labelUntilFinished(): Promise<void> {
    const stream = connection.play();
    underWay.push(stream);
    try {
      const { resumeToken } = await introduce(stream, {
        agent: agent.name,
        agentVersion: agent.version,
        agentOptions: options,
        tasks: [...agent.tasks],
      });
      if (resumeToken !== "") tally.remember();
      for (let first = true; ; first = false) {
        const opened = await openLabels(stream, label, numEnvs);
        if (opened === undefined) break;
        // Later ones have those that others label in their total, and what a server lost that was started again.
        if (first) progress.total = Math.max(progress.total, progress.trials + Number(opened.trials));
        let labelled = tally.opened(opened);
        await playToEnd(stream, agent, options, opened, {
          onObservations(observations) {
            progress.steps += labelled(observations);
            progress.trials = tally.totals.trials;
            onProgress?.(progress);
          },
          onOpenedAnew(again) {
            tally.askedAgain();
            labelled = tally.opened(again);
          },
        });
      }
      stream.finish();
    } catch (error) {
      for (const other of underWay) other.cancel(); // they would wait for the trials that this one gave up
      throw error;
    }
  }

  await Promise.all(Array.from({ length: streams }, labelUntilFinished));
  return { ...tally.totals };
}

/**
 * Counts what is labelled. A server that is started again has the labels that it had written: it asks for the other trials once more, those too
 * that had been answered to their ends, and only their seeds tell which they are.
 */
function createTally() {
  const totals = { trials: 0, episodes: 0, steps: 0 };
  /** Of trials that were counted. */
  const seeds = new Set<bigint>();
  let remembers = false;
  let again = false;
  return {
    totals,
    /** The server may be started again: from now on it is known what was counted. */
    remember() {
      remembers = true;
    },
    /** It was. */
    askedAgain() {
      again = true;
    },
    /** Takes the observations of what a session has opened; gives the steps that were answered since the ones before. */
    opened({ task, numEnvs }: Opened): (observations: Observations) => number {
      let active = 0;
      /** By env: the trial's seed, and where it began. */
      const begun: { readonly seed: bigint; readonly at: bigint }[] = [];
      return (observations) => {
        const steps = observations.reward === undefined ? 0 : active;
        active = activeEnvs(observations, numEnvs);
        for (const { env } of observations.trialEnds) {
          const { seed, at } = begun[env];
          if (again && seeds.has(seed)) continue;
          if (remembers) seeds.add(seed);
          totals.trials += 1;
          totals.episodes += task?.episodes ?? 0;
          totals.steps += Number(observations.stepIndex - at); // every env takes every step
        }
        for (const { env, agentSeed } of observations.trialStarts) {
          begun[env] = { seed: agentSeed, at: observations.stepIndex };
        }
        return steps;
      };
    },
  };
}
