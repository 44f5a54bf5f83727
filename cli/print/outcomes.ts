/** What a conformance check found, for people. */
import { allHold, type Outcome } from "../../jobs/conformance/outcome.js";
import type { Paint } from "./paint.js";

const WORDS = { holds: "ok", fails: "FAILS", skipped: "skipped" } as const;

/** A line for each rule or scenario, with what is wrong and what else there is to say below it; then how many hold. */
export function outcomesText(outcomes: readonly Outcome[], paint: Paint): string {
  const width = Math.max(...Object.values(WORDS).map((word) => word.length));
  const lines = outcomes.flatMap(({ name, result, faults, notes }) => {
    const word = WORDS[result].padEnd(width);
    return [
      `${result === "fails" ? paint.bold(word) : word}  ${name}`,
      ...faults.map((fault) => `${" ".repeat(width)}    ${fault}`),
      ...notes.map((note) => paint.faint(`${" ".repeat(width)}    note: ${note}`)),
    ];
  });
  const count = (wanted: Outcome["result"]) => outcomes.filter(({ result }) => result === wanted).length;
  const end = `${allHold(outcomes) ? "conforms" : "does NOT conform"}: ${count("holds")} hold, ${count("fails")} fail, ${count("skipped")} skipped`;
  return `${[...lines, end].join("\n")}\n`;
}
