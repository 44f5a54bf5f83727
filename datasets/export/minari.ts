/**
 * `minari`: a folder that the Minari package loads, in its `arrow` format, one folder per episode:
 *
 *   data/metadata.json              spaces, totals, who and what
 *   data/<i>/part-0.arrow           T + 1 records of episode i: observations, actions, rewards, terminations, truncations, infos
 *   data/<i>/metadata.json          its length, its seed, and what is constant in it
 *
 * The last record of an episode holds its last observation and zeros, as Minari itself pads. Info k is what the k-th step
 * returned, info 0 what the reset did: NaN and -1.
 *
 * Observations are Discrete(n) where states are, Box where what is shown is drawn anew at each step, and Discrete(1) where there is
 * nothing to observe; a bandit's fixed arms are `trial_features` in the episode's metadata. The log has no box after the last
 * step: that record is zeros.
 * Source: Minari 0.5.4, minari/dataset/_storages/arrow_storage.py and minari/serialization.py; versions 0.5.0 to 0.5.4 read it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { VERSION } from "../../common/version.js";
import { foldersNamed, markerAt, type OutputKind } from "../files/output-kind.js";
import type { ObservationSpaceEntry } from "../folder/dataset-manifest.js";
import { type ExportSource, exportFormat, type FormatOptions } from "./export-format.js";
import { exportNoun } from "./export-output.js";
import type { LabelledEpisode } from "./read-trials.js";

/** The first version of Minari that reads this layout: it is what a dataset says it was made for. */
const MINARI_VERSION = "0.5.0";

/** Minari's names of datasets, without namespaces. */
const DATASET_ID = /^[-\w]+-v\d+$/;

const OPTIONS = {
  author: { kind: "texts", value: "name", help: "an author to name; can be given several times" },
  codePermalink: { kind: "text", value: "url", help: "address of the code that made the data" },
} as const;

const OUTPUT: OutputKind = {
  noun: exportNoun("minari"),
  form: "folder",
  is: (path) => "icrl" in markerAt(join(path, "data", "metadata.json")),
  files: (path) => [
    ...foldersNamed(join(path, "data"), /^\d+$/).flatMap((episode) => [
      `data/${episode}/part-0.arrow`,
      `data/${episode}/metadata.json`,
    ]),
    "data/metadata.json",
  ],
  inner: ["data"],
};

/** Its section of docs/export.md. */
const DOCS = `\`\`\`
icrl dataset export DIR --format minari --out ~/.minari/datasets/river-swim-v0
\`\`\`
\`\`\`python
minari.load_dataset("river-swim-v0")           # PATH lies in ~/.minari/datasets or $MINARI_DATASETS_PATH
minari.MinariDataset("PATH/data")              # PATH lies anywhere
\`\`\`

Needs \`pip install "minari[arrow]" pillow\` (tried with Minari 0.5.0, 0.5.3 and 0.5.4; its Arrow format imports Pillow without asking for it). PATH ends in
the dataset's name and version, as Minari has them. Namespaces are not written.

| in Minari | is |
|---|---|
| \`observation_space\` | \`Discrete(n)\` where a state is observed; \`Box\` [A, d] where arms are drawn anew at each step; \`Discrete(1)\` where there is nothing to observe, as in bandits with fixed arms |
| \`action_space\` | \`Discrete(A)\` |
| \`observations\` | T + 1. The log has no box after the last step: that one is zeros, as is a last state that is not known of imported data |
| \`actions\`, \`rewards\` | T; int64, float32 |
| \`terminations\`, \`truncations\` | T; true at most at the last step, \`terminations\` where the task's own horizon or goal ended the episode |
| \`infos\` | T + 1, as Gymnasium gives them (0 is the reset's): \`propensity\`, \`regret\` (NaN where unknown and at the reset), \`optimal_action\`, and \`label_action\` with \`--labels\` (-1 at the reset) |
| an episode's metadata | \`seed\` (the task seed) and \`noise_seed\`, exact; \`episode_id\`, \`trial_id\`, \`trial_index\`, \`episode_index\`, \`task\`, \`behaviour\`, \`return\`, \`regret\`, \`optimal_value\`; \`trial_features\`: a bandit's fixed arms, [A x d] row-major |
| the dataset's metadata | \`author\` (\`--author\`, may be repeated; default: icrl and its version), \`code_permalink\` (\`--code-permalink\`), \`algorithm_name\` (behaviours and weights), \`description\`, and under \`icrl\` the tasks with all options |

Not in it: the environment (\`recover_environment\` raises: the tasks are played by a server, not by a Gymnasium package), labels'
probabilities, agents' options and versions. Minari has no trials: the episodes of one are consecutive and share \`trial_id\`. It has one
observation space: of a dataset whose tasks differ in theirs, \`--task\` exports one. Its Arrow format is two files an episode; for
hundreds of thousands of short episodes the shards themselves are the better input.`;

/** The format. */
export const minari = exportFormat({
  name: "minari",
  summary: "a Minari dataset",
  options: OPTIONS,
  output: OUTPUT,
  docs: {
    path: "a folder",
    row: "a step, in a folder for each episode",
    use: "Minari, and what loads its datasets",
    text: DOCS,
  },
  defaultLabel: undefined,
  rows: "episodes",
  load: (path) => `minari.MinariDataset(${JSON.stringify(`${path}/data`)})`,
  check(source, out) {
    if (!DATASET_ID.test(basename(out))) {
      throw new IcrlError(
        "EXPORT_UNSUPPORTED",
        `"${basename(out)}" is not the name of a Minari dataset: end PATH in a name with a version, like ${join(out, "..", `${source.manifest.name.replaceAll(/[^-\w]+/g, "-")}-v0`)}`,
      );
    }
    const tasks = [...source.tasks.values()];
    const other = tasks.find((task) => spacesText(task) !== spacesText(tasks[0]));
    if (other === undefined) return;
    throw new IcrlError(
      "EXPORT_UNSUPPORTED",
      `a Minari dataset has one observation space and one action space, but tasks "${tasks[0].id}" and "${other.id}" differ in them: export one with --task ID`,
    );
  },
  async open(source, options, path, out) {
    const { episodeWriter } = await import("./minari-episode.js");
    const [task] = source.tasks.values();
    const writeEpisode = episodeWriter(task.observation_space, source.label !== undefined);
    const data = join(path, "data");
    mkdirSync(data);
    let episodes = 0;
    let steps = 0;
    let bytes = 0;
    return {
      append(trial) {
        for (const episode of trial.episodes) {
          const folder = join(data, String(episodes));
          const arrow = writeEpisode(episode);
          const metadata = episodeMetadata(episode, trial.taskId, episodes, source.label);
          mkdirSync(folder);
          writeFileSync(join(folder, "part-0.arrow"), arrow);
          writeFileSync(join(folder, "metadata.json"), metadata);
          episodes += 1;
          steps += episode.row.length;
          bytes += arrow.length + metadata.length;
        }
        return trial.episodes.length;
      },
      close() {
        const totals = { total_episodes: episodes, total_steps: steps, dataset_size: Math.round(bytes / 1e5) / 10 };
        const about = { ...datasetMetadata(source, options, basename(out)), ...totals };
        writeFileSync(join(data, "metadata.json"), `${JSON.stringify(about, null, 2)}\n`);
      },
      abandon() {},
    };
  },
});

type Spaces = { readonly num_actions: number; readonly observation_space: ObservationSpaceEntry };

const spacesText = ({ num_actions, observation_space }: Spaces): string =>
  JSON.stringify([num_actions, observationSpace(observation_space)]);

/** As minari.serialization writes a Discrete space. */
const discrete = (n: number): string => JSON.stringify({ type: "Discrete", dtype: "int64", start: 0, n });

function observationSpace({ type, n, shape = [] }: ObservationSpaceEntry): string {
  if (type === "discrete") return discrete(n ?? 1);
  if (type === "none") return discrete(1);
  // Python's JSON has infinities, JavaScript's has not.
  const full = (value: string) => shape.reduceRight((inner, size) => `[${Array(size).fill(inner).join(", ")}]`, value);
  return `{"type": "Box", "dtype": "float32", "shape": ${JSON.stringify(shape)}, "low": ${full("-Infinity")}, "high": ${full("Infinity")}}`;
}

function datasetMetadata(
  { manifest, tasks, label }: ExportSource,
  options: FormatOptions<typeof OPTIONS>,
  id: string,
): object {
  const all = [...tasks.values()];
  const behaviours = manifest.behaviours.filter(({ trials }) => trials > 0);
  const whole = behaviours.reduce((sum, { weight }) => sum + weight, 0);
  const algorithms = behaviours.map(({ name, weight }) =>
    behaviours.length === 1 ? name : `${name} (${Number((weight / whole).toPrecision(4))})`,
  );
  const { observation_space, num_actions } = all[0];
  return {
    dataset_id: id,
    minari_version: MINARI_VERSION,
    data_format: "arrow",
    observation_space: observationSpace(observation_space),
    action_space: discrete(num_actions),
    author: options.author.length > 0 ? options.author : [`icrl ${VERSION}`],
    ...(options.codePermalink === undefined ? {} : { code_permalink: options.codePermalink }),
    algorithm_name: algorithms.join(", "),
    description: `Trajectories of ${all.map(({ task }) => task).join(", ")}, exported from the icrl dataset "${manifest.name}" (${manifest.id}). Episode metadata has the trial that an episode belongs to; the episodes of a trial are consecutive. There is no Gymnasium environment to recover: the tasks are played by an icrl server, from each episode's seeds.`,
    icrl: {
      version: VERSION,
      dataset: { id: manifest.id, name: manifest.name, seed: manifest.seed },
      tasks: all,
      behaviours,
      label: label ?? null,
    },
  };
}

/** Of what is constant in an episode. Seeds are whole numbers, which Python reads exactly. */
function episodeMetadata({ row }: LabelledEpisode, task: string, id: number, label: string | undefined): string {
  const members: [string, string][] = [
    ["id", String(id)],
    ["total_steps", String(row.length)],
    ...(row.task_seed === null ? [] : ([["seed", String(row.task_seed)]] as [string, string][])),
    ["episode_id", JSON.stringify(row.episode_id)],
    ["trial_id", JSON.stringify(row.trial_id)],
    ["trial_index", String(row.trial_index)],
    ["episode_index", String(row.episode_index)],
    ["noise_seed", String(row.noise_seed)],
    ["task", JSON.stringify(task)],
    ["behaviour", JSON.stringify(row.behaviour_component ?? row.entrant ?? row.agent)],
    ["return", JSON.stringify(row.return)],
    ["regret", JSON.stringify(row.regret)],
    ["optimal_value", JSON.stringify(row.optimal_value)],
    ...(row.trial_features === null
      ? []
      : ([["trial_features", JSON.stringify(Array.from(row.trial_features))]] as [string, string][])),
    ...(label === undefined ? [] : ([["label", JSON.stringify(label)]] as [string, string][])),
  ];
  return `{${members.map(([name, value]) => `"${name}": ${value}`).join(", ")}}\n`;
}
