import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import { createAccess } from "#icrl/server/access/access.js";
import { NO_AUDIT } from "#icrl/server/access/audit-log.js";
import { type HttpOptions, startHttpServer } from "#icrl/server/http/http-server.js";
import { READERS, type Route } from "#icrl/server/http/route.js";
import { hashOfKey } from "#icrl/server/keys.js";
import { http } from "../../support/http.js";

const said: unknown[] = [];
const onError = (what: unknown) => void said.push(what);

const ROUTES: Route[] = [
  { path: "/", allowed: "everybody", answer: () => ({ type: "text/plain", body: "hello" }) },
  {
    path: "/who",
    allowed: READERS,
    answer: ({ operator }) => ({ type: "text/plain", body: operator ? "operator" : "anybody" }),
  },
  { path: "/named/:name", allowed: READERS, answer: ({ params }) => ({ type: "text/plain", body: params.name }) },
  {
    path: "/throws",
    allowed: READERS,
    answer: () => {
      throw new Error("a bug");
    },
  },
  { path: "/rejects", allowed: READERS, answer: () => Promise.reject(new Error("a slow bug")) },
  {
    path: "/refuses",
    allowed: READERS,
    answer: () => {
      throw new IcrlError("TOURNAMENT_UNKNOWN", 'no tournament "x"');
    },
  },
];

const operatorHash = hashOfKey("the-operators-own");
const access = createAccess({ folder: "/nowhere", operatorHash, nowMs: Date.now, onError });
const EVENTS = { onError, access, audit: NO_AUDIT, nowMs: Date.now };

async function server(options: HttpOptions = { listen: "127.0.0.1:0" }) {
  const started = await startHttpServer(options, ROUTES, EVENTS);
  onTestFinished(() => started.close());
  return started;
}

test("errors are JSON with a reason of the list, and a bug in one answer stays there", async () => {
  const { url } = await server();
  const replies = await Promise.all(
    ["throws", "rejects", "refuses", "nowhere", "named/", "named/%ff", "named/a/b"].map((path) => http(url + path)),
  );
  expect(replies.map(({ status, body }) => [status, JSON.parse(body.toString()).reason])).toEqual([
    [500, "INTERNAL"],
    [500, "INTERNAL"],
    [404, "TOURNAMENT_UNKNOWN"],
    [404, "PATH_UNKNOWN"],
    [404, "PATH_UNKNOWN"],
    [404, "PATH_UNKNOWN"],
    [404, "PATH_UNKNOWN"],
  ]);
  expect(replies[0].body.toString()).not.toContain("a bug");
  expect(said).toHaveLength(2);
  expect((await http(`${url}named/a%2Fb`)).body.toString()).toBe("a/b");
});

test("whoever shows the operator's key is the operator, and nobody else is", async () => {
  const { url } = await server();
  for (const [authorization, who] of [
    ["Bearer the-operators-own", "operator"],
    ["bearer the-operators-own", "operator"],
    ["Bearer the-operators-ow", "anybody"],
    ["Bearer ", "anybody"],
    ["Basic the-operators-own", "anybody"],
    ["the-operators-own", "anybody"],
  ]) {
    const { body } = await http(`${url}who`, { Authorization: authorization });
    expect([authorization, body.toString()]).toEqual([authorization, who]);
  }
  for (const path of ["who", "who?key=the%20operator's"]) {
    expect((await http(url + path)).body.toString()).toBe("anybody"); // an address is logged, and copied
  }
});

test("it is for reading: other methods than GET and HEAD are refused, and HEAD has no body", async () => {
  const { url } = await server();
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const { status, headers, body } = await http(url, {}, method);
    expect([status, headers.allow, JSON.parse(body.toString()).reason]).toEqual([405, "GET, HEAD", "METHOD_INVALID"]);
  }
  const { status, headers, body } = await http(url, {}, "HEAD");
  expect([status, headers["content-length"], body.length]).toEqual([200, "5", 0]);
});

test("a page of somebody else's whose name was made to lead here is refused, and reads nothing across origins", async () => {
  const { url } = await server();
  const { port } = new URL(url);
  const refused = await http(url, { Host: `evil.example:${port}` });
  expect([refused.status, JSON.parse(refused.body.toString()).reason]).toEqual([403, "HOST_REFUSED"]);
  const { status, headers } = await http(url, { Host: `localhost:${port}`, Origin: "http://evil.example" });
  expect(status).toBe(200);
  expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": expect.stringMatching(/^default-src 'none'; script-src 'self'; style-src 'self';/),
  });
});

test("where its port is taken it takes a free one if it may, and says so if it may not", async () => {
  const first = await server();
  const listen = new URL(first.url).host;
  await expect(server({ listen })).rejects.toMatchObject({ code: "EADDRINUSE" });
  const second = await server({ listen, elseFree: true });
  expect(second.url).not.toBe(first.url);
  expect((await http(second.url)).status).toBe(200);
});

test("closing waits for nobody: connections that are kept open, and requests that never end, are ended", async () => {
  const started = await startHttpServer({ listen: "127.0.0.1:0" }, ROUTES, EVENTS);
  const { hostname, port } = new URL(started.url);
  const socket = connect(Number(port), hostname);
  const ended = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  await new Promise<void>((resolve) => socket.write("GET / HTTP/1.1\r\nHost: lo", () => resolve()));
  socket.on("error", () => {}); // reset
  await started.close();
  await ended;
});
