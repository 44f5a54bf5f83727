/** docs/training.md: its tables of options are written from the code, the rest by hand. */
import { readFileSync } from "node:fs";
import { MODEL_OPTIONS } from "../../dist/agents/transformer/model-config.js";
import { TRAINING_OPTIONS } from "../../dist/agents/transformer/training-options.js";
import { optionsTable } from "./markdown.mjs";

const FILE = "docs/training.md";

/** The page with its tables renewed: each stands between `<!-- NAME options -->` and `<!-- end -->`. */
export function trainingPage() {
  return readFileSync(FILE, "utf8")
    .replace(section("model"), `$1${optionsTable(MODEL_OPTIONS)}$2`)
    .replace(section("training"), `$1${optionsTable(TRAINING_OPTIONS)}$2`);
}

/** @param {string} name */
function section(name) {
  return new RegExp(`(<!-- ${name} options[^>]*-->\\n\\n)[^<]*(<!-- end -->)`);
}
