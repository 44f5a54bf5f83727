/** README.md of a dataset: a dataset card, whose YAML header points Hugging Face at the shards. */
import { markdownCode as code, markdownBlock, markdownText } from "../../common/markdown.js";
import { visibleJson } from "../../common/visible-text.js";
import { trajectoryColumnsTable } from "../log/trajectory-schema.js";
import { type DatasetManifest, folderLabels, type Options } from "./dataset-manifest.js";
import { LABEL_COLUMNS } from "./label-folder.js";
import { truthKnown } from "./truth-known.js";

/** The card, Markdown. */
export function datasetCard(manifest: DatasetManifest): string {
  return `${[
    header(manifest),
    `# ${markdownText(manifest.name)}`,
    `Trajectories for in-context reinforcement learning, ${truthKnown(manifest) ? "made" : "imported"} by \`icrl\` ${manifest.versions.icrl}: ${count(manifest.episodes, "episode")} of ${count(manifest.trials, "trial")}, ${count(manifest.steps, "step")}. One row is one episode; the episodes of a trial (consecutive episodes on one instance of a task, during which an agent keeps its memory) stand side by side, in order, in one file.${subsampleText(manifest)}${privilegedText(manifest)}`,
    "## Loading",
    LOADING,
    "Seeds use all 64 bits of an unsigned integer: a tool that turns them into float64 loses digits.",
    "## Tasks",
    table(
      ["id", "task", "options", "actions", "steps of an episode", "instances", "trials", "episodes"],
      manifest.tasks.map((task) => [
        code(task.id),
        `${code(task.task)} version ${manifest.versions.tasks[task.task] ?? "?"}`,
        json(task.options),
        String(task.num_actions),
        `at most ${task.horizon}`,
        String(task.instances ?? "not known"),
        String(task.trials),
        String(task.episodes),
      ]),
    ),
    "## Behaviours",
    truthKnown(manifest)
      ? "Each trial was played by one of these, named in the column `behaviour_component`, drawn by the weights."
      : "Who acted is not known.",
    table(
      ["name", "agent", "options", "weight", "trials", "episodes"],
      manifest.behaviours.map((entry) => [
        code(entry.name),
        `${code(entry.agent)} version ${markdownText(manifest.versions.agents[entry.agent] ?? "?")}`,
        json(entry.options),
        String(entry.weight),
        String(entry.trials),
        String(entry.episodes),
      ]),
    ),
    "## Labels",
    "What an expert would have done at each step of these trajectories.",
    table(["label", "where", "expert"], labelRows(manifest)),
    ...(folderLabels(manifest).size === 0
      ? []
      : [
          "Row i of a file in `labels/NAME` belongs to row i of the file of the same name in `data`.",
          table(
            ["column", "type", "meaning"],
            LABEL_COLUMNS.map(({ name, sql, help }) => [code(name), code(sql), help]),
          ),
        ]),
    "## Columns",
    "T is `length`. A `?` marks types that can be null. Lists that could be matrices are flat and row-major.",
    trajectoryColumnsTable(),
    ...(manifest.schema_version === 1 ? [SCHEMA_1] : []),
    "## Where it is from",
    provenance(manifest),
    `\`dataset.json\` has the SHA-256 of every file; \`icrl dataset verify DIR\` checks them${truthKnown(manifest) ? " and plays episodes again from their seeds" : ""}.`,
  ].join("\n\n")}\n`;
}

const WITHOUT_TRUTH =
  "The truth of its instances is not known: there are no seeds, no regret and no best actions, and what a label says is what came with the data.";

/** Of datasets that an earlier version made, and that get a label now. */
const SCHEMA_1 =
  'The shards are of schema 1: they have no `task_id` and no `collection_id`, which stand in `tags`, as "task" and "collection".';

const LOADING = table(
  ["tool", "one line"],
  [
    ["DuckDB", "`SELECT * FROM 'DIR/data/*.parquet'`"],
    ["pandas", '`pd.read_parquet("DIR/data")`'],
    ["Polars", '`pl.read_parquet("DIR/data/*.parquet")`'],
    ["pyarrow", '`pyarrow.dataset.dataset("DIR/data").to_table()`'],
    ["Hugging Face `datasets`", '`load_dataset("parquet", data_files="DIR/data/*.parquet")`'],
  ],
);

function header(manifest: DatasetManifest): string {
  const configs = ["default", ...folderLabels(manifest).keys()].map((name) =>
    [
      `- config_name: ${JSON.stringify(name === "default" ? name : `label-${name}`)}`,
      "  data_files:",
      "  - split: train",
      `    path: ${JSON.stringify(name === "default" ? "data/*.parquet" : `labels/${name}/*.parquet`)}`,
    ].join("\n"),
  );
  return [
    "---",
    ...(manifest.license === null ? [] : [`license: ${JSON.stringify(manifest.license)}`]),
    `pretty_name: ${JSON.stringify(manifest.name)}`,
    "task_categories:\n- reinforcement-learning",
    "tags:\n- in-context-reinforcement-learning\n- offline-reinforcement-learning\n- icrl",
    `size_categories:\n- ${sizeCategory(manifest.episodes)}`,
    `configs:\n${configs.join("\n")}`,
    "---",
  ].join("\n");
}

/** As Hugging Face writes them: `n<1K`, `1K<n<10K`, ... by powers of ten. */
export function sizeCategory(rows: number): string {
  const bounds = ["1K", "10K", "100K", "1M", "10M", "100M", "1B"];
  const above = bounds.findIndex((_, i) => rows < 1000 * 10 ** i);
  if (above === 0) return "n<1K";
  return above < 0 ? "n>1B" : `${bounds[above - 1]}<n<${bounds[above]}`;
}

function labelRows(manifest: DatasetManifest): string[][] {
  return Object.entries(manifest.labels).map(([name, label]) =>
    "column" in label
      ? [code(name), `column \`${label.column}\``, name === "self" ? "the behaviour itself" : "the truth"]
      : [
          code(name),
          code(`${label.folder}/*.parquet`),
          !truthKnown(manifest)
            ? "what came with the data; it is not known who that was"
            : `${code(label.agent)} version ${markdownText(label.agent_version)} ${json(label.agent_options)}${label.probabilities ? ", with probabilities" : ""}`,
        ],
  );
}

function provenance(manifest: DatasetManifest): string {
  if (manifest.made_by === "import") {
    return `Imported from what others made, with \`icrl dataset import\` and ${json(manifest.made_with)}. ${WITHOUT_TRUTH}`;
  }
  if (manifest.made_by === "collect") {
    return `Collected with seed ${manifest.seed}. Task, noise and agent seeds follow from it, so that the same spec gives the same trajectories. To make it again, put this into \`spec.yaml\` (JSON is YAML) and run \`icrl dataset collect spec.yaml --out DIR\`:\n\n${markdownBlock(visibleJson(JSON.stringify(manifest.spec, null, 2)), "json")}`;
  }
  const sources = manifest.sources.map(({ name, id, seed, episodes }) =>
    [
      `- ${markdownText(name)}, id ${code(id)}`,
      seed === null ? "" : `, seed ${seed}`,
      `, ${count(episodes, "episode")}`,
    ].join(""),
  );
  return `Made with \`icrl dataset ${manifest.made_by}\` and ${json(manifest.made_with)} from\n\n${sources.join("\n")}\n\nTheir specs are in \`dataset.json\`.${truthKnown(manifest) ? "" : ` ${WITHOUT_TRUTH}`}`;
}

function subsampleText({ subsample }: DatasetManifest): string {
  if (subsample === null || subsample === 1) return "";
  return ` Of each trial only the episodes are here whose \`episode_index\` is a multiple of ${subsample}.`;
}

function privilegedText({ privileged }: DatasetManifest): string {
  return privileged ? " Some behaviours saw the truth: see the column `privileged`." : "";
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
  return [line(titles), `|${"---|".repeat(titles.length)}`, ...rows.map(line)].join("\n");
}

const json = (options: Options): string => code(visibleJson(JSON.stringify(options)));

function count(n: number, what: string): string {
  return `${String(n).replace(/\B(?=(\d{3})+$)/g, ",")} ${what}${n === 1 ? "" : "s"}`;
}
