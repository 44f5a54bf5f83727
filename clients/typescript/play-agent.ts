/** Free play: an agent plays a number of trials of a task that it chooses. */
import { resolveOptions } from "../../common/options.js";
import type { Closed, Opened, TrialEnd } from "../../proto/gen/icrl/v1/environment.js";
import { activeEnvs } from "./active-envs.js";
import type { Connection } from "./connect.js";
import type { Agent } from "./define-agent.js";
import type { PlayStream } from "./play-stream.js";
import { type FreePlay, introduce, open, playToEnd, requireSeries } from "./session.js";
import { createTrialScoring, type PlayTotals } from "./trial-scores.js";

/** How far play has come. */
export interface PlayProgress {
  readonly trials: number;
  /** Trials of these that are durable in the server's log. */
  readonly durableTrials: number;
  readonly steps: number;
}

/** What to play, and how. */
export interface PlayAgentOptions extends FreePlay {
  /** The agent's own options. */
  readonly agentOptions?: Readonly<Record<string, unknown>>;
  /** Sessions side by side, so that the server and the agent compute at the same time; trials and envs are shared out. 1 by default. */
  readonly streams?: number;
  /** Whether the server is told the probabilities of all actions at every step, which its log keeps, where the agent knows them; false by default. */
  readonly probabilities?: boolean;
  readonly onOpened?: (opened: Opened) => void;
  readonly onTrialEnd?: (end: TrialEnd) => void;
  readonly onProgress?: (progress: PlayProgress) => void;
}

/**
 * Plays to the end; resolves with the totals of all sessions, mean regret and return among them, once every recorded trial is durable.
 *
 * @throws IcrlError with the server's reason, or OPTION_* for the agent's options
 */
export async function playAgent(connection: Connection, agent: Agent, play: PlayAgentOptions): Promise<PlayTotals> {
  const options = resolveOptions(agent.options, play.agentOptions ?? {}, `agent "${agent.name}"`);
  const trials = play.trials ?? 1;
  const streams = Math.max(1, Math.min(play.streams ?? 1, trials, play.numEnvs ?? 1));
  const underWay: PlayStream[] = [];
  const progress = { trials: 0, durableTrials: 0, steps: 0 };
  const scoring = createTrialScoring(play);

  async function playShare(index: number): Promise<Closed> {
    const first = Math.floor((trials * index) / streams);
    const end = Math.floor((trials * (index + 1)) / streams);
    const stream = connection.play();
    underWay.push(stream);
    const own = { trials: 0, durable: 0 }; // of this share
    function progressTo(trials: number, durable: number): void {
      progress.trials += trials - own.trials;
      progress.durableTrials += durable - own.durable;
      Object.assign(own, { trials, durable });
    }
    try {
      const welcome = await introduce(stream, {
        agent: agent.name,
        agentVersion: agent.version,
        agentOptions: options,
        tasks: [...agent.tasks],
        capabilities: play.probabilities === true ? ["probabilities"] : [],
      });
      requireSeries(welcome, play);
      const opened = await open(stream, {
        ...play,
        trials: end - first,
        firstTrial: (play.firstTrial ?? 0) + first,
        numEnvs: Math.min(end - first, Math.ceil((play.numEnvs ?? 1) / streams)),
      });
      if (index === 0) play.onOpened?.(opened);
      let active = 0;
      let durableBefore = 0; // it was opened
      const closed = await playToEnd(stream, agent, options, opened, {
        onObservations(observations) {
          if (observations.reward !== undefined) progress.steps += active;
          active = activeEnvs(observations, opened.numEnvs);
          scoring.take(observations.trialEnds);
          progressTo(own.trials + observations.trialEnds.length, durableBefore + Number(observations.durableTrials));
          if (play.onTrialEnd !== undefined) for (const trialEnd of observations.trialEnds) play.onTrialEnd(trialEnd);
          play.onProgress?.(progress);
        },
        onOpenedAnew({ trials: left }) {
          durableBefore = play.record === false ? 0 : end - first - Number(left);
          progressTo(end - first - Number(left), durableBefore);
        },
      });
      progressTo(own.trials, Number(closed.durableTrials));
      play.onProgress?.(progress);
      stream.finish();
      return closed;
    } catch (error) {
      for (const other of underWay) other.cancel(); // what is left of the trials is of no use without this share
      throw error;
    }
  }

  const shares = await Promise.all(Array.from({ length: streams }, (_, index) => playShare(index)));
  const sum = (part: (share: Closed) => bigint) => shares.reduce((total, share) => total + part(share), 0n);
  return {
    completeTrials: sum((share) => share.completeTrials),
    incompleteTrials: sum((share) => share.incompleteTrials),
    episodes: sum((share) => share.episodes),
    steps: sum((share) => share.steps),
    durableTrials: sum((share) => share.durableTrials),
    finished: false,
    ...scoring.scores(),
  };
}
