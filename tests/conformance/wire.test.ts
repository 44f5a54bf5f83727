import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallTasks } from "#icrl/jobs/conformance/small-tasks.js";
import { WIRE_RULES, type WireServer } from "#icrl/jobs/conformance/wire.js";
import { playViolations, recordPlay } from "#icrl/jobs/conformance/wire-play.js";
import { survivorsOf } from "../support/log-place.js";
import { rawClient } from "../support/raw-stream.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
let wire: WireServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = rawClient(server.address);
  wire = {
    address: server.address,
    survivors: () => survivorsOf(server.dataDir),
    async another() {
      const other = await startTestServer();
      return { address: other.address, drain: other.close, dispose: other.dispose };
    },
  };
});
afterAll(async () => {
  client.close();
  await server.dispose();
});

describe("this server", () => {
  for (const { title, violation } of WIRE_RULES) {
    test(title, async () => expect(await violation(wire)).toBeUndefined());
  }

  test.each(smallTasks().map((task) => [task.name, JSON.stringify(task.options), task] as const))(
    "plays %s %s as the protocol and the task say",
    async (_name, _options, task) => {
      expect(playViolations(await recordPlay(client, task))).toEqual([]);
    },
  );

  test("plays with an env for each trial, and with more, unrecorded", async () => {
    for (const task of smallTasks().slice(0, 1)) {
      expect(playViolations(await recordPlay(client, task, { numEnvs: 4, trials: 2, record: false }))).toEqual([]);
      expect(playViolations(await recordPlay(client, task, { numEnvs: 2, trials: 2, record: false }))).toEqual([]);
    }
  });
});
