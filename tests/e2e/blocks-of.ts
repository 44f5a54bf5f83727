import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./run-icrl.js";

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): { readonly language: string; readonly text: string }[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
}
