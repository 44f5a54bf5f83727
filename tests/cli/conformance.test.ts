import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { icrlHere, refusalHere } from "../support/icrl-here.js";
import { startProxy } from "../support/play-proxy.js";
import { startTestServer, type TestServer } from "../support/server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

describe("icrl conformance --server", () => {
  test("says what holds, and what was not looked at", async () => {
    const asked = ["--only", "keeps the order", "--only", "durable", "--only", "river-swim"];
    const { code, stdout } = await icrlHere("conformance", "--server", server.address, ...asked);
    expect(stdout.replace(/{.*}/, "{...}").split("\n").slice(1)).toEqual([
      "ok       keeps the order of messages",
      "skipped  has in its log what it calls durable",
      "           note: only a test can look: it needs to read the server's folder",
      "ok       plays river-swim {...} as the protocol and the task say",
      "conforms: 2 hold, 0 fail, 1 skipped",
      "",
    ]);
    expect(code).toBe(0);
  });

  test("says in words what does not hold, and ends with 1", async () => {
    const proxy = await startProxy(server.address, () => ({
      response(message) {
        if (message.$case === "welcome") message.value.sessionId = "session";
        if (message.$case === "observations") message.value.reward = undefined;
        return [message];
      },
    }));
    try {
      const asked = ["--only", "WELCOMES", "--only", "river-swim", "--json"];
      const { code, stdout } = await icrlHere("conformance", "--server", proxy.address, ...asked);
      const { ok, checks } = JSON.parse(stdout);
      expect({ code, ok }).toEqual({ code: 1, ok: false });
      expect(checks).toMatchObject([
        { result: "fails", faults: ["two sessions are both session"] },
        { result: "fails", faults: ["reward is not float32 [N]", "a trial's return is not the sum of its rewards"] },
      ]);
    } finally {
      proxy.close();
    }
  });

  test("refuses to check nothing", async () => {
    expect(await refusalHere("conformance")).toMatch(/--server/);
    expect(await refusalHere("conformance", "--list", "--only", "no such rule")).toMatch(
      /nothing has that in its name/,
    );
  });
});

describe("icrl conformance --command", () => {
  const agent = `node ${join(import.meta.dirname, "../fixtures/conformance/agent.mjs")}`;

  test("says in words what an agent does wrong, and ends with 1", async () => {
    const asked = ["--only", "one-trial", "--json"];
    const { code, stdout } = await icrlHere("conformance", "--command", `${agent} no-entrant`, ...asked);
    const { ok, agent: name, language, checks } = JSON.parse(stdout);
    expect({ code, ok, name, language }).toEqual({ code: 1, ok: false, name: "agent", language: "javascript" });
    expect(checks[0]).toMatchObject({ name: "one-trial", result: "fails", notes: [] });
    expect(checks[0].faults).toContain("said hello without entrant: it was started with --entrant conformance");
  });

  test("refuses what it cannot start, and two things at once", async () => {
    expect(await refusalHere("conformance", "--command", "no-such-program x")).toMatch(/there is no program/);
    expect(await refusalHere("conformance", "--command", "a | b")).toMatch(/only a shell would understand/);
    const both = ["--server", "127.0.0.1:1", "--command", "node"];
    expect(await refusalHere("conformance", ...both)).toMatch(/each a thing to check: give one/);
    expect(await refusalHere("conformance", "--command", "node", "--token", "t")).toMatch(/--token is for a running/);
  });
});
