import { choice, integer, text } from "../../../common/options.js";
import { INSTANCES_OPTION, instancesOf } from "../chosen-instances.js";
import { type FileHead, namesOf, pinnedFile } from "../pinned-file.js";
import { defineTask, type RewardSpec, type TaskFamily } from "../task.js";
import { banditCost, banditEnv } from "./bandit-env.js";

/** Bandits of a file, checked: all of them have the same number of arms and kind of rewards. */
export interface BanditFile extends FileHead {
  /** Steps of the one episode, where no option says otherwise. */
  readonly horizon: number;
  readonly reward: RewardSpec;
  /** Means of the arms, [A] of each instance; at least one. */
  readonly instances: readonly Float64Array[];
}

/**
 * Bandits of one's own: the arms' means from a file that the server was given.
 *
 * Where a file has several instances, a trial's is number floor(u n) of those that `instances` names, u the first uniform
 * of the task seed's stream "instance". Rewards are as of the Bernoulli and the Gaussian bandit. The file's sha256 is one of the task's options.
 */
export function banditOfFile(files: readonly BanditFile[]): TaskFamily {
  return defineTask({
    name: "bandit",
    version: 1,
    summary: "Bandits of a file: the arms' means as somebody wrote them down, with Bernoulli or normal rewards.",
    source: "the file; docs/tasks-of-your-own.md says how it is written",
    options: {
      file: choice(namesOf(files), {
        default: files[0].name,
        help: "the file, by the name that the server has for it",
      }),
      instances: INSTANCES_OPTION,
      sha256: text({ default: "", help: "of the file, in hexadecimal; what is not given is set to what the file has" }),
      horizon: integer({ default: 0, min: 0, max: 100_000, help: "steps of the one episode, T; 0: as the file says" }),
    },
    build({ file: name, instances: named, sha256, horizon: given }) {
      const { file, pinned } = pinnedFile(files, name, sha256);
      const { reward, instances } = file;
      const { of, instanceOf } = instancesOf(named, instances.length);
      const horizon = given || file.horizon;
      return {
        pinned,
        kinds: reward.kind === "bernoulli" ? ["bandit", "bernoulli"] : ["bandit"],
        numActions: instances[0].length,
        observationSpace: { type: "none" },
        trialFeaturesShape: [],
        horizon,
        episodes: 1,
        reward,
        drawing: { as: "arms" },
        cost: banditCost(instances[0].length, horizon, 100),
        instanceOf,
        instantiate(taskSeed, noiseSeed) {
          const means = instances[of(taskSeed)];
          return banditEnv({ means, horizon, reward, noiseSeed });
        },
      };
    },
  });
}
