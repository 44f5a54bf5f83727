import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { labelDataset } from "#icrl/clients/typescript/label-dataset.js";
import { labelledSoFar, tellLabelled } from "#icrl/jobs/label/label-progress.js";
import { playCollection } from "../../support/dataset.js";
import { heard } from "../../support/job-listener.js";
import { counter } from "../../support/labels.js";
import { actions, opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { startTestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

const temporary = tempDir();
beforeAll(() => playCollection(temporary.path));
afterAll(() => temporary.remove());

/** A server with a dataset, or without; disposed of when the test that runs now ends. */
async function server(dataset?: string) {
  const started = await startTestServer({}, dataset, { listen: "127.0.0.1:0" });
  onTestFinished(() => started.dispose());
  return { ...started, metrics: new URL("metrics", started.pageUrl).href };
}

test("a server tells how many trials are labelled, of how many, whoever labels them", async () => {
  const { address, connection, metrics } = await server(join(temporary.path, "collecting"));
  expect(await labelledSoFar(metrics)).toBeUndefined();
  const client = rawClient(address);
  onTestFinished(() => client.close());
  const stream = rawStream(client);
  const asked = { task: "", trials: 0n, seed: 0n, options: undefined, label: "counter", numEnvs: 2 };
  await opened(stream, asked, { agent: "counter", agentVersion: "1" });
  expect(await labelledSoFar(metrics)).toEqual({ trials: 0, total: 40, steps: 0 });
  let ended = 0;
  let steps = 0;
  for (; ended === 0; steps += 1) {
    stream.send(actions(steps, [0, 0]));
    ended = (await stream.expect("observations")).trialEnds.length;
  }
  expect(await labelledSoFar(metrics)).toEqual({ trials: ended, total: 40, steps: 2 * steps });
  stream.call.cancel(); // what it began goes to the next
  await stream.ended;
  await labelDataset(connection, counter);
  expect(await labelledSoFar(metrics)).toMatchObject({ trials: 40, total: 40 });
});

test("nothing is told where there is no dataset, or no server", async () => {
  const { metrics, close } = await server();
  expect(await labelledSoFar(metrics)).toBeUndefined();
  await close();
  expect(await labelledSoFar(metrics)).toBeUndefined();
});

test("what is told ends with the writing of the labels", () => {
  const listener = heard();
  tellLabelled("x", { trials: 3, total: 4, steps: 7 }, listener);
  expect([listener.items(), listener.done]).toEqual([[{ name: 'labels "x"', done: 3, total: 4, steps: 7 }], []]);
  tellLabelled("x", { trials: 4, total: 4, steps: 9 }, listener);
  expect(listener.done).toEqual(['writing the labels "x"']);
});
