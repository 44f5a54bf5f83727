/** A report's page as it is read: in a browser, on a desk, on a telephone and on paper. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium as driver } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeReport } from "#icrl/jobs/report/write-report.js";
import { chromium } from "../../requirements.js";
import { CHROMIUM_FLAGS } from "../../support/browser.js";
import { e1, madeUpAgent, madeUpResults, riverSwim } from "../../support/made-up-results.js";
import { madeUpStatistics } from "./made-up-statistics.js";

const executablePath = chromium();

const steps = Array.from({ length: 200 }, (_, i) => i + 1);

/** Names without a blank to break at, names that are markup, and an entrant far below all others. */
const results = madeUpResults([
  {
    ...e1,
    id: "a-task-whose-name-has-no-blank-".repeat(3),
    uniform_regret: 222,
    agents: [
      ...e1.agents.map((agent, i) => (i === 0 ? { ...agent, forfeits: 12 } : agent)), // a note beside its name
      madeUpAgent(`<img src="http://127.0.0.1:9/x.png" onerror="alert(1)">`, steps, 60, 20, 2),
      madeUpAgent("x".repeat(100), steps, 900, Infinity, 9),
    ],
  },
  { ...riverSwim, uniform_regret: 336 },
]);

describe.skipIf(executablePath === undefined)("a report in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "icrl-report-page-"));
  const address = pathToFileURL(join(folder, "report.html")).href;
  let browser: Browser;
  beforeAll(async () => {
    await writeReport(results, madeUpStatistics(results), folder);
    browser = await driver.launch({ executablePath, args: CHROMIUM_FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ["on a desk", 1280, "screen"],
    ["on a telephone", 390, "screen"],
    ["on a page of A4 with its margins", 688, "print"],
  ] as const)(
    "%s it is no wider than it may be, asks for nothing, and has all texts within their pictures",
    async (_, width, media) => {
      const page = await browser.newPage({ viewport: { width, height: 900 } });
      const wrong: string[] = [];
      page.on("request", (request) => {
        if (request.url() !== address && !request.url().startsWith("data:font/")) wrong.push(request.url());
      });
      page.on("console", (message) => wrong.push(message.text()));
      page.on("pageerror", (error) => wrong.push(error.message));
      page.on("dialog", (dialog) => {
        wrong.push(dialog.message());
        void dialog.dismiss();
      });
      await page.emulateMedia({ media });
      await page.goto(address);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      await page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true");
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(await page.evaluate("document.fonts.check('12px Lato')")).toBe(true);
      const outside = await page.evaluate(`[...document.querySelectorAll("svg text")].flatMap((text) => {
      const box = text.getBoundingClientRect();
      const picture = text.ownerSVGElement.getBoundingClientRect();
      const within = box.left >= picture.left && box.right <= picture.right && box.top >= picture.top && box.bottom <= picture.bottom;
      return within ? [] : [text.textContent];
    })`);
      expect(outside).toEqual([]);
      expect(wrong).toEqual([]);
      await page.close();
    },
  );

  test("without scripts it is the same, and every part is reached by its link", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(address);
    for (const link of await page.getByRole("navigation", { name: "Contents" }).getByRole("link").all()) {
      const text = (await link.textContent()) ?? "";
      await link.click();
      const heading = page.getByRole("heading", { level: 2, name: text });
      await expect.poll(async () => (await heading.boundingBox())?.y).toBeLessThan(900);
      expect((await heading.boundingBox())?.y).toBeGreaterThan(-1);
    }
    // Scores, profiles and ratings of those that play each of the two tasks; pairs, and two of each task.
    expect(await page.getByRole("img").count()).toBe(11);
    await context.close();
  });
});
