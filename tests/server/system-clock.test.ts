import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer } from "node:net";
import { PassThrough } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { createSystemClock } from "#icrl/server/system-clock.js";
import { PROGRAM, serverForTest, startProcess } from "../support/server.js";

/** Keeps this process busy, so that it notices nothing. */
function stall(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test("what came while the process was busy is read before anything falls due that fell due meanwhile", async () => {
  const clock = createSystemClock();
  onTestFinished(() => clock.close());
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const socket = connectSocket((server.address() as AddressInfo).port, "127.0.0.1");
  const [peer] = await accepted;
  onTestFinished(() => {
    peer.destroy();
    socket.destroy();
    server.close();
  });
  const happened: string[] = [];
  socket.on("data", () => happened.push("came"));
  const due = new Promise<void>((resolve) => {
    clock.after(30, () => {
      happened.push("due");
      resolve();
    });
  });
  peer.write("answer");
  stall(200);
  await due;
  expect(happened).toEqual(["came", "due"]);
  expect(clock.lateMs()).toBeGreaterThan(100);
});

test("a time that was stopped never comes, and an event loop that is always late does not stop the others", async () => {
  const clock = createSystemClock();
  onTestFinished(() => clock.close());
  const stop = clock.after(20, () => expect.unreachable());
  stop();
  let over = false;
  const busy = () => {
    if (over) return;
    stall(12);
    setImmediate(busy);
  };
  busy();
  await new Promise<void>((resolve) => void clock.after(20, resolve));
  over = true;
});

test("agents that answer at once miss no deadline, however often and long the server stalls", async () => {
  const server = await serverForTest({ act_timeout_ms: 100, act_overtime_ms: 0 });
  const agent = startProcess([
    PROGRAM,
    ...["play", "uniform", "--server", server.address, "--task", "linear-bandit", "--trials", "40", "--json"],
  ]);
  agent.child.stdout?.pipe(new PassThrough()).resume();
  let stalls = 0;
  const stalling = setInterval(() => {
    stalls += 1;
    stall(300);
  }, 20);
  onTestFinished(() => clearInterval(stalling));
  expect(await agent.exited, agent.stderr).toBe(0);
  expect(stalls).toBeGreaterThanOrEqual(3);
});
