import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { CommandProblem, commandWords } from "#icrl/jobs/launch/command-words.js";
import { quoted } from "#icrl/jobs/quoted.js";

/** What a shell makes of a command's words, by a program that says them. */
function bySh(text: string): string[] {
  const said = execFileSync("sh", ["-c", `printf '%s\\0' ${text}`], { encoding: "utf8" });
  return said.split("\0").slice(0, -1);
}

test.each([
  "python agent.py",
  "  python\t  agent.py  ",
  `python "my agent.py" 'it is "so"' a" "b''c`,
  `python "\\"\\\\\\n" \\" \\\\ a\\ b`,
  `python '' "" ''""`,
  `python 'a\\b $HOME \`x\` | & ; < > ( )' --seed=3`,
  `python "| & ; < > ( ) *" ~x #y`.replace("~x #y", "x~ y#"),
  "python \\$HOME \\; ü 名前",
])("%s has the words that a shell gives it", (text) => {
  expect(commandWords(text)).toEqual(bySh(text));
});

test("what is quoted for a shell comes back", () => {
  for (const word of ["", "a b", "it's", `"`, "\\", "$x", "a;b", "ä"]) {
    expect(commandWords(`run ${quoted(word)}`)).toEqual(["run", word]);
  }
});

test.each([
  ["", "has no program: give one, and its arguments"],
  ["  ", "has no program: give one, and its arguments"],
  [`"" x`, "has no program: give one, and its arguments"],
  [`python "agent.py`, 'has a " that is not closed'],
  ["python 'agent.py", "has a ' that is not closed"],
  ["python \\", "ends with a backslash"],
  ["python a.py > log", "has >, which only a shell would understand"],
  ["python $AGENT", "has $, which only a shell would understand"],
  [`python "$AGENT"`, "has $, which only a shell would understand"],
  ["python a.py & rm -rf x", "has &, which only a shell would understand"],
  ["a | b", "has |, which only a shell would understand"],
  ["a `b`", "has `, which only a shell would understand"],
  ["a\nb", "has a line break, which only a shell would understand"],
  ["a b\0c", "has a zero character"],
])("%j is no command: it %s", (text, why) => {
  expect(() => commandWords(text)).toThrow(CommandProblem);
  expect(() => commandWords(text)).toThrow(why);
});
