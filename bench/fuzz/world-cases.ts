/** Conversations of dm_env_rpc with something wrong in most of their requests. */
import type { Rng } from "../../common/rng.js";
import { EnvironmentRequest, type Tensor } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { PropertyRequest } from "../../proto/gen/dm_env_rpc/v1/extensions/properties.js";
import type { WorldCase } from "./case.js";
import { PROCESS_REQUEST } from "./contract.js";
import { drawBytes, pick, TASKS } from "./values.js";
import { damaged, drawnMessage, mutated } from "./wire.js";

type Asked = NonNullable<EnvironmentRequest["payload"]>;

/** Stands for the name of the case's world, which has as many characters. */
export const WORLD_NAME = "0".repeat(32);

const encoded = (payload: Asked): Buffer => Buffer.from(EnvironmentRequest.encode({ payload }).finish());

const LEAVE = encoded({ $case: "leaveWorld", value: {} });
const DESTROY = encoded({ $case: "destroyWorld", value: { worldName: WORLD_NAME } });

const scalar = (payload: Tensor["payload"]): Tensor => ({ payload, shape: [] });
const text = (value: string): Tensor => scalar({ $case: "strings", value: { array: [value] } });

function tensorOf(value: unknown): Tensor {
  if (typeof value === "string") return text(value);
  return scalar({ $case: "doubles", value: { array: [Number(value)] } });
}

const JOIN = encoded({ $case: "joinWorld", value: { worldName: WORLD_NAME, settings: { agent: text("fuzz") } } });

function create(rng: Rng): Buffer {
  const [task, options] = pick(rng, TASKS);
  const given = Object.entries(options).map(([name, value]) => [`option.${name}`, tensorOf(value)]);
  const settings = { ...Object.fromEntries(given), task: text(task), sequence: text(pick(rng, ["trial", "episode"])) };
  return encoded({ $case: "createWorld", value: { settings } });
}

const step = (rng: Rng): Asked => ({
  $case: "step",
  value: {
    actions: new Map([[1n, scalar({ $case: "int32s", value: { array: [rng.integer(3)] } })]]),
    requestedObservations: Array.from({ length: rng.integer(6) }, () => BigInt(1 + rng.integer(10))),
  },
});

function property(rng: Rng): Asked {
  const key = pick(rng, ["", "tasks", "world", "world.seed", "trial.task_seed", "x"]);
  const payload = pick(rng, [
    { $case: "listProperty", value: { key } },
    { $case: "readProperty", value: { key } },
    { $case: "writeProperty", value: { key, value: text(key) } },
  ] as const);
  const typeUrl = "type.googleapis.com/dm_env_rpc.v1.extensions.properties.PropertyRequest";
  return { $case: "extension", value: { typeUrl, value: Buffer.from(PropertyRequest.encode({ payload }).finish()) } };
}

/** A request as it should be; most of them are steps. */
function good(rng: Rng): Buffer {
  const share = rng.integer(40);
  if (share < 26) return encoded(step(rng));
  if (share < 28) return encoded({ $case: "reset", value: { settings: {} } });
  if (share < 30) return encoded({ $case: "resetWorld", value: { worldName: WORLD_NAME, settings: {} } });
  if (share < 34) return JOIN;
  if (share < 37) return encoded(property(rng));
  if (share === 37) return create(rng);
  return share === 38 ? LEAVE : DESTROY;
}

function request(rng: Rng): Buffer {
  const share = rng.integer(20);
  if (share === 0) return drawBytes(rng);
  if (share === 1) return drawnMessage(rng, PROCESS_REQUEST);
  if (share === 2) return damaged(rng, good(rng));
  return share < 10 ? mutated(rng, PROCESS_REQUEST, good(rng)) : good(rng);
}

/** A conversation that makes a world, enters it, goes on from there, and ends it. */
export function drawWorld(rng: Rng): WorldCase {
  const requests = Array.from({ length: rng.integer(25) }, () => request(rng));
  return {
    kind: "world",
    create: create(rng),
    requests: [JOIN, ...requests, LEAVE, DESTROY],
    waits: rng.integer(2) === 0,
    cut: rng.integer(4) === 0,
  };
}
