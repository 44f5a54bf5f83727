import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./run-icrl.js";

/** The fenced blocks of the README, in order. */
export function readmeBlocks(): { readonly language: string; readonly text: string }[] {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  return [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
}
