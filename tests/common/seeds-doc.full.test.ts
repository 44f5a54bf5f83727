import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("docs/seeds.md's Python program prints the table below it", () => {
  const page = readFileSync(new URL("../../docs/seeds.md", import.meta.url), "utf8");
  const program = page.match(/```python\n([\s\S]*?)```/)?.[1] ?? "";
  const table = page
    .slice(page.indexOf("|---|---|", page.indexOf("It prints:")))
    .split("\n")
    .slice(1)
    .join("\n");
  expect(execFileSync("python3", ["-"], { input: program, encoding: "utf8" })).toBe(table);
});
