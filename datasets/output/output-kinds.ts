/** Every kind of output that commands leave on disk. docs/cli.md has the table. */
import { join } from "node:path";
import { FORMATS } from "../export/formats.js";
import { filesBelow, filesNamed, foldersNamed, markerAt, type OutputKind } from "../files/output-kind.js";
import { type DatasetManifest, folderLabels, isDataset, readDatasetManifest } from "../folder/dataset-manifest.js";
import { isLog, logFiles } from "../log/log-folder.js";

const SHARD = /^trajectories-\d{12}\.parquet$/;

const isText = (value: unknown): value is string => typeof value === "string";

/** What each agent's process said: a file for each entrant or behaviour of a list. */
const agentLogs = (list: unknown, folder: string): string[] =>
  (Array.isArray(list) ? list : []).flatMap((one: { name?: unknown } | null) =>
    isText(one?.name) ? [`${folder}/${agentLogName(one.name)}`] : [],
  );

/** Name of the file in which the words of an agent's process are kept. */
export const agentLogName = (name: string): string => `${name.replaceAll(/[^\w.-]/g, "_")}.log`;

/** A server's log, its tournaments' journals with it. */
export const LOG: OutputKind = {
  noun: "a log",
  form: "folder",
  is: isLog,
  files: logFiles,
  inner: ["data", "log", "tournaments"],
};

/** Labels beside data: whole folders of those that have a head, for nobody else writes into them. */
const labelFiles = (path: string): string[] =>
  foldersNamed(join(path, "labels"), /./).flatMap((name) =>
    isText(markerAt(join(path, "labels", name, "label.json")).agent)
      ? filesNamed(path, `labels/${name}`, /^(trajectories-\d{12}\.parquet(\.tmp)?|label\.json|lock.*)$/)
      : [],
  );

/** What a dataset is collected in, DIR/collecting: a server's log, and what it is for. */
export const COLLECTING: OutputKind = {
  noun: "the beginning of a dataset",
  form: "folder",
  is(path) {
    const { tasks, behaviours } = markerAt(join(path, "spec.json"));
    return Array.isArray(tasks) && Array.isArray(behaviours);
  },
  files: (path) => [
    ...agentLogs(markerAt(join(path, "spec.json")).behaviours, "log/agents"),
    "log/agents",
    ...logFiles(path),
    ...labelFiles(path),
    ...["spec.json.tmp", "spec.json"],
  ],
  inner: ["data", "labels", "log", "tournaments"],
};

/** A dataset that is not finished. Its data and labels, where they are there already, are second names of those in DIR/collecting. */
export const BEGUN_DATASET: OutputKind = {
  noun: "a dataset that is not finished",
  form: "folder",
  is: (path) => !isDataset(path) && COLLECTING.is(join(path, "collecting")),
  files: (path) => [
    ...filesNamed(path, "data", SHARD),
    ...labelFiles(path),
    ...["README.md", "README.md.tmp", "dataset.json.tmp"],
    ...filesBelow(path, "collecting", [COLLECTING]),
  ],
  inner: ["data", "labels", "collecting"],
};

/** A finished dataset. */
export const DATASET: OutputKind = {
  noun: "a dataset",
  form: "folder",
  is: (path) => manifestOf(path) !== undefined,
  files(path) {
    const manifest = manifestOf(path);
    if (manifest === undefined) return [];
    const shards = [manifest, ...folderLabels(manifest).values()].flatMap((of) => of.shards.map(({ file }) => file));
    return [
      ...shards,
      ...labelFiles(path),
      ...filesBelow(path, "collecting", [COLLECTING]),
      ...["README.md", "README.md.tmp", "dataset.json.tmp", "dataset.json"],
    ];
  },
  inner: ["data", "labels", "collecting"],
};

function manifestOf(path: string): DatasetManifest | undefined {
  try {
    return readDatasetManifest(path);
  } catch {
    return undefined;
  }
}

/** The parts of a dataset that was split, a dataset each. */
export const SPLIT: OutputKind = {
  noun: "the parts of a dataset",
  form: "folder",
  is: (path) => manifestOf(path) === undefined && partsOf(path).length > 0,
  files: (path) => partsOf(path).flatMap((part) => filesBelow(path, part, [DATASET])),
  inner: [],
};

const partsOf = (path: string): string[] =>
  foldersNamed(path, /^[A-Za-z0-9][\w.-]*$/).filter((name) => manifestOf(join(path, name))?.made_by === "split");

/** Names of a report's pictures, with their endings. */
const PICTURE_FILE = /^((scores|ratings|profiles)(-\d+)?|pairs|regret-\d+-[a-z\d-]*)\.(svg|png)$/;

/** A tournament's report. */
export const REPORT: OutputKind = {
  noun: "a report",
  form: "folder",
  is(path) {
    const { schema_version, resamples, overall } = markerAt(join(path, "statistics.json"));
    return typeof schema_version === "number" && typeof resamples === "number" && typeof overall === "object";
  },
  files: (path) => [...filesNamed(path, "pictures", PICTURE_FILE), "report.html", "report.md", "statistics.json"],
  inner: ["pictures"],
};

/** What `icrl tournament run` leaves, beside the log of its server. */
export const TOURNAMENT: OutputKind = {
  noun: "a tournament",
  form: "folder",
  is(path) {
    const { name, seed, tasks, agents } = markerAt(join(path, "tournament.json"));
    return isText(name) && isText(seed) && Array.isArray(tasks) && Array.isArray(agents);
  },
  files: (path) => [
    ...agentLogs(markerAt(join(path, "tournament.json")).agents, "agents"),
    "agents",
    ...["results.json", "trials.parquet", "regret.svg", "regret.png", "owner.key.tmp", "owner.key"],
    ...["tournament.json.tmp", "tournament.json"],
  ],
  inner: ["agents"],
};

/** Results that were played somewhere: what a report is made of. No command writes them alone. */
export const RESULTS: OutputKind = {
  noun: "a tournament's results",
  form: "folder",
  is: (path) => filesNamed(path, ".", /^(results\.json|trials\.parquet)$/).length === 2,
  files: () => [],
  inner: [],
};

/** Files of a checkpoint. */
const CHECKPOINT_FILE = /^(config\.json|model\.safetensors|optimizer\.safetensors|train-state\.json)$/;

/** Files of a training's checkpoint folder: `checkpoints/step-<n>` and `checkpoints/best`, or one that is being written or replaced. */
export const checkpointFiles = (path: string): string[] =>
  foldersNamed(join(path, "checkpoints"), /^(step-\d+|best)(\.tmp|\.old)?$/).flatMap((step) => [
    ...filesNamed(path, `checkpoints/${step}`, CHECKPOINT_FILE),
    `checkpoints/${step}`,
  ]);

/** What `icrl train` leaves, datasets that it collected with it. */
export const TRAINING: OutputKind = {
  noun: "a training",
  form: "folder",
  is(path) {
    const { model, training, objective } = markerAt(join(path, "spec.json"));
    return typeof model === "object" && typeof training === "object" && isText(objective);
  },
  files: (path) => [
    "metrics.jsonl",
    ...checkpointFiles(path),
    ...filesBelow(path, "dataset", [DATASET, BEGUN_DATASET]),
    ...roundFiles(path),
    ...["spec.json.tmp", "spec.json"],
  ],
  inner: ["checkpoints"],
  nested: { at: /^(dataset|online\/(round-\d+|validation))$/, kinds: [DATASET] },
};

/** Of datasets that are collected while a training learns, `online/round-<n>` and `online/validation`, with the files that they were collected by. */
export const roundFiles = (path: string): string[] => [
  ...filesNamed(path, "online", /^(round-\d+|validation)\.yaml$/),
  ...foldersNamed(join(path, "online"), /^(round-\d+|validation)$/).flatMap((name) =>
    filesBelow(path, `online/${name}`, [DATASET, BEGUN_DATASET]),
  ),
  "online",
];

/** What `icrl evaluate` leaves. */
export const EVALUATION: OutputKind = {
  noun: "an evaluation",
  form: "folder",
  is(path) {
    const marker = markerAt(join(path, "plan.json"));
    return isText(marker.checkpoint) && isText(marker.expert);
  },
  files: (path) => [
    ...["evaluation.json", "imitation.svg", "imitation.png", "tournament.yaml", "imitation.yaml"],
    ...filesBelow(path, "tournament", [TOURNAMENT]),
    ...filesBelow(path, "tournament", [LOG]),
    ...filesBelow(path, "imitation", [DATASET, BEGUN_DATASET]),
    ...filesBelow(path, "behaviour", [DATASET, BEGUN_DATASET]),
    "plan.json",
  ],
  inner: [],
  nested: { at: /^(tournament|imitation)$/, kinds: [TOURNAMENT, DATASET] },
};

/** What `icrl study run` leaves. */
export const STUDY: OutputKind = {
  noun: "a study",
  form: "folder",
  is(path) {
    const { name, varied } = markerAt(join(path, "study.json"));
    return isText(name) && Array.isArray(varied);
  },
  files: (path) => [
    ...["results.json", "curves.csv", "study.svg", "study.png"],
    ...foldersNamed(join(path, "runs"), /./).flatMap((name) => filesBelow(path, `runs/${name}`, [TRAINING])),
    ...foldersNamed(join(path, "datasets"), /./).flatMap((name) =>
      filesBelow(path, `datasets/${name}`, [DATASET, BEGUN_DATASET]),
    ),
    ...["runs", "datasets", "study.json.tmp", "study.json"],
  ],
  inner: [],
  nested: { at: /^(runs|datasets)\/[^/]+$/, kinds: [TRAINING, DATASET] },
};

/** Kinds that are folders. */
export const FOLDER_KINDS: readonly OutputKind[] = [
  ...[DATASET, BEGUN_DATASET, COLLECTING, SPLIT, TRAINING, EVALUATION, STUDY, TOURNAMENT, REPORT, LOG],
  ...FORMATS.map(({ output }) => output).filter(({ form }) => form === "folder"),
];
