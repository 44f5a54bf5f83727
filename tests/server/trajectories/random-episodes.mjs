/** Episodes for tests: a function of their number alone, so that whoever reads them knows what was written. Plain JavaScript,
 * because spawned processes import it too. */
import { rngFromSeed } from "#icrl/common/rng.js";

const RUNS = [0, 1, 2].map((i) => ({
  sessionId: `session-${i}`,
  tournamentId: i === 2 ? "tournament-1" : undefined,
  collectionId: i === 1 ? "collection-1" : undefined,
  entrant: i === 2 ? "entränt ✓" : undefined,
  taskId: `tâsk ${i}`,
  task: i === 0 ? "linear-bandit" : "river-swim",
  taskVersion: 1,
  taskOptionsJson: JSON.stringify({ horizon: 20, number: i }),
  agent: `agent-${i}`,
  agentVersion: "1.2.3",
  agentOptionsJson: "{}",
  language: `languäge ${i}`,
  purpose: i === 0 ? undefined : "play",
  serverVersion: "0.1.0",
  privileged: i === 1,
  tagsJson: JSON.stringify({ why: 'a "test"' }),
}));

/** Episode `number` (from 0): every combination of what can be absent comes up within a few dozen. */
export function randomEpisode(number, mostSteps = 40) {
  const rng = rngFromSeed(BigInt(number));
  const pick = (n) => Math.floor(n * rng.uniform());
  const length = pick(mostSteps + 1);
  const complete = rng.uniform() < 0.7;
  const floats = (n) => Float32Array.from({ length: n }, () => rng.normal());
  const ints = (n) => Int32Array.from({ length: n }, () => pick(7));
  const seed = () => 0xffff_ffff_ffff_ffffn - BigInt(pick(2 ** 40));
  const rewards = floats(length);
  const known = pick(3);
  return {
    run: RUNS[pick(3)],
    trialId: number.toString(16).padStart(32, "0"),
    trialIndex: BigInt(number),
    episodeIndex: pick(3),
    taskSeed: seed(),
    noiseSeed: seed(),
    agentSeed: seed(),
    envIndex: pick(2048),
    startedAtMs: 1_800_000_000_000 + number,
    agentMs: rng.uniform(),
    length,
    terminated: complete,
    truncated: !complete,
    endReason: complete ? "horizon" : "CONNECTION_LOST",
    return: rewards.reduce((sum, r) => sum + r, 0),
    optimalValue: complete ? rng.normal() : undefined,
    regret: complete ? rng.normal() : undefined,
    observations: rng.uniform() < 0.5 ? ints(length + 1) : undefined,
    stepFeatures: rng.uniform() < 0.3 ? floats(2 * length) : undefined,
    actions: ints(length),
    rewards,
    propensities:
      known === 0 ? undefined : floats(length).map((p) => (known === 1 && p > 0 ? Number.NaN : Math.abs(p))),
    regrets: floats(length),
    optimalActions: ints(length),
    trialFeatures: rng.uniform() < 0.5 ? floats(6) : undefined,
  };
}
