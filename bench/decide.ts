/**
 * What a decision of the transformer costs: `npm run bench:decide [-- --json] [-- --quick]`.
 *
 * The agent's own decoder, in this process alone: a token is read and its logits are taken, for each of so many envs in turn, over a
 * whole trial of 200 steps, so that half the context is seen on average. 8 layers, width 32, 4 heads, tokens as of the linear bandit
 * of 10 arms with 5 features. Each step of the trial is timed, 16 envs at a time, in several rounds, which alternate between the numbers
 * of envs: the least of these times is what it costs undisturbed, and their median what it cost beside the machine's neighbours.
 *
 * Where the time goes follows from these: a trial's first step, of one env, has the products and norms, and no past to attend to; what
 * later ones cost beside is attention; what more envs cost beside is the way to memory, for their keys and values are not in the cache.
 */
import { createDecoder } from "../agents/transformer/infer.js";
import { modelConfig, modelOptions } from "../agents/transformer/model-config.js";
import { flopsPerToken, initParameters, parameterCount } from "../agents/transformer/parameters.js";
import { type TokenConfig, writeOutcome, writeSituation } from "../agents/transformer/token-layout.js";
import { rngFromSeed } from "../common/rng.js";
import { benchFlags } from "./bench-flags.js";

const { values: flags } = benchFlags("bench:decide", {
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
});
const CONTEXT = 200;
/** Numbers of envs, and rounds of each. */
const ENVS = [
  { envs: 1, rounds: flags.quick ? 50 : 200 },
  { envs: 64, rounds: flags.quick ? 3 : 12 },
  ...(flags.quick ? [] : [{ envs: 512, rounds: 4 }]),
];

const tokens: TokenConfig = {
  layout: "step",
  maxActions: 10,
  numStates: 1,
  dim: 5,
  horizon: CONTEXT,
  rewardMean: 0,
  rewardStd: 1,
};
const model = modelConfig(modelOptions({ layers: 8, width: 32, heads: 4 }), tokens, CONTEXT);
const rng = rngFromSeed(1n);
const decoder = createDecoder(model, initParameters(model, rng));

/** Tokens of a trial; all envs read the same. */
const trial = Array.from({ length: CONTEXT }, (_, step) => {
  const token = new Float32Array(model.tokenSize);
  const arms = Float32Array.from({ length: 50 }, () => rng.uniform());
  writeSituation(token, 0, tokens, { arms, state: 0, step });
  const outcome = { action: rng.integer(10), reward: rng.normal(), terminated: false, truncated: false };
  if (step > 0) writeOutcome(token, 0, tokens, outcome);
  return token;
});

const sequences = Array.from({ length: Math.max(...ENVS.map(({ envs }) => envs)) }, () => decoder.sequence());
const logits = new Float64Array(model.maxActions);

/** Plays a trial in so many envs; adds microseconds of a decision at each step to those that were found before. */
function playRound(envs: number, times: readonly number[][]): void {
  const groups = Array.from({ length: Math.ceil(envs / 16) }, (_, g) =>
    sequences.slice(16 * g, 16 * g + Math.min(16, envs)),
  );
  for (const [step, token] of trial.entries()) {
    for (const group of groups) {
      const start = performance.now();
      for (const sequence of group) {
        sequence.push(token);
        sequence.outputs(logits);
      }
      times[step].push(((performance.now() - start) * 1000) / group.length);
    }
  }
  for (const sequence of sequences.slice(0, envs)) sequence.clear();
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
const perStep = (): number[][] => trial.map(() => []);

for (let round = 0; round < 20; round += 1) playRound(1, perStep()); // until V8 has compiled the kernels for good
const timed = ENVS.map((one) => ({ ...one, times: perStep() }));
const mostRounds = Math.max(...ENVS.map(({ rounds }) => rounds));
for (let round = 0; round < mostRounds; round += 1) {
  for (const { envs, rounds, times } of timed) {
    if (Math.floor((round * rounds) / mostRounds) < Math.floor(((round + 1) * rounds) / mostRounds))
      playRound(envs, times);
  }
}

const costs = timed.map(({ envs, times }) => {
  const least = mean(times.map((step) => Math.min(...step)));
  return {
    envs,
    us_per_decision: least,
    median_us_per_decision: mean(times.map(median)),
    decisions_per_second: 1e6 / least,
  };
});
const alone = costs[0].us_per_decision;
const firstStep = Math.min(...timed[0].times[0]);
const many = costs[costs.length - 1];
const flops = flopsPerToken(model);
const attentionFlops = (4 * model.layers * model.width * (CONTEXT + 1)) / 2;
const parts = [
  { part: "products and norms", us: firstStep, gflops: (flops - attentionFlops) / firstStep / 1000 },
  { part: "attention", us: alone - firstStep, gflops: attentionFlops / (alone - firstStep) / 1000 },
  { part: `memory, of ${many.envs} envs`, us: many.us_per_decision - alone, gflops: 0 },
].map((one) => ({ ...one, share: one.us / many.us_per_decision }));

const report = { model, parameters: parameterCount(model), flops, memory_bytes: decoder.memoryBytes, costs, parts };
if (flags.json) console.log(JSON.stringify(report, undefined, 2));
else {
  const kiloflops = (flops / 1000).toFixed(0);
  const size = `${report.parameters} parameters, ${kiloflops} kFLOP a token`;
  console.log(`8 layers, width 32, context ${CONTEXT}: ${size}, ${(decoder.memoryBytes / 2 ** 20).toFixed(0)} MiB\n`);
  console.log(
    `${"envs".padStart(5)}${"us a decision".padStart(16)}${"median".padStart(9)}${"decisions/s".padStart(14)}`,
  );
  for (const { envs, us_per_decision, median_us_per_decision, decisions_per_second } of costs) {
    const cells = [
      us_per_decision.toFixed(1).padStart(16),
      median_us_per_decision.toFixed(1).padStart(9),
      decisions_per_second.toFixed(0).padStart(14),
    ];
    console.log(`${String(envs).padStart(5)}${cells.join("")}`);
  }
  console.log(`\n${"part".padEnd(22)}${"us".padStart(7)}${"share".padStart(8)}${"GFLOP/s".padStart(9)}`);
  for (const { part, us, share, gflops } of parts) {
    const cells = [us.toFixed(1).padStart(7), `${(100 * share).toFixed(0)} %`.padStart(8)];
    console.log(`${part.padEnd(22)}${cells.join("")}${(gflops === 0 ? "" : gflops.toFixed(1)).padStart(9)}`);
  }
}
