import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer } from "node:net";
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

test("agents that answer at once miss no deadline, however long the server stalls", async () => {
  const server = await serverForTest({ act_timeout_ms: 300, act_overtime_ms: 0 });
  const task = ["--task", "linear-bandit", "--set", "horizon=2000", "--trials", "200", "--no-record"];
  const agent = startProcess([PROGRAM, "play", "uniform", "--server", server.address, ...task, "--json"]);
  agent.child.stdout?.resume();
  let over = false;
  const exited = agent.exited.finally(() => {
    over = true;
  });
  const steps = async () => Number((await server.connection.getServerInfo()).steps);
  await expect.poll(steps).toBeGreaterThan(0);
  for (let i = 0; i < 3; i++) {
    stall(1050);
    const before = await steps();
    await expect.poll(async () => over || (await steps()) > before).toBe(true);
  }
  expect(over).toBe(false);
  expect(await exited, agent.stderr).toBe(0);
});

test("what has not fallen due when the clock is closed keeps no process alive", async () => {
  const clock = new URL("../../dist/server/system-clock.js", import.meta.url).href;
  const lines = [
    `const { createSystemClock } = await import(${JSON.stringify(clock)});`,
    "const clock = createSystemClock();",
    "clock.after(500, () => console.log('due'));", // it would not even fall due: nobody counts the time any more
    "clock.close();",
  ];
  const process = startProcess(["--input-type=module", "--eval", lines.join("\n")]);
  expect(await process.exited).toBe(0);
});
