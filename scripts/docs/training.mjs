/** docs/training.md: its tables of objectives and options are written from the code, the rest by hand. */
import { readFileSync } from "node:fs";
import { MODEL_OPTIONS } from "../../dist/agents/transformer/model-config.js";
import { OBJECTIVES } from "../../dist/agents/transformer/objectives.js";
import { TRAINING_OPTIONS } from "../../dist/agents/transformer/training-options.js";
import { optionsTable, table } from "./markdown.mjs";

const FILE = "docs/training.md";

/** The page with its tables renewed: each stands between `<!-- NAME ... -->` and `<!-- end -->`. */
export function trainingPage() {
  return readFileSync(FILE, "utf8")
    .replace(section("objectives"), `$1${objectivesTable()}$2`)
    .replace(section("model options"), `$1${optionsTable(MODEL_OPTIONS)}$2`)
    .replace(section("training options"), `$1${optionsTable(TRAINING_OPTIONS)}$2`);
}

function objectivesTable() {
  const rows = OBJECTIVES.map(({ usage, learns, source }) => [`\`${usage}\``, learns, source]);
  return table(["objective", "learns", "source"], rows);
}

/** @param {string} name */
function section(name) {
  return new RegExp(`(<!-- ${name}[^>]*-->\\n\\n)[^<]*(<!-- end -->)`);
}
