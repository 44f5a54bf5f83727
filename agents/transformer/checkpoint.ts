/**
 * A model on disk: a folder with config.json (what the model is, how trials become its tokens, how it was trained) and
 * model.safetensors (its parameters, under the names that PyTorch's modules have), and, to go on training, optimizer.safetensors and
 * train-state.json. The folder is there in whole or not at all.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { IcrlError } from "../../common/errors.js";
import { type SnakeCased, toCamelCase, toSnakeCase } from "../../common/snake-case.js";
import { checkDocument, type DocumentKind, type Parts, parseJson, schemaOf } from "../../datasets/files/document.js";
import { fsyncFolder, writeDurably } from "../../datasets/files/durable-file.js";
import { readRegularFile, UnreadableFile } from "../../datasets/files/read-file.js";
import { type ModelConfig, modelConfig, modelOptions } from "./model-config.js";
import { parameterSpecs, sizeOf } from "./parameters.js";
import { decodeSafetensors, encodeSafetensors, MAX_HEADER_BYTES, type NamedTensor } from "./safetensors.js";
import { LAYOUTS, type TokenConfig } from "./token-layout.js";

/** A dataset that a model was trained on. */
export interface DataRecord {
  readonly name: string;
  readonly id: string;
  /** Of its dataset.json. */
  readonly sha256: string;
}

/** How a model was trained: for people, and for going on. */
export interface TrainingRecord {
  /** The objective's name (objectives.ts). */
  readonly objective: string;
  /** Optimizer steps. */
  readonly step: number;
  /** Tokens seen. */
  readonly tokens: number;
  /** The dataset, or those that were mixed, with their weights; null where data were generated in training. */
  readonly data: DataRecord | readonly (DataRecord & { readonly weight: number })[] | null;
  /** The tasks that it was trained on, all their options. */
  readonly tasks: readonly {
    readonly id: string;
    readonly task: string;
    readonly options: Readonly<Record<string, unknown>>;
  }[];
  readonly icrlVersion: string;
  readonly backend: string;
  /**
   * Where it was made longer while it was trained, oldest first: after how many updates, and how many it was to have until then, by which
   * the learning rate of those went. Absent where it never was.
   */
  readonly continued?: readonly { readonly steps: number; readonly after: number }[];
  /** The checkpoint whose parameters it began with: the SHA-256 of its model.safetensors, and how that was trained. Absent: with random ones. */
  readonly from?: {
    readonly sha256: string;
    readonly objective: string;
    readonly step: number;
    readonly tokens: number;
  };
}

/** A trained model. */
export interface Checkpoint {
  readonly model: ModelConfig;
  readonly tokens: TokenConfig;
  /** By name, as `parameterSpecs` lists them. */
  readonly parameters: Map<string, Float32Array>;
  readonly training: TrainingRecord;
}

/** What a training needs to go on where it was. */
export interface TrainState {
  /** The optimizer's first moments, by the name of the parameter; m.NAME in the file. */
  readonly firstMoments: Map<string, Float32Array>;
  /** Its second moments; v.NAME in the file. */
  readonly secondMoments: Map<string, Float32Array>;
  /** Whatever else, JSON. */
  readonly state: unknown;
}

const FORMAT = "icrl-transformer";
const FORMAT_VERSION = 1;
const FILES = {
  config: "config.json",
  model: "model.safetensors",
  optimizer: "optimizer.safetensors",
  state: "train-state.json",
} as const;

/** Folder of the checkpoint after `step` optimizer steps, in the output folder of a training. */
export function checkpointFolder(out: string, step: number): string {
  return join(out, "checkpoints", `step-${String(step).padStart(8, "0")}`);
}

/** Folder of the checkpoint with the smallest validation loss, in the output folder of a training that keeps it. */
export const bestCheckpointFolder = (out: string): string => join(out, "checkpoints", "best");

/**
 * The checkpoint that a path means: itself, or the latest of a training's output folder.
 *
 * @throws CHECKPOINT_NOT_FOUND if there is none
 */
export function findCheckpoint(dir: string): string {
  if (existsSync(join(dir, FILES.config))) return dir;
  const all = join(dir, "checkpoints");
  const latest = existsSync(all)
    ? readdirSync(all)
        .filter((name) => /^step-\d+$/.test(name) && existsSync(join(all, name, FILES.config)))
        .toSorted((a, b) => stepOf(a) - stepOf(b))
        .at(-1)
    : undefined;
  if (latest !== undefined) return join(all, latest);
  throw new IcrlError(
    "CHECKPOINT_NOT_FOUND",
    `there is no checkpoint in ${dir}: give a folder with ${FILES.config} and ${FILES.model}, or the output folder of ` +
      "`icrl train SPEC.yaml --out DIR` once it has written one",
    { folder: dir },
  );
}

/** SHA-256 of a checkpoint's model.safetensors, hexadecimal. */
export function modelHash(folder: string): string {
  return createHash("sha256")
    .update(readFileSync(join(folder, FILES.model)))
    .digest("hex");
}

const stepOf = (name: string): number => Number(name.slice("step-".length));

/**
 * A trained model.
 *
 * @param dir a checkpoint's folder, or a training's output folder
 * @throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_TOO_NEW
 */
export function readCheckpoint(dir: string): Checkpoint {
  const folder = findCheckpoint(dir);
  const { model, tokens, training } = readConfig(join(folder, FILES.config));
  const file = join(folder, FILES.model);
  const shapes = shapesOf(model);
  const parameters = checkedArrays(readTensors(file, shapes), shapes, file);
  const wild = [...parameters].find(([, values]) => !values.every(Number.isFinite));
  if (wild !== undefined) {
    throw new IcrlError(
      "CHECKPOINT_CORRUPT",
      `${file}: "${wild[0]}" has values that are not finite: the training diverged, use an earlier checkpoint`,
    );
  }
  return { model, tokens, parameters, training };
}

/**
 * What the training of a checkpoint needs to go on; undefined where it was not kept.
 *
 * @throws CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_TOO_NEW
 */
export function readTrainState(dir: string): TrainState | undefined {
  const folder = findCheckpoint(dir);
  const file = join(folder, FILES.optimizer);
  if (!existsSync(file)) return undefined;
  const { model } = readConfig(join(folder, FILES.config));
  const shapes = momentShapes(model);
  const moments = checkedArrays(readTensors(file, shapes), shapes, file);
  return {
    firstMoments: withoutPrefix(moments, FIRST),
    secondMoments: withoutPrefix(moments, SECOND),
    state: readJson(join(folder, FILES.state)),
  };
}

/** Writes a checkpoint, in place of the one that is there; a reader sees the old one or the new one, also after a crash. */
export function writeCheckpoint(dir: string, checkpoint: Checkpoint, trainState?: TrainState): void {
  const { model, tokens, parameters, training } = checkpoint;
  const config = {
    format: FORMAT,
    format_version: FORMAT_VERSION,
    model: toSnakeCase(model),
    tokens: toSnakeCase(tokens),
    training: toSnakeCase(training),
  };
  const files: [name: string, bytes: Uint8Array][] = [[FILES.model, tensorFile(parameters, shapesOf(model))]];
  if (trainState !== undefined) {
    files.push([FILES.optimizer, tensorFile(momentArrays(trainState), momentShapes(model))]);
    files.push([FILES.state, jsonFile(trainState.state)]);
  }
  files.push([FILES.config, jsonFile(config)]);

  const partial = `${dir}.tmp`;
  const old = `${dir}.old`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const [name, bytes] of files) writeDurably(join(partial, name), bytes);
  fsyncFolder(partial);
  rmSync(old, { recursive: true, force: true });
  if (existsSync(dir)) renameSync(dir, old);
  renameSync(partial, dir);
  fsyncFolder(dirname(dir));
  rmSync(old, { recursive: true, force: true });
}

type Shapes = ReadonlyMap<string, readonly number[]>;

const shapesOf = (model: ModelConfig): Shapes =>
  new Map(parameterSpecs(model).map(({ name, shape }) => [name, shape] as const));

const FIRST = "m.";
const SECOND = "v.";

const withPrefix = <T>(map: ReadonlyMap<string, T>, prefix: string): [string, T][] =>
  [...map].map(([name, value]) => [`${prefix}${name}`, value]);

const withoutPrefix = <T>(map: ReadonlyMap<string, T>, prefix: string): Map<string, T> =>
  new Map(
    [...map].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]),
  );

const momentArrays = ({ firstMoments, secondMoments }: TrainState): Map<string, Float32Array> =>
  new Map([...withPrefix(firstMoments, FIRST), ...withPrefix(secondMoments, SECOND)]);

const momentShapes = (model: ModelConfig): Shapes =>
  new Map([...withPrefix(shapesOf(model), FIRST), ...withPrefix(shapesOf(model), SECOND)]);

const jsonFile = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

function tensorFile(arrays: ReadonlyMap<string, Float32Array>, shapes: Shapes): Uint8Array {
  const tensors = new Map(
    [...arrays].map(([name, data]) => [name, { shape: shapes.get(name) ?? [data.length], data }]),
  );
  checkedArrays(tensors, shapes, "the checkpoint to be written");
  return encodeSafetensors(tensors, { format: FORMAT });
}

const corrupt = (what: string, why: string) => new IcrlError("CHECKPOINT_CORRUPT", `${what} is damaged: ${why}`);

/** The tensors' values, if they are those that the shapes name. */
function checkedArrays(
  tensors: ReadonlyMap<string, NamedTensor>,
  shapes: Shapes,
  file: string,
): Map<string, Float32Array> {
  const listed = (names: readonly string[]) =>
    names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ");
  const missing = [...shapes.keys()].filter((name) => !tensors.has(name));
  const superfluous = [...tensors.keys()].filter((name) => !shapes.has(name));
  const reasons = [
    ...(missing.length > 0 ? [`it lacks ${listed(missing)}`] : []),
    ...(superfluous.length > 0 ? [`it has ${listed(superfluous)}, which the model of its config.json has not`] : []),
  ];
  for (const [name, shape] of shapes) {
    const found = tensors.get(name);
    if (found === undefined) continue;
    const same = found.shape.length === shape.length && shape.every((size, i) => size === found.shape[i]);
    if (!same || found.data.length !== sizeOf(shape)) {
      reasons.push(`${name} is [${found.shape.join(", ")}], the model of its config.json has [${shape.join(", ")}]`);
    }
  }
  if (reasons.length > 0) throw corrupt(file, reasons.slice(0, 4).join("; "));
  return new Map([...shapes.keys()].map((name) => [name, (tensors.get(name) as NamedTensor).data]));
}

/** Bytes of a file of a checkpoint that is there. */
function readPart(file: string, most: number): Uint8Array {
  try {
    return readRegularFile(file, most);
  } catch (error) {
    if (error instanceof UnreadableFile) throw corrupt(file, `it ${error.message}`);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw corrupt(dirname(file), `it has no ${basename(file)}`);
  }
}

/** The tensors of a file that has no more than these shapes take. */
function readTensors(file: string, shapes: Shapes): Map<string, NamedTensor> {
  let most = MAX_HEADER_BYTES;
  for (const shape of shapes.values()) most += 4 * sizeOf(shape);
  return decodeSafetensors(readPart(file, most), file).tensors;
}

function readJson(file: string): unknown {
  try {
    return parseJson(new TextDecoder().decode(readPart(file, MAX_JSON_BYTES)), file, CONFIG);
  } catch (error) {
    throw error instanceof IcrlError ? error : corrupt(file, (error as Error).message);
  }
}

const MAX_JSON_BYTES = 16 << 20;

type Json = Readonly<Record<string, unknown>>;

function readConfig(file: string): Pick<Checkpoint, "model" | "tokens" | "training"> {
  const config = readJson(file) as Json | null;
  if (config?.["format"] !== FORMAT) throw corrupt(file, `its format is not "${FORMAT}"`);
  const version = config["format_version"];
  if (typeof version === "number" && version > FORMAT_VERSION) {
    throw new IcrlError(
      "CHECKPOINT_TOO_NEW",
      `${file} has format_version ${version}, this version of icrl reads up to ${FORMAT_VERSION}: use a newer one`,
    );
  }
  const { model, ...stored } = checkDocument(config, file, CONFIG);
  const tokens = toCamelCase(stored.tokens);
  return { model: readModel(file, model, tokens), tokens, training: toCamelCase(stored.training) };
}

/** What of config.json is the same for all models: the model itself is held against its options. */
interface Config {
  readonly tokens: SnakeCased<TokenConfig>;
  readonly model: Json;
  readonly training: SnakeCased<TrainingRecord>;
}

function configDocument({ z, name, text, list, count, finite, sha256, options }: Parts) {
  const data = { name: text(), id: text(), sha256 };
  const size = (min: number) =>
    count.refine((value) => value >= min && value <= MAX_SIZE, `a whole number in [${min}, ${MAX_SIZE}]`);
  return z.object({
    tokens: z
      .object({
        layout: z.enum(LAYOUTS),
        max_actions: size(1),
        num_states: size(1),
        dim: size(0),
        horizon: size(1),
        reward_mean: finite,
        reward_std: finite.refine((value) => value > 0, "a positive number"),
      })
      .refine(
        ({ layout, dim }) => layout !== "chosen-arm" || dim > 0,
        "tokens of arms with features, as chosen-arm needs",
      ),
    model: options,
    training: z.object({
      objective: text(),
      step: count,
      tokens: count,
      data: z.nullable(z.union([z.object(data), list(z.object({ ...data, weight: finite }))])),
      tasks: list(z.object({ id: name, task: text(), options })),
      icrl_version: text(),
      backend: text(),
      continued: z.optional(list(z.object({ steps: count, after: count }))),
      from: z.optional(z.object({ sha256, objective: text(), step: count, tokens: count })),
    }),
  });
}

/** Of measures of tasks and of contexts: beyond it nothing could be in memory. */
const MAX_SIZE = 2 ** 31 - 1;

const CONFIG: DocumentKind<Config> = {
  schema: schemaOf<Config>()(configDocument),
  reason: "CHECKPOINT_CORRUPT",
  remedy: "use another checkpoint, or restore it from a backup",
};

/** What of a model is no option: it follows from the tokens, the context and the objective. */
const DERIVED: readonly string[] = ["token_size", "context", "max_actions", "arm_dim", "stride", "numbers"];

/** The model of a config.json, as `modelConfig` makes it of its options. */
function readModel(file: string, stored: Json, tokens: TokenConfig): ModelConfig {
  const { context, numbers = 0 } = stored;
  const options = Object.fromEntries(Object.entries(stored).filter(([name]) => !DERIVED.includes(name)));
  if (!isCount(context) || context < 1 || context > MAX_SIZE) throw corrupt(file, "its model has no context");
  if (!isCount(numbers) || numbers > MAX_SIZE)
    throw corrupt(file, `its model's numbers are ${JSON.stringify(numbers)}`);
  let model: ModelConfig;
  try {
    model = modelConfig(modelOptions(options), tokens, context, numbers);
  } catch (error) {
    if (error instanceof IcrlError) throw corrupt(file, error.message);
    throw error;
  }
  const made: Json = toSnakeCase(model);
  const wrong = [...Object.keys(made), ...DERIVED].find((name) => stored[name] !== made[name]);
  if (wrong !== undefined) {
    const [is, should] = [stored[wrong], made[wrong]].map((value) => JSON.stringify(value));
    throw corrupt(file, `its model's ${wrong} is ${is}, and should be ${should}`);
  }
  return model;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
