import { IcrlError } from "../../common/errors.js";
import { isUnbounded, type ModelConfig } from "./model-config.js";

/** How long a task's trials are. */
interface TrialLength {
  readonly task: string;
  /** Steps of an episode. */
  readonly horizon: number;
  readonly episodes: number;
}

/**
 * Sees that the trial's tokens fit into the model's context.
 *
 * @param context tokens that the model is shown, the last ones; 0: all
 * @throws TASK_UNSUPPORTED if there are too many
 * @throws OPTION_INVALID if more are to be seen than the model was trained on
 */
export function requireRoom(
  { folder, model }: { readonly folder: string; readonly model: ModelConfig },
  trial: TrialLength,
  context: number,
): void {
  if (isUnbounded(model)) return;
  if (context > model.context) {
    throw new IcrlError(
      "OPTION_INVALID",
      `option "context" of agent "transformer" is ${context}: the model of ${folder} was trained on ${model.context} tokens, give no more`,
      { option: "context" },
    );
  }
  const steps = trial.horizon * trial.episodes;
  const length = (steps - 1) * model.stride + 1; // what follows the last decision is not read
  if (context > 0 || length <= model.context) return;
  const fits = Math.floor((model.context - 1) / model.stride) + 1;
  throw new IcrlError(
    "TASK_UNSUPPORTED",
    `a trial of "${trial.task}" has ${steps} steps (${trial.episodes} x ${trial.horizon}), the model of ${folder} has room for ${fits}: ` +
      `train one on longer trials, or one with a window and any positions but learned; or let this one see the last ${model.context} tokens ` +
      `only, with --option context=${model.context}`,
  );
}
