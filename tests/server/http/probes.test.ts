/** The metrics and the health by themselves, and what keeps a crowd from hiding them. */
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createAccess } from "#icrl/server/access/access.js";
import { NO_AUDIT } from "#icrl/server/access/audit-log.js";
import { startHttpServer } from "#icrl/server/http/http-server.js";
import { healthRoute } from "#icrl/server/http/probe-routes.js";
import type { Route } from "#icrl/server/http/route.js";
import { createConnections } from "#icrl/server/rpc/connections.js";
import { eventually } from "../../support/eventually.js";
import { http } from "../../support/http.js";
import { parseExposition } from "../../support/metrics.js";
import { startTestServer } from "../../support/server.js";

test("they have a listener of their own, with or without a page, and it is bounded by itself", async () => {
  for (const page of [undefined, { listen: "127.0.0.1:0" }]) {
    const metrics = "127.0.0.1:0";
    const server = await startTestServer({}, undefined, page, undefined, undefined, undefined, { metrics });
    onTestFinished(() => server.dispose());
    const url = server.metricsUrl as string;
    const numbers = await http(`${url}metrics`);
    expect([...parseExposition(numbers.body.toString()).families.keys()]).toContain("icrl_sessions");
    const health = await http(`${url}healthz`);
    expect([health.status, health.body.toString()]).toEqual([200, "ok\n"]);
    expect((await http(`${url}api/server`)).status).toBe(404);
    if (server.pageUrl !== undefined) {
      expect((await http(`${server.pageUrl}metrics`)).status).toBe(200);
      expect((await http(`${server.pageUrl}healthz`)).status).toBe(404);
      const { port } = new URL(server.pageUrl);
      const crowd = Array.from({ length: 150 }, () => connect(Number(port), "127.0.0.1").on("error", () => {}));
      expect((await http(`${url}healthz`)).status).toBe(200);
      expect((await http(server.pageUrl)).status).toBe(200); // silent ones give way
      await eventually(() => expect(crowd.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(64));
      for (const socket of crowd) socket.destroy();
    }
  }
});

test("the health is bad while the log cannot be written, and while the server drains", () => {
  const sink = { writable: true };
  let draining = false;
  const { answer } = healthRoute({ sink, draining: () => draining });
  const request = { params: {}, query: new URLSearchParams(), operator: false, body: "", cookies: undefined };
  expect(answer(request)).toMatchObject({ status: 200, body: "ok\n" });
  sink.writable = false;
  expect(answer(request)).toMatchObject({ status: 503, body: "the log cannot be written\n" });
  draining = true;
  expect(answer(request)).toMatchObject({ status: 503, body: "draining\n" });
});

test("a request that does not come, or comes by drops, is closed; a page that answers is not cut for a crowd", async () => {
  const doors = createConnections(4, 4);
  const access = createAccess({ folder: "/nowhere", operatorHash: "", nowMs: Date.now, onError() {} });
  let finish = () => {};
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const routes: Route[] = [
    { path: "/", allowed: "everybody", answer: () => ({ type: "text/plain", body: "hello" }) },
    { path: "/slow", allowed: "everybody", answer: () => slow.then(() => ({ type: "text/plain", body: "late" })) },
  ];
  const { url, close } = await startHttpServer(
    { listen: "127.0.0.1:0" },
    routes,
    { access, audit: NO_AUDIT, nowMs: Date.now, onError() {} },
    {
      what: "a test's page",
      requestMs: 200,
      doors,
    },
  );
  onTestFinished(close);
  const port = Number(new URL(url).port);
  const waiting = http(`${url}slow`);
  await eventually(() => expect(doors.size).toBe(1));
  const silent = connect(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  const dripping = connect(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  const drops = setInterval(() => dripping.write("G"), 20);
  onTestFinished(() => clearInterval(drops));
  await Promise.all([silent, dripping].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
  const crowd = Array.from({ length: 20 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await eventually(() => expect(crowd.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(17));
  finish();
  expect((await waiting).body.toString()).toBe("late");
  for (const socket of crowd) socket.destroy();
});
