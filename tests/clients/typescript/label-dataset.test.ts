import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { startFaultRelay } from "#icrl/bench/faults/relay.js";
import { connect } from "#icrl/clients/typescript/connect.js";
import { type LabelProgress, labelDataset } from "#icrl/clients/typescript/label-dataset.js";
import { runAgent } from "#icrl/clients/typescript/run-agent.js";
import { playCollection, SPEC } from "../../support/dataset.js";
import { counter, gambler, readLabels } from "../../support/labels.js";
import { startTestServer, type TestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

const temporary = tempDir();
const dataset = join(temporary.path, "collecting");
let server: TestServer;
beforeAll(async () => {
  await playCollection(temporary.path);
  server = await startTestServer({}, dataset);
});
afterAll(async () => {
  await server.dispose();
  temporary.remove();
});
afterEach(() => vi.restoreAllMocks());

test("labels have the agent's name unless they are given another, and progress goes from nothing to all", async () => {
  const progress: { trials: number; total: number; steps: number }[] = [];
  await labelDataset(server.connection, counter, { onProgress: (now) => progress.push({ ...now }) });
  expect(readLabels(dataset, "counter").length).toBe(100);
  expect(progress[0]).toEqual({ trials: 0, total: 40, steps: 0 });
  // 20 trials of one episode of 12 steps; 20 of four episodes of six
  expect(progress.at(-1)).toEqual({ trials: 40, total: 40, steps: 720 });
  for (const [i, { trials, steps }] of progress.slice(1).entries()) {
    expect(trials).toBeGreaterThanOrEqual(progress[i].trials);
    expect(steps).toBeGreaterThanOrEqual(progress[i].steps);
  }
});

test("a program of one's own labels with --label", async () => {
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  const label = () => runAgent(gambler, ["--connect", server.address, "--label", "mine"]);
  expect(await label()).toBe(0);
  expect(await label()).toBe(0);
  expect(said.mock.calls).toEqual([["40 trials labelled, 720 steps"], ['labels "mine" were there already']]);
  const errors = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await runAgent(counter, ["--connect", server.address, "--label", "mine"])).toBe(1);
  expect(errors.mock.calls[0][0]).toMatch(/^LABEL_CONFLICT: /);
  expect(await runAgent(counter, ["--label", "mine", "--entrant", "me"])).toBe(2);
});

test("a trial that a server which was started again asks for once more is counted once", async () => {
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  await playCollection(folder.path, SPEC, 1); // a single shard: nothing is written before all is labelled
  const [set, log] = [join(folder.path, "collecting"), { path: join(folder.path, "log"), remove() {} }];
  const first = await startTestServer({}, set, undefined, log);
  onTestFinished(() => first.dispose());
  const relay = await startFaultRelay(first.address, { kind: "cut", faults: 0, seed: 1n, delayMs: 0, withinBytes: 1 });
  onTestFinished(() => relay.close());
  const connection = await connect(relay.address);
  onTestFinished(() => connection.close());
  let restarting: Promise<void> | undefined;
  async function restart(): Promise<void> {
    await first.close();
    const second = await startTestServer({}, set, undefined, log);
    onTestFinished(() => second.dispose());
    relay.target = second.address;
  }
  const progress: LabelProgress[] = [];
  const totals = await labelDataset(connection, counter, {
    numEnvs: 3,
    onProgress(now) {
      progress.push({ ...now });
      if (now.trials >= 25) restarting ??= restart(); // what was open before, of the 20 trials of the first task, is closed
    },
  });
  await restarting;
  // 20 trials of one episode of 12 steps; 20 of four episodes of six
  expect(totals).toEqual({ trials: 40, episodes: 100, steps: 720 });
  expect(readLabels(set, "counter").length).toBe(100);
  const last = progress.at(-1);
  expect(last).toMatchObject({ trials: 40, total: 40 });
  expect(last?.steps).toBeGreaterThan(720 + 20 * 12); // the first task's were asked for once more, and others
  for (const { trials, total } of progress) expect([trials <= 40, total]).toEqual([true, 40]);
});
