import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { trajectoryColumnsTable } from "#icrl/datasets/log/trajectory-schema.js";

test("the table of docs/log.md is the schema's", () => {
  const page = readFileSync(new URL("../../../docs/log.md", import.meta.url), "utf8");
  const between = /<!-- columns:.*?-->\n([\s\S]*?)\n<!-- \/columns -->/.exec(page)?.[1];
  expect(between).toBe(trajectoryColumnsTable());
});
