import { IcrlError } from "../../../common/errors.js";
import { choice, integer, text } from "../../../common/options.js";
import { planBytes } from "../backward-induction.js";
import { INSTANCES_OPTION, instancesOf } from "../chosen-instances.js";
import { type FileHead, namesOf, pinnedFile } from "../pinned-file.js";
import { defineTask, type RewardSpec, type StepDrawing, type TaskFamily } from "../task.js";
import { type MdpTruth, tabularCost, tabularEnv } from "./tabular-env.js";

/** MDPs of a file, checked: all of them have the same states, actions and kind of rewards. */
export interface TabularFile extends FileHead {
  /** Steps of an episode, where no option says otherwise. */
  readonly horizon: number;
  readonly numActions: number;
  /** Bounds are those of all of them together. */
  readonly reward: RewardSpec;
  readonly drawing: StepDrawing;
  readonly actionNames?: readonly string[];
  /** At least one. */
  readonly instances: readonly MdpTruth[];
}

/** Bytes of the plans of all instances of a task, up to which they are solved once and shared by trials. */
const SHARED_PLAN_BYTES = 1 << 26;

/** The most bytes of one plan: more than a session may hold is refused here by name. */
const MOST_PLAN_BYTES = 1 << 28;

/**
 * Tabular MDPs of one's own: transitions and rewards from a file that the server was given.
 *
 * Where a file has several instances, a trial's is number floor(u n) of those that `instances` names, u the first uniform
 * of the task seed's stream "instance". Noise is as of every tabular MDP: the next state is the categorical transform of channel transition over
 * the successors that have a chance, in the order of the states; rewards are the numbers of the file (deterministic), 1
 * with that probability (bernoulli) or that mean plus normal noise (gaussian), from channel reward.
 *
 * The file's sha256 is one of the task's options, whether it was asked for or not: it stands in the log, and what was
 * played on another file is not played again.
 */
export function tabularMdp(files: readonly TabularFile[]): TaskFamily {
  return defineTask({
    name: "tabular-mdp",
    version: 1,
    summary: "MDPs of a file: transitions, rewards, terminal states and start as somebody wrote them down.",
    source: "the file; docs/tasks-of-your-own.md says how it is written",
    options: {
      file: choice(namesOf(files), {
        default: files[0].name,
        help: "the file, by the name that the server has for it",
      }),
      instances: INSTANCES_OPTION,
      sha256: text({ default: "", help: "of the file, in hexadecimal; what is not given is set to what the file has" }),
      horizon: integer({ default: 0, min: 0, max: 100_000, help: "steps of an episode, H; 0: as the file says" }),
      episodes: integer({ default: 100, min: 1, max: 100_000, help: "episodes of a trial, K" }),
    },
    build({ file: name, instances: named, sha256, horizon: given, episodes }) {
      const { file, pinned } = pinnedFile(files, name, sha256);
      const { numActions, reward, drawing, actionNames, instances } = file;
      const horizon = given || file.horizon;
      const { of, instanceOf } = instancesOf(named, instances.length);
      const [{ numStates, successors }] = instances;
      const bytes = planBytes(numStates, horizon);
      if (bytes > MOST_PLAN_BYTES) {
        throw new IcrlError(
          "OPTION_INVALID",
          `horizon is ${horizon} with the ${numStates} states of "${name}": solving it would take ${bytes} bytes, at most ${MOST_PLAN_BYTES}; make it shorter`,
          { option: "horizon", value: String(horizon) },
        );
      }
      // Trials whose truth is the same object share its plan; where all plans together would be large, each has its own.
      const shares = bytes * instances.length <= SHARED_PLAN_BYTES;
      const truths = instances.map((truth): MdpTruth => ({ ...truth }));
      const pairs = numStates * numActions;
      return {
        pinned,
        kinds: ["tabular-mdp"],
        numActions,
        observationSpace: { type: "discrete", n: numStates },
        trialFeaturesShape: [],
        horizon,
        episodes,
        reward,
        drawing,
        actionNames,
        cost: tabularCost({ draws: 100, pairs, candidates: successors.length, horizon, rows: horizon, bytes }),
        instanceOf,
        instantiate(taskSeed, noiseSeed) {
          const truth = truths[of(taskSeed)];
          return tabularEnv({ truth: shares ? truth : { ...truth }, horizon, reward, noiseSeed });
        },
      };
    },
  });
}
