/**
 * What a decision of the transformer costs: `npm run bench:decide [-- --json] [-- --quick]`.
 *
 * The agent's own decoder, in this process alone: a token is read and its logits are taken, for each of so many envs in turn, over a
 * whole trial of 200 steps, so that half the context is seen on average. 8 layers, width 32, 4 heads, tokens as of the linear bandit
 * of 10 arms with 5 features. CPU time, and the least of several rounds: neighbours on the machine change it less.
 */
import { createDecoder } from "../agents/transformer/infer.js";
import { modelConfig } from "../agents/transformer/model-config.js";
import { flopsPerToken, initParameters, parameterCount } from "../agents/transformer/parameters.js";
import { type TokenConfig, writeOutcome, writeSituation } from "../agents/transformer/token-layout.js";
import { rngFromSeed } from "../common/rng.js";
import { benchFlags } from "./bench-flags.js";

const { values: flags } = benchFlags("bench:decide", {
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
});
const CONTEXT = 200;
const ENVS = flags.quick ? [1, 64] : [1, 64, 512];
/** Decisions of a round and of all rounds, as far as whole trials of all envs allow. */
const ROUND = 2_000;
const ALL = flags.quick ? 10_000 : 40_000;

const tokens: TokenConfig = {
  layout: "step",
  max_actions: 10,
  num_states: 1,
  dim: 5,
  horizon: CONTEXT,
  reward_mean: 0,
  reward_std: 1,
};
const model = modelConfig({ layers: 8, width: 32, heads: 4 }, tokens, CONTEXT);
const rng = rngFromSeed(1n);
const decoder = createDecoder(model, initParameters(model, rng));

/** Tokens of a trial; all envs read the same. */
const trial = Array.from({ length: CONTEXT }, (_, step) => {
  const token = new Float32Array(model.token_size);
  const arms = Float32Array.from({ length: 50 }, () => rng.uniform());
  writeSituation(token, 0, tokens, { arms, state: 0, step });
  const outcome = { action: rng.integer(10), reward: rng.normal(), terminated: false, truncated: false };
  if (step > 0) writeOutcome(token, 0, tokens, outcome);
  return token;
});

function playRound(numEnvs: number): number {
  const logits = new Float64Array(model.max_actions);
  const sequences = Array.from({ length: numEnvs }, () => decoder.sequence());
  const trials = Math.max(1, Math.round(ROUND / (numEnvs * CONTEXT)));
  const start = process.cpuUsage().user;
  for (let n = 0; n < trials; n += 1) {
    for (const sequence of sequences) sequence.clear();
    for (const token of trial) {
      for (const sequence of sequences) {
        sequence.push(token);
        sequence.logits(logits);
      }
    }
  }
  return (process.cpuUsage().user - start) / (trials * CONTEXT * numEnvs);
}

playRound(1); // compiles
const costs = ENVS.map((envs) => {
  const rounds = Math.max(1, Math.round(ALL / Math.max(ROUND, envs * CONTEXT)));
  const us = Math.min(...Array.from({ length: rounds }, () => playRound(envs)));
  return { envs, us_per_decision: us, decisions_per_second: 1e6 / us };
});
if (flags.json) console.log(JSON.stringify({ model, parameters: parameterCount(model), costs }, undefined, 2));
else {
  const million = (flopsPerToken(model) / 1e6).toFixed(2);
  console.log(
    `8 layers, width 32, context ${CONTEXT}: ${parameterCount(model)} parameters, ${million} MFLOP a token\n`,
  );
  console.log(`${"envs".padStart(5)}${"us a decision".padStart(16)}${"decisions a second".padStart(21)}`);
  for (const { envs, us_per_decision, decisions_per_second } of costs) {
    const cells = [us_per_decision.toFixed(0).padStart(16), decisions_per_second.toFixed(0).padStart(21)];
    console.log(`${String(envs).padStart(5)}${cells.join("")}`);
  }
}
