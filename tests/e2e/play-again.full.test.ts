/** The same trials into one log: not unawares. */
import { expect, onTestFinished, test } from "vitest";
import { icrl, icrlJson, startServe, temporaryFolder } from "./run-icrl.js";

const PLAY = ["play", "thompson", "--task", "bernoulli-bandit", "--set", "horizon=5", "--trials", "20"];

/** Counts of a log. */
async function verified(data: string) {
  const { code, stdout } = await icrl("log", "verify", "--data", data, "--json");
  const { episodes, repeated_trials, repeated_episodes } = JSON.parse(stdout) as Record<string, number>;
  return { code, episodes, repeated_trials, repeated_episodes };
}

test("`play` plays no trial that its log holds, unless it is told --again; `log verify` tells of those", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const data = ["--data", folder.path];
  expect(await icrlJson(...PLAY, ...data)).toMatchObject({ trials: 20, recorded_before: 0 });
  const refused = await icrl(...PLAY, "--envs", "3", ...data);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toBe(
    `starting a server\nerror: TRIALS_RECORDED: 20 of the 20 trials are in ${folder.path} already (thompson on bernoulli-bandit, --seed 0): give another --seed for others, --again to play them once more, or --no-record\n`,
  );
  expect(await verified(folder.path)).toEqual({ code: 0, episodes: 20, repeated_trials: 0, repeated_episodes: 0 });
  // Others are played: of another seed, of another agent, and not recorded.
  expect((await icrl(...PLAY, "--seed", "1", ...data)).code).toBe(0);
  expect((await icrl("play", "ucb", ...PLAY.slice(2), ...data)).code).toBe(0);
  expect((await icrl(...PLAY, "--no-record", ...data)).code).toBe(0);
  const again = await icrl(...PLAY, "--trials", "30", "--again", ...data);
  expect(again.code).toBe(0);
  expect(again.stdout).toContain(`recorded in ${folder.path}, which held 20 of these trials already\n`);
  expect(await verified(folder.path)).toEqual({ code: 1, episodes: 90, repeated_trials: 20, repeated_episodes: 20 });
});

test("`play --server` asks the server's log", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const server = await startServe(folder.path, "--http", "off");
  const at = ["--server", server.address];
  expect(await icrlJson(...PLAY, ...at)).toMatchObject({ recorded_before: 0 });
  const refused = await icrl(...PLAY, ...at);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(`20 of the 20 trials are in the log of the server at ${server.address} already`);
  expect(await icrlJson(...PLAY, "--again", ...at)).toMatchObject({ recorded_before: 20 });
  await server.stop();
});
