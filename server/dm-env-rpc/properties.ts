/** Properties: what stands beside actions and observations, to list and to read. docs/dm-env-rpc.md has the same table. */
import { IcrlError } from "../../common/errors.js";
import { VERSION } from "../../common/version.js";
import { DataType, type Tensor, type TensorSpec } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { PropertyResponse, type PropertySpec } from "../../proto/gen/dm_env_rpc/v1/extensions/properties.js";
import { taskFamilies } from "../tasks/registry.js";
import type { AskedProperty } from "./decode-request.js";
import type { Player } from "./player.js";
import { bool, int32, string, strings, uint64 } from "./tensors.js";

const RESPONSE_TYPE = "type.googleapis.com/dm_env_rpc.v1.extensions.properties.PropertyResponse";

/** One property. */
interface Property {
  readonly key: string;
  readonly description: string;
  /** Undefined where it has others below it, and no value. */
  read?(player: Player): Tensor | undefined;
}

/** Of the server: there in any state. */
const SERVER: readonly Property[] = [
  { key: "server_version", description: "version of icrl that the server runs", read: () => string(VERSION) },
  {
    key: "tasks",
    description: "families of tasks: values of CreateWorld's setting task",
    read: () => strings(taskFamilies().map(({ name }) => name)),
  },
];

/** Of the world that is joined: there while one is. Below `world` and `trial`. */
const JOINED: readonly Property[] = [
  { key: "session_id", description: "the session's in the log", read: ({ sessionId }) => string(sessionId) },
  { key: "world", description: "the world that is joined" },
  { key: "world.name", description: "by which it is joined", read: ({ world }) => string(world.name) },
  { key: "world.task", description: "family of its task", read: ({ world }) => string(world.task.name) },
  { key: "world.task_version", description: "version of the family", read: ({ world }) => int32(world.task.version) },
  {
    key: "world.task_options",
    description: "all options of the task, as JSON",
    read: ({ world }) => string(JSON.stringify(world.task.options)),
  },
  { key: "world.horizon", description: "most steps of an episode", read: ({ world }) => int32(world.task.horizon) },
  { key: "world.episodes", description: "episodes of a trial", read: ({ world }) => int32(world.task.episodes) },
  { key: "world.seed", description: "of its series of trials", read: ({ world }) => uint64(world.settings.seed) },
  { key: "world.sequence", description: "trial or episode", read: ({ world }) => string(world.settings.sequence) },
  { key: "world.record", description: "whether it is logged", read: ({ world }) => bool(world.settings.record) },
  { key: "trial", description: "the trial that is played, or the next one" },
  { key: "trial.task_seed", description: "draws its instance", read: ({ frame }) => seed(frame?.trial.taskSeed) },
  { key: "trial.noise_seed", description: "keys its noise", read: ({ frame }) => seed(frame?.trial.noiseSeed) },
];

const seed = (value: bigint | undefined): Tensor | undefined => (value === undefined ? undefined : uint64(value));

/**
 * The answer to what is asked of them, as an extension.
 *
 * @param player of the world that is joined, if one is
 * @throws PROPERTY_UNKNOWN, PROPERTY_READ_ONLY
 */
export function answerProperty(asked: AskedProperty, player: Player | undefined): { typeUrl: string; value: Buffer } {
  const payload = answerOf(asked, player);
  return { typeUrl: RESPONSE_TYPE, value: Buffer.from(PropertyResponse.encode({ payload }).finish()) };
}

function answerOf({ $case, value: { key } }: AskedProperty, player: Player | undefined): PropertyResponse["payload"] {
  const all = player === undefined ? SERVER : [...SERVER, ...JOINED];
  const found = all.find((property) => property.key === key);
  switch ($case) {
    case "listProperty": {
      if (key !== "" && (found === undefined || found.read !== undefined))
        throw unknown(key, player, "has none below it");
      const below = all.filter((property) => parentOf(property.key) === key);
      return { $case, value: { values: below.map((property) => specOf(property, player)) } };
    }
    case "readProperty": {
      const value = found?.read?.(player as Player);
      if (value === undefined) throw unknown(key, player, "has no value");
      return { $case, value: { value } };
    }
    case "writeProperty": {
      if (found === undefined) throw unknown(key, player, "cannot be written");
      const text = `the property "${key}" cannot be written: what a world is is said when it is created`;
      throw new IcrlError("PROPERTY_READ_ONLY", text, { property: key });
    }
  }
}

const parentOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf(".")));

function unknown(key: string, player: Player | undefined, why: string): IcrlError {
  const joined = player === undefined ? ", or not before a world is joined" : "";
  return new IcrlError(
    "PROPERTY_UNKNOWN",
    `the property ${JSON.stringify(key.slice(0, 100))} ${why}, is not there${joined}: list those that are`,
    {
      property: key,
    },
  );
}

function specOf({ key, description, read }: Property, player: Player | undefined): PropertySpec {
  const value = read?.(player as Player);
  return {
    spec: { ...typeOf(value), name: key, min: undefined, max: undefined },
    isReadable: value !== undefined,
    isWritable: false,
    isListable: read === undefined,
    description,
  };
}

const DTYPES: Readonly<Record<NonNullable<Tensor["payload"]>["$case"], DataType>> = {
  floats: DataType.FLOAT,
  doubles: DataType.DOUBLE,
  int8s: DataType.INT8,
  int32s: DataType.INT32,
  int64s: DataType.INT64,
  uint8s: DataType.UINT8,
  uint32s: DataType.UINT32,
  uint64s: DataType.UINT64,
  bools: DataType.BOOL,
  strings: DataType.STRING,
  protos: DataType.PROTO,
};

function typeOf(value: Tensor | undefined): Pick<TensorSpec, "dtype" | "shape"> {
  if (value?.payload === undefined) return { dtype: DataType.INVALID_DATA_TYPE, shape: [] };
  return { dtype: DTYPES[value.payload.$case], shape: value.shape };
}
