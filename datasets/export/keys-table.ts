/** Arrays of a file by their keys, as a Markdown table. */
export function keysTable(keys: readonly (readonly [key: string, shape: string, help: string])[]): string {
  const rows = keys.map(([key, shape, help]) => `| \`${key}\` | ${shape} | ${help} |`);
  return ["| key | shape | meaning |", "|---|---|---|", ...rows].join("\n");
}
