import type { OptionTable } from "../../common/options.js";

/** An option as `--json` shows it. */
export function optionsJson(table: OptionTable): Record<string, unknown>[] {
  return Object.entries(table).map(([name, row]) => ({
    name,
    type: row.type,
    default: row.default,
    ...("min" in row && row.min !== undefined ? { min: row.min } : {}),
    ...("max" in row && row.max !== undefined ? { max: row.max } : {}),
    ...(row.type === "choice" ? { choices: row.choices } : {}),
    help: row.help,
  }));
}
