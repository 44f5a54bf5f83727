import { createServer, connect as dial, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { opened, rawClient, rawStream } from "../../support/raw-stream.js";
import { serverForTest } from "../../support/server.js";

test("a connection that is closed in the middle of its sessions is a lost one, and not the end of what they send", async () => {
  const server = await serverForTest();
  const far: Socket[] = [];
  const relay = createServer({ allowHalfOpen: true }, (near) => {
    const at = server.address.lastIndexOf(":");
    const there = dial(Number(server.address.slice(at + 1)), server.address.slice(0, at));
    far.push(there);
    for (const socket of [near, there]) {
      socket.on("error", () => {});
      onTestFinished(() => void socket.destroy());
    }
    near.pipe(there, { end: false });
    there.pipe(near, { end: false });
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void relay.close());
  const client = rawClient(`127.0.0.1:${(relay.address() as { port: number }).port}`);
  onTestFinished(() => client.close());
  for (let n = 0; n < 20; n += 1) await opened(rawStream(client), {}, { capabilities: ["resume"] });
  for (const socket of far) socket.end();
  const told = (event: string) => server.said.filter((line) => line.event === event).length;
  await expect.poll(() => told("session_parked") + told("session_ended")).toBe(20);
  expect(told("session_parked")).toBe(20);
});
