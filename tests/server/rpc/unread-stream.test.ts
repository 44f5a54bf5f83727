/** Readers that take nothing. */
import { once } from "node:events";
import { Metadata } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { playAgent } from "#icrl/clients/typescript/play-agent.js";
import { StreamTrajectoriesRequest } from "#icrl/proto/gen/icrl/v1/trajectory.js";
import { manualClock } from "../../support/manual-clock.js";
import { endingOf, rawClient } from "../../support/raw-stream.js";
import { serverForTest } from "../../support/server.js";
import { randomAgent } from "../../support/tournament.js";

const identity = (bytes: Buffer) => bytes;

test("a stream whose reader takes nothing for half a minute is ended, and told why if it reads on", async () => {
  const clock = manualClock();
  const server = await serverForTest({}, undefined, clock);
  await playAgent(server.connection, randomAgent("filler"), {
    task: "bernoulli-bandit",
    taskOptions: { horizon: 1000 },
    trials: 200,
    numEnvs: 200,
  });
  const client = rawClient(server.address);
  onTestFinished(() => client.close());
  const call = client.makeServerStreamRequest(
    "/icrl.v1.TrajectoryService/StreamTrajectories",
    identity,
    identity,
    Buffer.from(StreamTrajectoriesRequest.encode({ filter: undefined, limit: 0n }).finish()),
    new Metadata(),
  );
  const ended = new Promise<ReturnType<typeof endingOf>>((resolve) => {
    call.on("error", () => {});
    call.on("status", (status) => resolve(endingOf(status)));
  });
  // Nobody reads: what was streamed is more than the connection takes by itself.
  const endedFor = () => server.said.find(({ event, reason }) => event === "rpc_ended" && reason !== undefined)?.reason;
  await once(call, "metadata"); // comes with the first answer: before it other deadlines are waited for
  await expect.poll(() => clock.waiting).toBeGreaterThan(0);
  clock.pass(1000);
  expect(endedFor()).toBeUndefined();
  await expect
    .poll(() => {
      clock.pass(30_000);
      return endedFor();
    })
    .toBe("SERVER_BUSY");
  call.resume();
  expect(await ended).toMatchObject({ code: 8 });
});
