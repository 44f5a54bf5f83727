/**
 * `jsonl`: one episode a line, every column of the data under its own name, then the label.
 *
 * uint64 are decimal strings, since JSON's numbers lose digits above 2^53; times are ISO 8601; columns that hold JSON are objects;
 * float32 are the shortest decimals that read as the same float32; unknown items of lists are null.
 */
import type { ColumnType, RowValue } from "../log/columns.js";
import { TRAJECTORY_COLUMNS } from "../log/trajectory-schema.js";
import { exportFormat } from "./export-format.js";
import { fileOutput } from "./export-output.js";
import { float32Text } from "./float32-text.js";
import type { LabelledEpisode } from "./read-trials.js";
import { createTextFile } from "./text-file.js";

/** Text columns whose text is JSON. */
const JSON_COLUMNS = new Set(["task_options", "agent_options", "tags"]);

/** Its section of docs/export.md. */
const DOCS = `\`\`\`python
pd.read_json("PATH", lines=True, dtype={"task_seed": "uint64", "noise_seed": "uint64", "agent_seed": "uint64"})
\`\`\`

Every column of the data under its own name ([log.md](log.md) lists them). 64-bit integers are decimal strings, since JSON's numbers lose
digits above 2^53; times are ISO 8601; options and tags are objects; unknown propensities are null. Float32 numbers are the shortest
decimals that read as the same float32. With \`--labels\`: \`label\` (its name), \`label_actions\` [T], \`label_probabilities\` [T x A] or null.

Nothing is lost.`;

/** The format. */
export const jsonl = exportFormat({
  name: "jsonl",
  summary: "one episode a line",
  options: {},
  output: fileOutput("jsonl", /^\{"schema_version":\d+,"episode_id":"/),
  docs: {
    path: "a file",
    row: "an episode",
    use: "programs that read JSON",
    text: DOCS,
  },
  defaultLabel: undefined,
  rows: "episodes",
  // Without types pandas makes float64 of seeds, whose last digits are lost.
  load: (path) =>
    `pd.read_json(${JSON.stringify(path)}, lines=True, dtype={"task_seed": "uint64", "noise_seed": "uint64", "agent_seed": "uint64"})`,
  async open({ label }, _options, path) {
    const file = createTextFile(path);
    return {
      append({ episodes }) {
        for (const episode of episodes) file.write(`${jsonLine(episode, label)}\n`);
        return episodes.length;
      },
      close: () => file.close(),
      abandon: () => file.close(),
    };
  },
});

function jsonLine({ row, labelActions, labelProbabilities }: LabelledEpisode, label: string | undefined): string {
  const members = TRAJECTORY_COLUMNS.map(({ name, type }) => {
    const value = row[name];
    const text = value !== null && JSON_COLUMNS.has(name) ? (value as string) : jsonValue(type, value);
    return `"${name}":${text}`;
  });
  if (label !== undefined) {
    members.push(`"label":${JSON.stringify(label)}`);
    members.push(`"label_actions":${jsonValue("list<int32>", labelActions ?? null)}`);
    members.push(`"label_probabilities":${jsonValue("list<float32>", labelProbabilities ?? null)}`);
  }
  return `{${members.join(",")}}`;
}

function jsonValue(type: ColumnType, value: RowValue): string {
  if (value === null) return "null";
  switch (type) {
    case "uint64":
      return `"${value}"`;
    case "timestamp":
      return `"${new Date(value as number).toISOString()}"`;
    case "list<int32>":
      return `[${(value as Int32Array).join(",")}]`;
    case "list<float32>":
    case "list<float32?>":
      return `[${Array.from(value as Float32Array, (item) => float32Text(item) || "null").join(",")}]`;
    default:
      return JSON.stringify(value);
  }
}
