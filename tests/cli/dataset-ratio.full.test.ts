import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { datasetPath } from "#icrl/datasets/folder/dataset-manifest.js";
import { icrl, PROGRAM, startNode } from "../e2e/run-icrl.js";
import { makeDataset, SPEC } from "../support/dataset.js";
import { BANDITS } from "../support/ratio-bandits.js";
import { tempDir } from "../support/temp-dir.js";

const temporary = tempDir();
const dir = join(temporary.path, "set");
const privileged = join(temporary.path, "privileged");

beforeAll(async () => {
  await makeDataset(dir, BANDITS, { labels: [] });
  await makeDataset(privileged, SPEC);
});
afterAll(() => temporary.remove());

const ratio = (folder: string, ...flags: string[]) => icrl("dataset", "ratio", folder, ...flags);

/** Exit code and the line of a command that refuses. */
async function refusal(folder: string, ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await ratio(folder, ...flags);
  expect(stdout).toBe("");
  return `${code} ${stderr.replace(/^[\s\S]*?(?=error: )/, "")}`; // what is done is named first
}

test("people read a table of each task that a horizon reaches, and where there are too few instances the word unreliable", async () => {
  const { stdout } = await ratio(dir, "--expert", "emp", "--particles", "20", "--horizons", "12,9");
  expect(stdout).toMatch(/^long {2}emp against the mixture of$/m);
  expect(stdout).not.toMatch(/^short/m);
  expect(stdout).toMatch(/coin, weight 0.75\d*, \d+ trials: recorded propensities are its law's/);
  expect(stdout).toMatch(/sampler, weight 0.25\d*, \d+ trials: no propensities recorded; its law is worked out anew/);
  expect(stdout).toMatch(/^ +9 +[\d.]+ +[\d.]+ +[\d,.e+]+ +\d+ +unreliable$/m);
  expect(stdout).toMatch(/^unreliable: fewer than 100 effective instances/m);
});

test("a ratio is infinite where the mixture cannot do what the expert can", async () => {
  const only = join(temporary.path, "only");
  const uniformAlone = [{ name: "still", agent: "emp", options: {}, weight: 1 }];
  const spec = { ...BANDITS, tasks: [BANDITS.tasks[0]], behaviours: uniformAlone };
  await makeDataset(only, spec, { labels: [] });
  const { stdout } = await ratio(only, "--expert", "uniform", "--particles", "20");
  expect(stdout).toMatch(/^ +1 +infinite +– +infinite +the mixture cannot do what the expert can$/m);
  const { tasks } = JSON.parse((await ratio(only, "--expert", "uniform", "--particles", "20", "--json")).stdout);
  expect(tasks[0].horizons[0]).toMatchObject({ log_ratio: null, ratio: null, infinite: true, unreliable: false });
  const same = JSON.parse((await ratio(only, "--expert", "emp", "--particles", "20", "--json")).stdout);
  expect(same.tasks[0].horizons.at(-1).log_ratio).toBe(0);
});

test("what cannot be known is refused in one line", async () => {
  expect(await refusal(privileged, "--expert", "uniform")).toMatch(
    /^2 error: PROBABILITIES_UNKNOWN: behaviour "noisy" is oracle-noise, which sees the truth: .*\n$/,
  );
  expect(await refusal(dir, "--expert", "lin-ucb")).toMatch(
    /^2 error: TASK_UNSUPPORTED: expert "lin-ucb" plays linear/,
  );
  expect(await refusal(dir, "--expert", "thompson", "--horizons", "13")).toMatch(
    /^2 error: OPTION_INVALID: horizon 13 is beyond the end of a trial: give at most 12/,
  );
  expect(await refusal(dir, "--expert", "thompson", "--particles", "50000000")).toMatch(
    /^2 error: OPTION_INVALID: .*steps to remember/,
  );
  expect(await refusal(dir)).toMatch(/^2 error: required option '--expert <agent>' not specified/);
  expect(await refusal(dir, "--expert", "nobody")).toMatch(/^2 error: AGENT_UNKNOWN/);
  const manifest = JSON.parse(readFileSync(datasetPath(dir), "utf8"));
  const changed = (behaviours: unknown) => writeFileSync(datasetPath(dir), JSON.stringify({ ...manifest, behaviours }));
  try {
    const [coin, sampler] = manifest.behaviours;
    changed([coin, { ...sampler, agent: "somebody-else" }]);
    expect(await refusal(dir, "--expert", "uniform")).toMatch(
      /^2 error: PROBABILITIES_UNKNOWN: behaviour "sampler" is somebody-else, which is not built in: .*propensities of \d+ of its \d+ episodes are null/,
    );
    changed([{ ...coin, agent: "epsilon-greedy" }, sampler]);
    expect(await refusal(dir, "--expert", "uniform")).toMatch(
      /^2 error: PROBABILITIES_UNKNOWN: behaviour "coin" recorded propensities that differ by up to 0\.\d+ from the law of agent "epsilon-greedy"/,
    );
  } finally {
    changed(manifest.behaviours);
  }
});

test("an expert that does not tell its law is refused", async () => {
  const linear = join(temporary.path, "linear");
  const task = { id: "l", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 3 }, trials: 4 };
  await makeDataset(linear, { ...BANDITS, tasks: [task], behaviours: [BANDITS.behaviours[0]] }, { labels: [] });
  expect(await refusal(linear, "--expert", "lin-thompson")).toMatch(
    /^2 error: PROBABILITIES_UNKNOWN: agent "lin-thompson" does not tell the probabilities of its choices: /,
  );
});

test("Ctrl-C ends it, with exit code 130 and no answer", async () => {
  const running = startNode([PROGRAM, "dataset", "ratio", dir, "--expert", "thompson", "--particles", "200000"]);
  await running.said("steps");
  running.child.kill("SIGINT");
  expect(await running.ended).toMatchObject({ code: 130, stdout: "" });
});
