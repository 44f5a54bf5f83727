import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { findAgent } from "#icrl/agents/registry.js";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { CHANNEL, keyFromSeed, noiseNormal, noiseRng, noiseUniform, rngFromSeed } from "#icrl/common/rng.js";
import { trialSeeds } from "#icrl/common/seeds.js";
import { threefry2x32 } from "#icrl/common/threefry.js";
import { buildTask } from "#icrl/server/tasks/registry.js";
import { startTestServer } from "../support/server.js";

const page = readFileSync(new URL("../../docs/seeds.md", import.meta.url), "utf8");

/** The table below "It prints:", name to value. The page's program wrote it (seeds-doc.full.test.ts runs that). */
function printed(): Map<string, string> {
  const rows = page.slice(page.indexOf("It prints:")).matchAll(/^\| (.+?) \| (.+?) \|$/gm);
  return new Map([...rows].slice(1).map(([, name, value]) => [name, value]));
}

const hex = (words: Int32Array) => [...words].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join(" ");

test("docs/seeds.md's worked example is what this code computes", () => {
  const series = { purpose: "play", seed: 7n, taskId: "linear-bandit", entrant: "lin-ucb" } as const;
  const { taskSeed, noiseSeed, agentSeed } = trialSeeds(series, 3n);
  const taskKey = keyFromSeed(taskSeed);
  const noiseKey = keyFromSeed(noiseSeed);
  const env = buildTask("linear-bandit").instantiate(taskSeed, noiseSeed);
  if (env.truth.type !== "bandit" || env.trialFeatures === undefined) throw new Error("not a fixed bandit");
  const words = new Int32Array(2);
  const thetaHash = [...Buffer.from("theta")].reduce(
    (hash, byte) => Math.imul(hash ^ byte, 0x01000193),
    0x811c9dc5 | 0,
  );
  threefry2x32(taskKey.key0, taskKey.key1, thetaHash, 0xffffffff, words);
  const thetaKey = hex(words);
  threefry2x32(noiseKey.key0, noiseKey.key1, 17, CHANNEL.reward, words);
  const noiseWords = hex(words);
  env.reset(0);
  for (let t = 0; t <= 17; t++) env.step(4);

  const agent = rngFromSeed(agentSeed);
  const computed: Record<string, string | number | bigint> = {
    task_seed: taskSeed,
    noise_seed: noiseSeed,
    agent_seed: agentSeed,
    "key of theta": thetaKey,
    "theta[0]": rngFromSeed(taskSeed).split("theta").uniform(),
    "arms[0][0]": env.trialFeatures[0],
    "arms[4][2]": env.trialFeatures[4 * 5 + 2],
    "mean of arm 4": env.truth.means[4],
    "noise words of step 17": noiseWords,
    "noise uniform of step 17": noiseUniform(noiseKey, 0, 17, CHANNEL.reward),
    "noise normal of step 17": noiseNormal(noiseKey, 0, 17, CHANNEL.reward),
    "reward of arm 4 in step 17": env.reward,
    "transition uniform of episode 2, step 5": noiseUniform(noiseKey, 2, 5, CHANNEL.transition),
    "first draw of fresh arms in step 17": noiseRng(noiseKey, 0, 17, CHANNEL.arms).uniform(),
    "the agent's draw 0": rngFromSeed(agentSeed).uniform(),
    "the agent's draw 0 as integer(10)": agent.integer(10),
    "the agent's draw 1 as integer(3)": agent.integer(3),
    "the agent's draw 2 as a normal": agent.normal(),
  };
  expect([...printed()]).toEqual(Object.entries(computed).map(([name, value]) => [name, String(value)]));
});

test("an agent's stream begins at draw 0 of its seed, as docs/seeds.md says: lin-ucb's first action on that trial is its first integer", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.dispose());
  const first: number[] = [];
  const play = { task: "linear-bandit", taskOptions: { horizon: 1 }, seed: 7, firstTrial: 3, record: false };
  const watched = findAgent("lin-ucb");
  const create: typeof watched.create = (...args) => {
    const policy = watched.create(...args);
    const act: typeof policy.act = (view) => {
      first.push(policy.act(view));
      return first[0];
    };
    return { ...policy, act };
  };
  await playAgent(server.connection, { ...watched, create }, play);
  expect(first).toEqual([Number(printed().get("the agent's draw 0 as integer(10)"))]);
});
