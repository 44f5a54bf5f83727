import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect } from "#icrl/clients/typescript/connect.js";
import { labelDataset } from "#icrl/clients/typescript/label-dataset.js";
import { labelFolder } from "#icrl/datasets/folder/label-folder.js";
import { playCollection } from "../../support/dataset.js";
import { copyForTest, expertThat, gambler, labelBytes, labelShards } from "../../support/labels.js";
import { serverForTest, startProcess, startServerProcess, startTestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

const EXPERT = fileURLToPath(new URL("./labelling-expert.mjs", import.meta.url));

const temporary = tempDir();
const dataset = join(temporary.path, "played", "collecting");
/** Files of an undisturbed run. */
let undisturbed: Record<string, string>;
beforeAll(async () => {
  await playCollection(join(temporary.path, "played"));
  const server = await startTestServer({}, dataset);
  await labelDataset(server.connection, gambler, { label: "gambler" });
  undisturbed = labelBytes(dataset, "gambler");
  await server.dispose();
});
afterAll(() => temporary.remove());

/** A copy without labels. */
function unlabelled(): string {
  const copy = copyForTest(dataset);
  rmSync(labelFolder(copy, "gambler"), { recursive: true });
  return copy;
}

function scratch(): string {
  const folder = tempDir();
  onTestFinished(() => folder.remove());
  return folder.path;
}

test.each([3, 200, 600])(
  "an expert that is killed after %i choices leaves its trials to the next one",
  async (steps) => {
    const copy = unlabelled();
    const { address } = await serverForTest({}, copy);
    const killed = startProcess([EXPERT, address, String(steps)]);
    expect(await killed.line()).toBe("half-way");
    killed.child.kill("SIGKILL");
    await killed.exited;
    const next = startProcess([EXPERT, address]);
    expect(await next.line()).toBe("done");
    expect(labelBytes(copy, "gambler")).toEqual(undisturbed);
  },
);

test("an expert that is killed while another labels leaves its trials to that one", async () => {
  const copy = unlabelled();
  const { address, connection } = await serverForTest({}, copy);
  const killed = startProcess([EXPERT, address, "20"]);
  expect(await killed.line()).toBe("half-way");
  const other = labelDataset(connection, gambler); // waits, in the end, for what the first one has
  killed.child.kill("SIGKILL");
  await other;
  expect(labelBytes(copy, "gambler")).toEqual(undisturbed);
});

test.each([1, 300, 700])(
  "a server that is killed after %i steps, started again, makes the same labels",
  async (most) => {
    const copy = unlabelled();
    const server = await startServerProcess(scratch(), ["--dataset", copy]);
    const connection = await connect(server.address);
    onTestFinished(() => connection.close());
    await expect(
      labelDataset(connection, gambler, {
        numEnvs: 4,
        onProgress: ({ steps }) => {
          if (steps >= most) server.child.kill("SIGKILL");
        },
      }),
    ).rejects.toMatchObject({ name: "ConnectionError" });
    await server.exited;
    expect(existsSync(join(labelFolder(copy, "gambler"), "lock-1"))).toBe(true); // whose holder is dead
    const before = labelShards(copy, "gambler");
    expect(before.length).toBeLessThan(3);
    const again = await startServerProcess(scratch(), ["--dataset", copy]);
    const reconnected = await connect(again.address);
    onTestFinished(() => reconnected.close());
    await labelDataset(reconnected, gambler);
    expect(labelBytes(copy, "gambler")).toEqual(undisturbed);
  },
);

test("a policy that throws ends the call; the trials are labelled by the next", async () => {
  const copy = unlabelled();
  const { connection } = await serverForTest({}, copy);
  let chosen = 0;
  const failing = {
    ...expertThat("gambler", (trial, rng) => {
      const policy = gambler.create(trial, {}, rng);
      return {
        ...policy,
        act(turn) {
          chosen += 1;
          if (chosen === 150) throw new Error("out of ideas");
          return policy.act(turn);
        },
      };
    }),
  };
  await expect(labelDataset(connection, failing, { numEnvs: 2 })).rejects.toThrow("out of ideas");
  await labelDataset(connection, gambler);
  expect(labelBytes(copy, "gambler")).toEqual(undisturbed);
});
