/** The schemas of a dataset's documents, dataset.json and label.json. What they mean stands beside their types, in dataset-manifest.ts and label-folder.ts. */
import type { Parts } from "../files/document.js";

/** Names of shards, in data/ and in a label's folder. */
const SHARD = "trajectories-\\d{1,15}\\.parquet";

const INT32 = 2 ** 31 - 1;

/** dataset.json, of the schema_version that is read. */
export function datasetDocument(parts: Parts) {
  const { z, name, fileName, count, finite, options, uint64, text, list } = parts;
  const size = z
    .number("a whole number of at least 1")
    .refine((n) => Number.isSafeInteger(n) && n >= 1 && n <= INT32, `a whole number in [1, ${INT32}]`);
  const sizes = z.array(size).max(8);
  const files = (folder: string) => shardFiles(parts, folder);
  const madeBy = z.enum(["collect", "merge", "split", "filter", "import"]);
  const counted = { trials: count, episodes: count };
  const source = z.object({
    id: text(200),
    name: text(),
    made_by: madeBy,
    seed: z.nullable(uint64),
    episodes: count,
    spec: z.unknown(),
    made_with: options,
    get sources() {
      return z.array(source); // `list` cannot have itself in its elements' type
    },
  });
  return z.object({
    schema_version: count,
    name: text(),
    id: text(200),
    made_by: madeBy,
    made_with: options,
    truth_known: z.optional(z.boolean()),
    spec: z.unknown(),
    seed: z.nullable(uint64),
    license: z.nullable(text()),
    versions: z.object({
      icrl: text(200),
      node: text(200),
      tasks: z.record(text(200), count),
      agents: z.record(text(200), text(200)),
    }),
    subsample: z.nullable(size),
    ...counted,
    steps: count,
    privileged: z.boolean(),
    behaviours: list(
      z.object({
        name,
        agent: text(200),
        options,
        weight: finite.refine((weight) => weight >= 0, "a number of at least 0"),
        ...counted,
      }),
    ),
    tasks: list(
      z.object({
        id: name,
        task: text(200),
        options,
        num_actions: size,
        horizon: size,
        episodes_per_trial: size,
        steps_per_trial: z.optional(size),
        observation_space: z.object({
          type: z.enum(["none", "discrete", "box"]),
          n: z.optional(size),
          shape: z.optional(sizes),
        }),
        trial_features_shape: sizes,
        reward: z.object({
          kind: text(200),
          min: z.optional(finite),
          max: z.optional(finite),
          noise_std: z.optional(finite),
        }),
        ...counted,
        instances: z.optional(count),
      }),
    ),
    labels: z
      .record(
        fileName,
        z.union([
          z.strictObject({ column: z.enum(["actions", "optimal_actions"]) }),
          z.object({
            folder: text(200),
            agent: text(200),
            agent_version: text(200),
            agent_options: options,
            probabilities: z.boolean(),
            shards: files("labels/[^/]+"),
          }),
        ]),
      )
      .superRefine((labels, { addIssue }) => {
        for (const [label, entry] of Object.entries(labels)) {
          if (!("folder" in entry)) continue;
          const folder = `labels/${label}`;
          const wrong = (path: PropertyKey[], rule: string) =>
            addIssue({ code: "custom", path: [label, ...path], message: rule });
          if (entry.folder !== folder) wrong(["folder"], `"${folder}", the label's own folder`);
          const other = entry.shards.findIndex(({ file }) => !file.startsWith(`${folder}/`));
          if (other >= 0) wrong(["shards", other, "file"], `a shard in ${folder}/`);
        }
      }),
    sources: list(source),
    shards: files("data"),
  });
}

function shardFiles({ z, count, sha256, list, matching }: Parts, folder: string) {
  const example =
    folder === "data" ? "data/trajectories-000000000000.parquet" : "labels/NAME/trajectories-000000000000.parquet";
  const file = matching(new RegExp(`^${folder}/${SHARD}$`), `a shard's path, ${example} say`);
  return list(z.object({ file, rows: count, bytes: count, sha256 })).superRefine((files, { addIssue }) => {
    const seen = new Set<string>();
    for (const [i, { file }] of files.entries()) {
      if (seen.has(file)) addIssue({ code: "custom", path: [i, "file"], message: "each shard once" });
      seen.add(file);
    }
  });
}

/** label.json. */
export const labelDocument = ({ z, fileName, count, text, options }: Parts) =>
  z.object({
    name: fileName,
    agent: text(200),
    agent_version: text(200),
    agent_options: options,
    schema_version: count,
  });
