import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { optionsFromTexts, text } from "#icrl/common/options.js";
import { optionFlags, requireOnCommandLine, requireProgram } from "#icrl/jobs/launch/launch.js";
import { loadAgentModule, readAgentModule } from "#icrl/jobs/launch/module-agent.js";
import { ROOT } from "../../e2e/run-icrl.js";
import { icrlHere, refusalHere } from "../../support/icrl-here.js";
import { tempDir } from "../../support/temp-dir.js";

const dir = tempDir();
afterAll(() => dir.remove());
const place = (name: string) => join(dir.path, name);
const written = (name: string, source: string) => {
  writeFileSync(place(name), source);
  return place(name);
};

test("a program is looked for in PATH, or from the folder where it is a path", () => {
  chmodSync(written("run", "#!/bin/sh\n"), 0o755);
  written("data.txt", "");
  mkdirSync(place("folder"));
  const check = (program: string, path = "/nowhere") =>
    requireProgram({ kind: "command", words: [program], folder: dir.path }, 'entrant "mine"', path);
  expect(() => check("./run")).not.toThrow();
  expect(() => check(place("run"))).not.toThrow();
  expect(() => check("run", `/nowhere:${dir.path}`)).not.toThrow();
  const refused = (program: string) => `the command of entrant "mine": ${place(program)} is no program that can be run`;
  expect(() => check("./run2")).toThrow(refused("run2"));
  expect(() => check("./data.txt")).toThrow(refused("data.txt"));
  expect(() => check("./folder")).toThrow(refused("folder"));
  expect(() => check("run")).toThrow('the command of entrant "mine": there is no program "run" in any folder of PATH');
  expect(() => check("SEED=3")).toThrow("to set a variable, begin with the program env");
});

test("options stand on a command line as the SDK reads them back, texts as they are, all else as JSON", () => {
  const flags = optionFlags({ rate: 0.5, name: "a b=c", on: true, layers: [1, 2] });
  expect(flags).toEqual(
    ["rate=0.5", "name=a b=c", "on=true", "layers=[1,2]"].flatMap((option) => ["--option", option]),
  );
  const table = { name: text({ default: "", help: "" }) };
  expect(optionsFromTexts(table, [flags[3]])).toEqual({ name: "a b=c" });
});

test.each([{ "a=b": 1 }, { "": 1 }, { a: "x\0y" }, { "a\0": 1 }])("%j cannot stand on a command line", (options) => {
  expect(() => requireOnCommandLine(options, 'entrant "mine"')).toThrow(/cannot stand on a command line/);
});

test("a module's agent says what it is; whatever else the module does stays in its thread", async () => {
  const facts = await readAgentModule(join(ROOT, "examples/softmax-agent.mjs"));
  await expect(readAgentModule(written("exits.mjs", "process.exit(3)"))).rejects.toMatchObject({
    reason: "SPEC_INVALID",
    message: `${place("exits.mjs")} ended with exit code 3 while it was loaded`,
  });
  expect(facts).toMatchObject({ name: "softmax", tasks: ["bandit"], options: { temperature: { default: 0.5 } } });
});

test("icrl agents describes the agent of a module by its path, and says what is no module", async () => {
  const described = await icrlHere("agents", join(ROOT, "examples/softmax-agent.mjs"), "--json");
  expect(JSON.parse(described.stdout)).toMatchObject({ name: "softmax", options: [{ name: "temperature" }] });
  expect(await refusalHere("agents", place("absent.js"))).toMatch(/^SPEC_INVALID: .*absent.js cannot be loaded: /);
  expect(await refusalHere("agents", "softmx")).toMatch(/^AGENT_UNKNOWN: /);
});

const agent = { name: "a", version: "1", summary: "", source: "", tasks: [], options: {} };
test.each([
  ["absent.mjs", undefined, /absent.mjs cannot be loaded: Cannot find module/],
  ["syntax.mjs", "export default {", /syntax.mjs cannot be loaded: /],
  ["throws.mjs", "throw new Error('no luck')", /throws.mjs cannot be loaded: no luck$/],
  ["empty.mjs", "", /empty.mjs has no default export that is an agent: give `export default defineAgent/],
  ["half.mjs", `export default { ...${JSON.stringify(agent)} }`, /half.mjs exports an agent without a function create/],
  ["name.mjs", `export default { ...${JSON.stringify(agent)}, name: 7 }`, /an agent whose name is no text/],
  ["row.mjs", `export default { ...${JSON.stringify(agent)}, options: { a: 1 } }`, /whose option "a" is no row/],
])("%s is refused", async (name, source, why) => {
  if (source !== undefined) written(name, source);
  await expect(loadAgentModule(place(name))).rejects.toMatchObject({
    reason: "SPEC_INVALID",
    message: expect.stringMatching(why),
  });
});
