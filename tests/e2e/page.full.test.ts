/** The live page as people use it: in a browser, on a real server, while agents play. */

import { type Browser, type BrowserContextOptions, chromium as driver, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serveMatches } from "#icrl/clients/typescript/serve-matches.js";
import { chromium } from "../requirements.js";
import { tokenFor } from "../support/access.js";
import { CHROMIUM_FLAGS } from "../support/browser.js";
import { serverWithPage, startTestServer } from "../support/server.js";
import { pem, serverTls } from "../support/tls.js";
import { BANDIT, create, NO_KEY, RIVER, randomAgent, spec } from "../support/tournament.js";

const executablePath = chromium();

const ROOM = { id: "room", task: "dark-room", options: { size: 4, horizon: 8, episodes: 2 } };
const FIXED = { id: "linear", task: "linear-bandit", options: { dim: 2, actions: 3, horizon: 40 } };

describe.skipIf(executablePath === undefined)("the live page in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await driver.launch({ executablePath, args: CHROMIUM_FLAGS });
  });
  afterAll(() => browser?.close());

  /** A tab, and what went wrong in it: requests that left the server, errors, refusals of the policy. */
  async function openTab(pageUrl: string, options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    onTestFinished(() => context.close());
    const wrong: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(new URL("/", pageUrl).href)) wrong.push(`asked for ${request.url()}`);
    });
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") wrong.push(message.text());
    });
    page.on("pageerror", (error) => wrong.push(error.message));
    await page.goto(pageUrl);
    return { page, wrong, context };
  }

  /** Moves the focus by the Tab key to the first link or button with this text. */
  async function tabTo(page: Page, text: string) {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      const focused = page.locator(":focus");
      if ((await focused.count()) > 0 && (await focused.textContent())?.includes(text)) return;
    }
    throw new Error(`no Tab leads to "${text}"`);
  }

  /** A tournament that waits for its second entrant, whose first has played everything. */
  async function halfPlayed(trials = 12) {
    const server = await serverWithPage();
    const of = spec(["steady", "late"], { trials, tasks: [BANDIT, ROOM, RIVER, FIXED], name: "spring cup" });
    const id = await create(server.connection, of, NO_KEY);
    await serveMatches(server.connection, randomAgent("steady"), { entrant: "steady", streams: 1 });
    return { ...server, id, operatorUrl: `${server.pageUrl}#key=${server.operatorKey}` };
  }

  test("keys alone lead from the overview through a tournament to the steps of a trajectory, and back", async () => {
    const { operatorUrl, connection } = await halfPlayed();
    const { page, wrong } = await openTab(operatorUrl);

    await tabTo(page, "spring cup");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /spring cup/ }).waitFor();
    expect(await page.title()).toBe("≥ 50 % · spring cup · icrl"); // who is late may play less
    await tabTo(page, "linear");
    await page.keyboard.press("Enter");
    await page.getByText("dim 2").waitFor();
    await page.locator(".chart canvas").waitFor();
    expect(await page.getByRole("rowheader").allTextContents()).toEqual(["steady", "late"]);

    // Its newest trajectory.
    await tabTo(page, "return");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /steady on/ }).waitFor();
    const slider = page.getByRole("slider", { name: "Step" });
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => slider.inputValue()).toBe("1");
    expect(await slider.getAttribute("aria-valuetext")).toMatch(/^step 1 of \d+: (arm|action) \w+, reward/);
    await page.keyboard.press("End");
    await expect.poll(() => slider.inputValue()).toBe(await slider.getAttribute("max"));
    await page.keyboard.press("Home");
    await page.keyboard.press(" ");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.keyboard.press(" ");
    await page.getByRole("button", { name: "Play" }).waitFor();

    await page.getByRole("columnheader", { name: "Best" }).waitFor();
    await serveMatches(connection, randomAgent("late"), { entrant: "late", streams: 1 });

    await page.goBack();
    await page.locator("h1 .badge.finished").waitFor();
    expect(wrong).toEqual([]);
  });

  test("whoever opens the printed address sees all at once, others when it is over; the page says so", async () => {
    const { pageUrl, operatorUrl, connection, id } = await halfPlayed();
    const note = "Results are withheld until the tournament is over: open the address that the server printed.";
    const full = await openTab(operatorUrl);
    await full.page.locator(".trajectories a").first().waitFor();
    expect(await full.page.getByText(note).count()).toBe(0);
    // The key has left the address, and the tab has it still.
    expect(full.page.url()).toBe(`${pageUrl}#/`);
    await full.page.goto(`${pageUrl}#/tournaments/${id}`);
    await full.page.reload();
    await full.page.locator(".chart canvas").waitFor();

    const bare = await openTab(pageUrl);
    await bare.page.getByText(note).waitFor();
    expect(await bare.page.locator(".trajectories a").count()).toBe(0);
    await bare.page.getByRole("link", { name: /spring cup/ }).click();
    await bare.page.getByText("Results are withheld", { exact: true }).waitFor();
    await bare.page.getByRole("row", { name: /steady – .*12/ }).waitFor();
    expect(await bare.page.getByText("The key of this page is not this server's.").count()).toBe(0);

    const wrongKey = await openTab(`${pageUrl}#key=${"0".repeat(32)}`);
    await wrongKey.page.getByText("The key of this page is not this server's.").waitFor();
    await wrongKey.page.getByText(note).waitFor();
    // The right one, put into the same tab's address, is taken at once.
    await wrongKey.page.goto(operatorUrl);
    await wrongKey.page.getByText(note).waitFor({ state: "detached" });

    await serveMatches(connection, randomAgent("late"), { entrant: "late", streams: 1 });
    await bare.page.locator(".chart canvas").waitFor();
    await bare.page.getByText(note).waitFor({ state: "detached" });
    expect([...full.wrong, ...bare.wrong, ...wrongKey.wrong]).toEqual([]);
  });

  test.each(["http", "https"])(
    "who is asked for a token by a page of %s logs in once, and the cookie goes on",
    async (scheme) => {
      const doors = { requireTokens: true, tls: scheme === "https" ? serverTls() : undefined };
      const page = { listen: "127.0.0.1:0" };
      const server = await startTestServer(
        {},
        undefined,
        page,
        undefined,
        undefined,
        undefined,
        { doors },
        (started) => ({
          token: started.operatorKey,
          ca: scheme === "https" ? pem("ca.pem") : undefined,
        }),
      );
      onTestFinished(() => server.dispose());
      await create(server.connection, spec(["late"], { name: "spring cup" }));
      const pageUrl = server.pageUrl as string;
      const [player, reader, operator] = (["player", "reader", "operator"] as const).map(
        (role) => tokenFor(server.dataDir, role).text,
      );
      const { page: tab, wrong, context } = await openTab(pageUrl, { ignoreHTTPSErrors: true });
      const form = tab.getByRole("heading", { name: "This server asks for a token" });
      async function logIn(token: string) {
        await tab.getByLabel("Token").fill(token);
        await tab.getByRole("button", { name: "Log in" }).click();
      }

      await form.waitFor();
      expect(await tab.getByText("spring cup").count()).toBe(0);
      await logIn("icrl_0");
      await tab.getByText("this server has no such token: ask its operator for one").waitFor();
      expect(await context.cookies()).toEqual([]);
      await logIn(player);
      await tab.getByText("/api/overview is for readers and operators, and not for a player").waitFor();
      await form.waitFor();

      const withheld = "Results are withheld until the tournament is over";
      await logIn(reader);
      await tab.getByRole("link", { name: /spring cup/ }).waitFor();
      await tab.getByText(withheld).waitFor();
      await context.clearCookies();
      await form.waitFor();
      await logIn(operator);
      await tab.getByRole("link", { name: /spring cup/ }).waitFor();
      expect(await tab.getByText(withheld).count()).toBe(0);

      await tab.reload();
      await tab.getByRole("link", { name: /spring cup/ }).waitFor();
      const another = await context.newPage();
      await another.goto(`${pageUrl}#/agents`);
      await another.getByRole("heading", { name: "Agents" }).waitFor();
      expect(await another.getByRole("button", { name: "Log in" }).count()).toBe(0);
      const [cookie, ...more] = await context.cookies();
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", secure: scheme === "https" });
      expect([more, cookie.value.includes(operator)]).toEqual([[], false]);
      expect(await tab.evaluate("[document.cookie, location.href]")).toEqual(["", pageUrl]);

      const stranger = await openTab(pageUrl, { ignoreHTTPSErrors: true });
      await stranger.page.getByRole("button", { name: "Log in" }).waitFor();
      expect(wrong.filter((one) => !/status of 40[13]/.test(one))).toEqual([]);
    },
  );

  test("a bandit shows its arms, a grid the way, other tasks their states, each step by step", async () => {
    const { operatorUrl } = await halfPlayed(2);
    const { page, wrong } = await openTab(operatorUrl);
    await page.getByRole("link", { name: "Trajectories", exact: true }).click();
    for (const [task, picture] of [
      ["linear-bandit", ".arms tbody tr.chosen"],
      ["dark-room", ".grid .walker"],
      ["river-swim", ".raster .mark"],
    ]) {
      await page.locator(".trajectories a", { hasText: task }).first().click();
      await page.getByRole("button", { name: "One step on" }).click();
      await page.locator(picture).waitFor();
      await expect.poll(() => page.locator(".steps tr.chosen td").first().textContent()).toBe("1");
      await page.goBack();
    }
    expect(wrong).toEqual([]);
  });

  test("a match that was forfeited says why", async () => {
    const { pageUrl, connection } = await serverWithPage({ entrant_timeout_ms: 10 });
    await create(connection, spec(["never-comes"], { tasks: [BANDIT], trials: 2, name: "nobody" }));
    const { page, wrong } = await openTab(pageUrl);
    await page.getByRole("link", { name: /nobody/ }).click();
    await page.getByText("AGENT_ABSENT").waitFor();
    await page
      .getByRole("row", { name: /never-comes/ })
      .getByText("2 forfeited")
      .waitFor();
    // Neither its mean nor its line is taken for play, and the interval says what it is.
    await page.getByRole("row", { name: /never-comes .*†.* \[\d/ }).waitFor();
    await page.getByRole("columnheader", { name: "Regret 95 % interval" }).waitFor();
    await page.getByText("forfeited, as uniform play's exact regret: never-comes 2 of 2 trials").waitFor();
    expect(wrong).toEqual([]);
  });

  test("one trial has a regret and a line, and dashes for how sure they are", async () => {
    const { pageUrl, connection } = await serverWithPage();
    await create(connection, spec(["once"], { tasks: [BANDIT], trials: 1, name: "single" }));
    await serveMatches(connection, randomAgent("once"), { entrant: "once", streams: 1 });
    const { page, wrong } = await openTab(pageUrl);
    await page.getByRole("link", { name: /single/ }).click();
    await page.getByRole("row", { name: /once .*\d \[–\]/ }).waitFor();
    await page.locator(".chart canvas").waitFor();
    expect(await page.locator(".chart figcaption").textContent()).not.toContain("bands");
    expect(wrong).toEqual([]);
  });

  test("on a phone no view is wider than its screen", async () => {
    const { pageUrl, operatorUrl, id } = await halfPlayed();
    const { page, wrong } = await openTab(operatorUrl, { viewport: { width: 390, height: 844 }, hasTouch: true });
    await page.locator(".trajectories a").first().waitFor();
    const trajectory = (await page.locator(".trajectories a").first().getAttribute("href")) as string;
    for (const hash of [
      "#/",
      "#/agents",
      "#/trajectories",
      `#/tournaments/${id}`,
      `#/tournaments/${id}/linear`,
      trajectory,
    ]) {
      await page.goto(pageUrl + hash);
      await page.locator("main[aria-busy=false]").waitFor();
      await page
        .locator(hash.includes("linear") ? ".chart canvas" : "main h1")
        .first()
        .waitFor();
      const [wide, screen] = await page.evaluate<number[]>("[document.documentElement.scrollWidth, window.innerWidth]");
      expect([hash, wide]).toEqual([hash, screen]);
    }
    expect(wrong).toEqual([]);
  });

  test("a server without anything says how to begin, and its commands can be copied", async () => {
    const { pageUrl, address } = await serverWithPage();
    const { page, wrong, context } = await openTab(pageUrl);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByText("No tournament yet").waitFor();
    await page.getByRole("button", { name: "Copy" }).first().click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(
      `npx icrl tournament run examples/tournament.yaml --server ${address} --out my-results`,
    );
    expect(wrong).toEqual([]);
  });

  test("what nobody knows yet to be played is counted apart, and what was played before is in the log", async () => {
    const first = await halfPlayed();
    const { page, wrong } = await openTab(first.pageUrl);
    // By hand: 12 trials of each of 4 tasks are played, and as many are perhaps to come.
    await page
      .getByText("4 tasks × 2 agents · 48 of 48 trials, up to 48 more of agents that have yet to come")
      .waitFor();
    await page.getByRole("link", { name: /spring cup/ }).click();
    await page.getByText("4 of 4 matches over, up to 4 more").waitFor();
    await page.getByRole("row", { name: /late/ }).getByText("not here yet").waitFor();
    await first.close();

    const again = { path: first.dataDir, remove() {} };
    const second = await startTestServer({}, undefined, { listen: "127.0.0.1:0" }, again);
    onTestFinished(() => second.dispose());
    const reopened = await openTab(`${second.pageUrl}#key=${second.operatorKey}`);
    // 12 trials: of the bandit 1 episode, of the room 2, of the river 4, of the linear bandit 1.
    expect(await reopened.page.locator("dl div", { hasText: "episodes on disk" }).locator("dd").textContent()).toBe(
      "96",
    );
    await reopened.page.getByText("96 episodes are in the log;").waitFor();
    await reopened.page.getByRole("link", { name: /spring cup/ }).click();
    await reopened.page.getByText(`npx icrl log list --data DIR --tournament ${first.id}`).waitFor();
    await reopened.page.getByRole("link", { name: "Trajectories", exact: true }).click();
    await reopened.page.getByText("Nothing recorded since the server started").waitFor();
    expect([...wrong.filter((one) => !one.includes("ERR_CONNECTION_REFUSED")), ...reopened.wrong]).toEqual([]);
  });

  test("an address that leads nowhere says so, and leads back", async () => {
    const { pageUrl } = await serverWithPage();
    const { page } = await openTab(pageUrl);
    for (const [hash, title] of [
      ["#/tournaments/none", "This server has no such tournament"],
      ["#/trajectories/none", "This trajectory is not kept any more"],
      ["#/nonsense", "There is no such view"],
    ]) {
      await page.goto(pageUrl + hash);
      await page.getByRole("heading", { name: title }).waitFor();
    }
    await page.getByRole("link", { name: "Back to the overview" }).click();
    await page.getByText("No tournament yet").waitFor();
  });

  test("when the server goes the page says so and keeps what it knew, and it goes on when the server is back", async () => {
    const first = await startTestServer({}, undefined, { listen: "127.0.0.1:0" });
    const pageUrl = first.pageUrl as string;
    const { page } = await openTab(pageUrl);
    await page.getByText("No tournament yet").waitFor();
    await first.dispose();
    await page.getByText("The server does not answer.").waitFor();
    expect(await page.getByText("No tournament yet").count()).toBe(1);
    const second = await startTestServer({}, undefined, { listen: new URL(pageUrl).host });
    onTestFinished(() => second.dispose());
    await page.getByText("The server does not answer.").waitFor({ state: "detached" });
    await page.getByText(second.address).first().waitFor();
  });

  test("a tab that nobody sees asks for nothing, and asks at once when it is seen again", async () => {
    const { pageUrl } = await serverWithPage();
    const { page } = await openTab(pageUrl);
    await page.getByText("No tournament yet").waitFor();
    const show = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
    await page.clock.install();
    await page.goto(pageUrl);
    await page.getByText("No tournament yet").waitFor();
    let asked = 0;
    await show(true);
    page.on("request", () => (asked += 1));
    await page.clock.runFor(60_000);
    expect(asked).toBe(0);
    const question = page.waitForRequest(/\/api\/overview$/);
    await show(false);
    await question;
  });
});
