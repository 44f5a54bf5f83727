import { expect, test } from "vitest";
import { openLabelling } from "#icrl/server/labels/labelling.js";
import { resolveLimits } from "#icrl/server/sessions/limits.js";
import { importedForTest } from "../../support/imported.js";

test("a server makes no labels of an imported dataset: it could not tell an expert what the task is", async () => {
  const { dir } = await importedForTest();
  await expect(openLabelling(dir, "mine", resolveLimits(), () => {})).rejects.toMatchObject({
    reason: "TRUTH_UNKNOWN",
    message: expect.stringContaining(`${dir} was imported`),
  });
});
