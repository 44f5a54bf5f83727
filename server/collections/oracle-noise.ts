/**
 * The behaviour that needs the truth: the best action, with noise that fades away along the trial.
 *
 *   with probability epsilon_t any action, uniformly; else the best one
 *
 * So a trial looks like a learning history though nobody learns in it. Propensities are exact. It runs inside the server, which marks its trajectories privileged.
 *
 * Source: Zisman et al. (2024), "Emergence of In-Context Reinforcement Learning from Noise Distillation", arXiv 2312.12275.
 * Differs: the oracle takes the place of a trained policy.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../common/clock.js";
import type { Reason } from "../../common/errors.js";
import type { Resolved } from "../../common/options.js";
import { type Rng, rngFromSeed } from "../../common/rng.js";
import type { Slices } from "../../common/slices.js";
import { VERSION } from "../../common/version.js";
import { type Counters, tallyInto } from "../sessions/counters.js";
import type { Answer, LockStep } from "../sessions/lock-step.js";
import { createPlay } from "../sessions/play.js";
import { type PlayedDriver, playedDriver } from "../sessions/played-driver.js";
import { noiseAt, ORACLE_NOISE, type ORACLE_NOISE_OPTIONS } from "../tasks/oracle-noise-options.js";
import { createRecorder } from "../trajectories/recorder.js";
import type { TrajectorySink } from "../trajectories/sink.js";
import type { WorkLine } from "../work/work-queue.js";
import type { CollectionPart } from "./part.js";

/** Bytes that may wait for the disk before the behaviour does. */
const MAX_BACKLOG_BYTES = 16 << 20;

/**
 * Plays what is left of a part.
 *
 * @param collectionId of the part's collection
 * @param numEnvs trials side by side, at least 1
 * @param work where it plays; when that is closed it gives up, and what is under way is not recorded
 * @param stopped why it was given up, if not because the server stops
 */
export async function playOracleNoise(
  part: CollectionPart,
  collectionId: string,
  numEnvs: number,
  sink: TrajectorySink,
  counters: Counters,
  work: WorkLine,
  stopped: () => Reason | undefined,
  clock: Clock,
): Promise<void> {
  const { task } = part.task;
  const driver = playedDriver({
    task,
    numEnvs,
    source: part.source,
    run: {
      sessionId: randomUUID(),
      tournamentId: undefined,
      collectionId,
      entrant: part.behaviour.name,
      taskId: part.task.id,
      task: task.name,
      taskVersion: task.version,
      taskOptionsJson: JSON.stringify(task.options),
      agent: ORACLE_NOISE,
      agentVersion: "1",
      agentOptionsJson: JSON.stringify(part.behaviour.options),
      language: "typescript",
      purpose: "collect",
      serverVersion: VERSION,
      privileged: true,
      behaviourComponent: part.behaviour.name,
      tagsJson: "{}",
    },
    recorder: createRecorder(sink, () => false),
    withholdTruth: false,
    wantsProbabilities: false,
    clock,
  });
  const play = createPlay(driver);
  const noise = createNoise(part, numEnvs, driver);
  const tally = tallyInto(counters, play.totals);
  let shown: LockStep | undefined;

  /** Plays until all is played or the disk has to catch up. @returns whether there is more */
  function* playOn(): Slices<boolean> {
    shown ??= yield* play.start();
    while (shown.activeCount > 0 && sink.backlogBytes <= MAX_BACKLOG_BYTES) {
      shown = yield* play.step(noise.answer(shown));
      tally();
    }
    return shown.activeCount > 0;
  }

  try {
    while ((await work.run(playOn())) === true) await play.whenDurable();
  } finally {
    play.abort(stopped() ?? "SERVER_DRAINING");
    tally();
  }
}

/** Chooses for N envs: near the best action, the nearer the later in the trial. */
function createNoise(part: CollectionPart, numEnvs: number, { bestAction }: PlayedDriver) {
  const options = part.behaviour.options as Resolved<typeof ORACLE_NOISE_OPTIONS>;
  const { task } = part.task;
  const { numActions } = task;
  const rngs: Rng[] = [];
  const ended = new Float64Array(numEnvs); // episodes of the trial that have ended, by env
  const steps = new Float64Array(numEnvs); // taken in the episode, by env
  const actions = new Int32Array(numEnvs);
  const propensities = new Float32Array(numEnvs);

  /** Follows the trials and episodes that have ended and begun. */
  function follow({ terminated, trialStarts }: LockStep): void {
    for (let n = 0; n < numEnvs; n++) {
      if (terminated[n] === 0) continue;
      ended[n] += 1;
      steps[n] = 0;
    }
    for (const { env, agentSeed } of trialStarts) {
      rngs[env] = rngFromSeed(agentSeed);
      ended[env] = 0;
      steps[env] = 0;
    }
  }

  return {
    /** What it does in the envs that are active. */
    answer(shown: LockStep): Answer {
      follow(shown);
      for (let n = 0; n < numEnvs; n++) {
        if (shown.active[n] === 0) continue;
        const best = bestAction(n);
        const epsilon = noiseAt(options, task, ended[n], steps[n]);
        const action = rngs[n].uniform() < epsilon ? rngs[n].integer(numActions) : best;
        actions[n] = action;
        propensities[n] = epsilon / numActions + (action === best ? 1 - epsilon : 0);
        steps[n] += 1;
      }
      return { actions, propensities, agentMs: 0 };
    },
  };
}
