/**
 * The words of a command that is written as one text. There is no shell behind it: words are split as a shell splits them, quotes and
 * backslashes mean what they mean there, and nothing else means anything. So signals and exit codes are those of the program itself, and
 * no name or option that is added to the words can be taken for a part of the command.
 */

/** A command that has no words, or means something only to a shell. */
export class CommandProblem extends Error {}

/** What a shell would act upon, outside quotes. */
const FOR_SHELLS = /[|&;<>()$`\n]/;

/** What a backslash takes the meaning from within double quotes. */
const ESCAPED = /["\\$`]/;

/**
 * The words: `python "my agent.py" --fast` has three.
 *
 * @throws CommandProblem as the end of a sentence that names the command
 */
export function commandWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quote === "'" || (quote === '"' && c !== '"' && c !== "\\" && c !== "$" && c !== "`")) {
      if (c === quote) quote = "";
      else word = `${word}${c}`;
    } else if (c === quote) quote = "";
    else if (c === "\\") {
      i += 1;
      if (i === text.length) throw new CommandProblem("ends with a backslash");
      const kept = quote === '"' && !ESCAPED.test(text[i]) ? "\\" : "";
      word = `${word ?? ""}${kept}${text[i]}`;
    } else if (FOR_SHELLS.test(c)) throw new CommandProblem(forShells(c));
    else if (quote === "" && (c === '"' || c === "'")) {
      quote = c;
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ""}${c}`;
  }
  if (quote !== "") throw new CommandProblem(`has a ${quote} that is not closed`);
  if (word !== undefined) words.push(word);
  return requireWords(words);
}

/**
 * Words that were given one by one.
 *
 * @throws CommandProblem where they start nothing
 */
export function requireWords(words: readonly string[]): string[] {
  if (words.length === 0 || words[0] === "") throw new CommandProblem("has no program: give one, and its arguments");
  if (words.some((word) => word.includes("\0"))) throw new CommandProblem("has a zero character");
  return [...words];
}

function forShells(c: string): string {
  const what = c === "\n" ? "a line break" : c;
  return `has ${what}, which only a shell would understand: quote it, or name the shell, ["sh", "-c", "...", "sh"]`;
}
