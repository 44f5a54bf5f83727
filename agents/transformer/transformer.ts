import { defineAgent, type Outcome, type Turn } from "../../clients/typescript/define-agent.js";
import { IcrlError } from "../../common/errors.js";
import { choice, integer, number, text } from "../../common/options.js";
import { categoricalFromUniform } from "../../common/rng.js";
import { countMaxima, randomArgmax, writeArgmaxLaw } from "../kit/argmax.js";
import { scoreArms } from "./arm-scores.js";
import { loadModel } from "./loaded-model.js";
import { headOutputs } from "./model-config.js";
import { recentSequence } from "./recent-sequence.js";
import { requireRoom } from "./require-room.js";
import { requireFits, writeOutcome, writeSituation } from "./token-layout.js";

/**
 * The in-context transformer: plays what a model that `icrl train` made thinks the best, from what the trial has shown so far. Its
 * parameters stay as they are; what it learns in a trial is in the tokens that it sees.
 *
 * Plays an action with probability proportional to exp(logit / temperature), or the one of the largest logit. A trial is one sequence of
 * tokens across its episodes, one or two a step; keys and values of earlier tokens are kept, so that no token is computed twice. A task
 * of fewer actions, states or steps than the model's is masked; a larger one is refused. Trials are as long as they like where the model has a
 * window and positions that are not learned.
 *
 * Shapes: A actions, L layers, D width, T tokens of the trial. Memory O(L D T); time O(L D (D + T)) an action.
 * Source: Laskin et al. (2023), "In-context Reinforcement Learning with Algorithm Distillation"; Lee et al. (2023), "Supervised
 * Pretraining Can Learn In-Context Reinforcement Learning"; Lin, Bai & Mei (2023), section 2.
 * Differs: all episodes of the trial are in the context, not a window of it, unless `context` says so.
 */
export const transformer = defineAgent({
  name: "transformer",
  version: "1",
  summary: "Plays a pretrained transformer that learns within its context.",
  source: "Laskin et al. (2023); Lee et al. (2023); Lin, Bai & Mei (2023), section 2",
  tasks: [],
  options: {
    checkpoint: text({
      default: "",
      help: "folder of a checkpoint, or output folder of `icrl train`, whose latest it means; required",
    }),
    choose: choice(["sample", "argmax"], {
      default: "sample",
      help: "draw from its probabilities, or play the likeliest",
    }),
    temperature: number({ default: 1, min: 0.01, max: 100, help: "what logits are divided by where it samples" }),
    context: integer({
      default: 0,
      min: 0,
      max: 1_000_000,
      help: "tokens it may see, the last ones, as if the trial began with them; 0: all. Computes them anew at each step",
    }),
  },
  create(trial, { checkpoint, choose, temperature, context }, rng) {
    if (checkpoint === "") {
      throw new IcrlError(
        "OPTION_INVALID",
        'agent "transformer" has no checkpoint: give one with --option checkpoint=DIR, as `icrl train SPEC.yaml --out DIR` makes it',
        { option: "checkpoint" },
      );
    }
    const loaded = loadModel(checkpoint);
    const { model, tokens, decoder } = loaded;
    requireFits(tokens, trial);
    requireRoom(loaded, trial, context);
    const whole = decoder.sequence();
    const sequence = context === 0 ? whole : recentSequence(whole, model.tokenSize, context, model.stride);

    const token = new Float32Array(model.tokenSize);
    const logits = new Float64Array(trial.numActions);
    const law = new Float64Array(trial.numActions); // of the choice at the turn that was read last
    const read = { episode: -1, step: -1 };
    const weights = new Float64Array(model.armDim === 0 ? 0 : headOutputs(model)); // that arms are scored by
    let hasOutcome = false; // whether `token` holds one, which the next turn pushes
    let propensity = Number.NaN;

    /** Reads the turn, once however often it is asked for, and finds the law of the choice. */
    function readTurn(turn: Turn): void {
      if (read.episode === turn.episode && read.step === turn.step) return;
      read.episode = turn.episode;
      read.step = turn.step;
      if (hasOutcome && tokens.layout === "lin2023") sequence.push(token);
      if (!hasOutcome || tokens.layout === "lin2023") token.fill(0);
      hasOutcome = false;
      const { step, state } = turn;
      const arms = turn.arms?.data;
      writeSituation(token, 0, tokens, { step, state, arms });
      sequence.push(token);
      if (model.armDim === 0) sequence.outputs(logits);
      else {
        sequence.outputs(weights);
        scoreArms(logits, 0, logits.length, weights, 0, arms as Float32Array, 0, trial.dim);
      }
      if (choose === "argmax") writeArgmaxLaw(law, logits);
      else writeSoftmax(law, logits, temperature);
    }

    return {
      get propensity() {
        return propensity;
      },
      act(turn) {
        readTurn(turn);
        const action =
          choose === "argmax"
            ? randomArgmax(logits, 0, logits.length, countMaxima(logits), rng)
            : categoricalFromUniform(rng.uniform(), law, 0, law.length);
        propensity = law[action];
        return action;
      },
      probabilities(turn, target) {
        readTurn(turn);
        target.set(law);
      },
      observe({ action, arms, reward, episode, terminated, truncated, state, step, nextState }: Outcome) {
        token.fill(0);
        writeOutcome(token, 0, tokens, {
          action,
          arms: arms?.data,
          reward,
          terminated,
          truncated,
          state,
          step,
          nextState,
        });
        hasOutcome = true;
        if ((terminated || truncated) && episode === trial.episodes - 1) sequence.clear(); // the trial is over
      },
    };
  },
});

/** law[a] = exp(logits[a] / temperature) / sum. */
function writeSoftmax(law: Float64Array, logits: Float64Array, temperature: number): void {
  const n = logits.length;
  let largest = -Infinity;
  for (let a = 0; a < n; a += 1) largest = Math.max(largest, logits[a]);
  let sum = 0;
  for (let a = 0; a < n; a += 1) {
    law[a] = Math.exp((logits[a] - largest) / temperature);
    sum += law[a];
  }
  for (let a = 0; a < n; a += 1) law[a] /= sum;
}
