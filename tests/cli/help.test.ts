import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createProgram, fullName } from "#icrl/cli/program.js";
import { icrlHere } from "../support/icrl-here.js";

/** Every command that has none below it, without "icrl". */
const commands = createProgram().commands.flatMap((command) => [command, ...command.commands]);
const verbs = commands.map((command) => fullName(command).slice("icrl ".length));

describe("--help", () => {
  test.each([...verbs, ""])(
    "of `icrl %s` goes to standard output and names only defaults that say something",
    async (verb) => {
      const { code, stdout, stderr } = await icrlHere(...verb.split(" ").filter(Boolean), "--help");
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: icrl ${verb}`));
      expect(stdout).not.toMatch(/default: (false|\[\]|undefined)/);
    },
  );

  test("is what `icrl help VERB` prints too", async () => {
    expect(await icrlHere("help", "play")).toEqual(await icrlHere("play", "--help"));
  });

  test("stands on standard error, with exit code 2, where a verb is missing", async () => {
    for (const verb of [[], ["log"], ["tournament"], ["dataset"]]) {
      const { code, stdout, stderr } = await icrlHere(...verb);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/^Usage: icrl/);
    }
  });
});

test("every command stands in the pages about commands", () => {
  const pages = ["docs/cli.md", "docs/datasets.md", "docs/export.md", "docs/import.md"]
    .map((page) => readFileSync(page, "utf8"))
    .join("");
  expect(verbs.length).toBeGreaterThan(20);
  for (const verb of verbs) expect(pages).toMatch(new RegExp(`icrl ${verb}\\b`));
});
