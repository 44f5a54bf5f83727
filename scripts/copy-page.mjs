/** Puts the live page's files that are not compiled beside those that are: dist/server/page is what is served. */
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const from = join(root, "server/page");
const to = join(root, "dist/server/page");
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from)) if (/\.(html|css|svg)$/.test(name)) cpSync(join(from, name), join(to, name));
