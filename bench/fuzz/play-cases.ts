/** Sessions: what an agent would send, with something wrong somewhere. */
import type { Rng } from "../../common/rng.js";
import { boolTensor, float32Tensor, int32Tensor } from "../../common/tensor.js";
import {
  Actions,
  Close,
  Hello,
  Open,
  PlayRequest,
  Reset,
  ResetMode,
  TrialSeeds,
} from "../../proto/gen/icrl/v1/environment.js";
import type { Tensor } from "../../proto/gen/icrl/v1/tensor.js";
import { made } from "../attacks/raw.js";
import type { PlayOp } from "./case.js";
import { PLAY_REQUEST } from "./contract.js";
import { COLLECTION, TOURNAMENT } from "./requests.js";
import { drawBytes, ENTRANTS, pick, TASKS } from "./values.js";
import { damaged, drawnMessage, mutated, nestedStruct, written } from "./wire.js";

type Message = PlayRequest["message"];

const encoded = (message: Message): Buffer => Buffer.from(PlayRequest.encode({ message }).finish());
const send = (bytes: Buffer, only?: "playing", wait = true): PlayOp => ({ do: "send", bytes, only, wait });

function hello(rng: Rng, members: Partial<Hello> = {}): Buffer {
  const value = made(Hello, {
    minProtocolVersion: 1,
    maxProtocolVersion: 1,
    agent: "fuzz",
    agentVersion: "1",
    language: "fuzz",
    agentOptions: rng.integer(3) === 0 ? { a: 1, b: [true, null, { c: "d" }] } : undefined,
    capabilities: rng.integer(3) === 0 ? ["resume", "reset"] : [],
    ...members,
  });
  return encoded({ $case: "hello", value });
}

/** A session's sizes. */
interface Size {
  readonly envs: number;
  readonly steps: number;
}

function open(rng: Rng, { envs }: Size): Buffer {
  const [task, options] = pick(rng, TASKS);
  const trials = (1 + rng.integer(3)) * envs * pick(rng, [1, 10]) - rng.integer(envs);
  const seeds = () => made(TrialSeeds, { taskSeed: BigInt(rng.integer(9)), noiseSeed: 2n, agentSeed: 3n });
  const value = made(Open, {
    task,
    options: { ...options },
    numEnvs: envs,
    trials: BigInt(trials),
    record: rng.integer(4) === 0 ? undefined : false,
    tags: rng.integer(5) === 0 ? { a: "b" } : {},
    actTimeoutMs: rng.integer(5) === 0 ? 20_000 : 0,
  });
  const kind = rng.integer(6);
  if (kind === 0) value.explicitSeeds = Array.from({ length: trials }, seeds);
  else if (kind === 1) value.envSeeds = Array.from({ length: envs }, () => BigInt(rng.integer(99)));
  else value.seed = BigInt(rng.integer(1 << 30));
  if (kind > 0 && rng.integer(4) === 0) value.instances = 1 + rng.integer(5);
  return encoded({ $case: "open", value });
}

/** A tensor that is wrong in its type, its shape, its size or its values. */
function wrong(rng: Rng, tensor: Tensor): Tensor {
  switch (rng.integer(6)) {
    case 0:
      return { ...tensor, dtype: pick(rng, [0, 1, 2, 3, 4, 5, 99]) as Tensor["dtype"] };
    case 1:
      return {
        ...tensor,
        shape: pick(rng, [
          [],
          [0],
          [1, 1],
          [2 ** 31],
          [2 ** 32 - 1, 2 ** 32 - 1],
          new Array(3000).fill(1),
          [...tensor.shape, 0],
        ]),
      };
    case 2:
      return { ...tensor, data: Buffer.concat([tensor.data, Buffer.alloc(1 + rng.integer(9))]) };
    case 3:
      return { ...tensor, data: tensor.data.subarray(0, rng.integer(tensor.data.length + 1)) };
    case 4:
      return { ...tensor, data: Buffer.alloc(tensor.data.length, pick(rng, [0xff, 0x7f, 0x80, 5])) };
    default:
      return { ...tensor, data: Buffer.alloc(pick(rng, [0, 1000, 70_000])) };
  }
}

function actions(rng: Rng, step: number, { envs }: Size, spoiled: boolean): Buffer {
  const actions = int32Tensor(
    Int32Array.from({ length: envs }, () => rng.integer(2)),
    [envs],
  );
  const value = made(Actions, { stepIndex: BigInt(step), actions });
  if (rng.integer(8) === 0) value.propensities = float32Tensor(new Float32Array(envs).fill(0.5), [envs]);
  if (rng.integer(30) === 0)
    value.hold = boolTensor(
      Uint8Array.from({ length: envs }, () => rng.integer(2)),
      [envs],
    );
  if (rng.integer(300) === 0) value.probabilities = float32Tensor(new Float32Array(envs * 3).fill(1 / 3), [envs, 3]);
  if (spoiled) {
    const field = pick(rng, ["actions", "actions", "propensities", "probabilities", "hold"] as const);
    value[field] = wrong(rng, value[field] ?? actions);
  }
  return encoded({ $case: "actions", value });
}

function reset(rng: Rng, step: number, { envs }: Size): Buffer {
  const chosen = Array.from({ length: envs }, (_, env) => env).filter(() => rng.integer(2) === 0);
  const mode = pick(rng, [ResetMode.UNSPECIFIED, ResetMode.NEXT_EPISODE, ResetMode.NEXT_TRIAL, ResetMode.SEEDS]);
  const seeds = mode === ResetMode.SEEDS ? chosen.map(() => made(TrialSeeds, { taskSeed: 1n })) : [];
  return encoded({ $case: "reset", value: made(Reset, { stepIndex: BigInt(step), envs: chosen, mode, seeds }) });
}

/** A session: what would be right, and in most of them one thing that is not. */
export function drawPlay(rng: Rng): PlayOp[] {
  const size = { envs: pick(rng, [1, 1, 1, 2, 3]), steps: pick(rng, [0, 3, 10, 40, 150]) };
  const ops: PlayOp[] = [];
  const entrant = rng.integer(12) === 0;
  if (entrant) {
    const where = pick(rng, [{ tournamentId: TOURNAMENT.id }, { collectionId: COLLECTION.id }, {}]);
    ops.push(send(hello(rng, { entrant: pick(rng, ENTRANTS), numEnvs: size.envs, ...where })), { do: "await" });
  } else {
    ops.push(send(hello(rng)), send(open(rng, size)));
  }
  let step = 0;
  for (let i = 0; i < size.steps; i++) {
    const chance = rng.integer(150);
    if (chance === 0) cutAndResume(rng, ops);
    if (chance === 1) {
      ops.push(send(reset(rng, step, size), "playing"));
      step += 1;
    }
    const bytes = actions(rng, step, size, false);
    ops.push(send(bytes, "playing"));
    if (rng.integer(25) === 0) ops.push(send(bytes, "playing")); // a repeat
    step += 1;
  }
  if (rng.integer(7) > 0) spoil(rng, ops, size);
  if (rng.integer(2) === 0) ops.push(send(encoded({ $case: "close", value: made(Close, {}) }), "playing"));
  ops.push({ do: rng.integer(5) === 0 ? "cut" : "end" });
  return ops;
}

function cutAndResume(rng: Rng, ops: PlayOp[]): void {
  ops.push({ do: "cut" }, { do: "resume", spoiled: rng.integer(6) === 0, less: pick(rng, [0, 0, 0, 1, 2, 1000]) });
}

/** Puts something wrong somewhere. */
function spoil(rng: Rng, ops: PlayOp[], size: Size): void {
  // Late more often than early: what comes first is reached by all, what comes late is not.
  const at = ops.length - 1 - Math.min(rng.integer(ops.length), rng.integer(ops.length));
  const op = ops[at];
  const bytes = op.do === "send" ? op.bytes : Buffer.alloc(0);
  const kind = rng.integer(12);
  if (kind < 4) ops[at] = send(mutated(rng, PLAY_REQUEST, bytes));
  else if (kind === 4) ops.splice(at, 0, send(drawnMessage(rng, PLAY_REQUEST)));
  else if (kind === 5) ops.splice(at, 0, send(drawBytes(rng)));
  else if (kind === 6) ops[at] = send(actions(rng, pick(rng, [0, 1, at, at + 1, 2 ** 32]), size, true));
  else if (kind === 7) ops.splice(at, 1);
  else if (kind === 8) ops.splice(at, 0, ops[rng.integer(ops.length)]);
  else if (kind === 9) ops[at] = send(damaged(rng, bytes));
  else if (kind === 10) {
    // All at once, none waited for.
    for (let i = at; i < ops.length; i++) {
      const later = ops[i];
      if (later.do === "send") ops[i] = { ...later, only: undefined, wait: false };
    }
  } else {
    // Options nested too deep, in a hello or an open.
    const number = 1 + rng.integer(2);
    const inner = written([
      { number: number === 1 ? 6 : 2, wire: 2, bytes: nestedStruct(pick(rng, [30, 60, 100, 2000])) },
    ]);
    ops.splice(at, 0, send(written([{ number, wire: 2, bytes: inner }])));
  }
}
