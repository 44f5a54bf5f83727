/** A conversation of dm_env_rpc, request by request, and the tensors in it. */
import { Metadata } from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import {
  EnvironmentRequest,
  EnvironmentResponse,
  EnvironmentStateType,
  type StepResponse,
  type Tensor,
} from "#icrl/proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { PropertyRequest, PropertyResponse } from "#icrl/proto/gen/dm_env_rpc/v1/extensions/properties.js";
import { ErrorInfo } from "#icrl/proto/gen/icrl/v1/status.js";
import { type Ending, endingOf, rawClient } from "./raw-stream.js";

export const PROCESS = "/dm_env_rpc.v1.Environment/Process";

type Asked = NonNullable<EnvironmentRequest["payload"]>;
type Answer = NonNullable<EnvironmentResponse["payload"]>;
type Kind = Answer["$case"];

/** What can be put into a tensor here. */
export type Value = number | bigint | boolean | string | readonly string[];

/** A scalar as Python's client packs it: whole numbers are INT64, others DOUBLE. */
export function packed(value: Value): Tensor {
  if (typeof value === "boolean") return { payload: { $case: "bools", value: { array: [value] } }, shape: [] };
  if (typeof value === "string") return { payload: { $case: "strings", value: { array: [value] } }, shape: [] };
  if (typeof value === "object")
    return { payload: { $case: "strings", value: { array: [...value] } }, shape: [value.length] };
  if (typeof value === "number" && !Number.isInteger(value))
    return { payload: { $case: "doubles", value: { array: [value] } }, shape: [] };
  return { payload: { $case: "int64s", value: { array: [BigInt(value)] } }, shape: [] };
}

/** The action, an INT32. */
export const action = (value: number): [bigint, Tensor] => [
  1n,
  { payload: { $case: "int32s", value: { array: [value] } }, shape: [] },
];

/** A scalar's element, or all of an array's. */
export function unpacked({ payload, shape }: Tensor): unknown {
  const array = [...(payload?.value.array ?? [])];
  return shape.length === 0 ? array[0] : array;
}

/** Settings of plain values. */
export const settingsOf = (values: Readonly<Record<string, Value>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, packed(value)]));

/** An error that was answered, as rules compare it. */
export class Refused extends Error {
  readonly reason: string;
  readonly code: number;
  readonly metadata: Readonly<Record<string, string>>;

  constructor({ code, message, details }: Extract<Answer, { $case: "error" }>["value"]) {
    super(message);
    const info = details[0] === undefined ? undefined : ErrorInfo.decode(details[0].value);
    this.code = code;
    this.reason = info?.reason ?? "";
    this.metadata = info?.metadata ?? {};
  }
}

/** What a step showed. */
export interface Seen {
  readonly state: "RUNNING" | "TERMINATED" | "INTERRUPTED";
  /** By number. */
  readonly observations: Readonly<Record<string, unknown>>;
}

const STATES = Object.fromEntries(Object.entries(EnvironmentStateType).map(([name, value]) => [value, name]));

/** All observations of a bandit whose arms have features, and of an MDP. */
export const BANDIT_UIDS = [2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n];
export const MDP_UIDS = [1n, 2n, 4n, 5n, 6n, 7n, 8n, 9n, 10n];

/** Begins one; it is cancelled when the test ends. */
export function conversation(address: string, token?: string) {
  const client = rawClient(address, {}, { token });
  const identity = (bytes: Buffer): Buffer => bytes;
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(PROCESS, identity, identity, new Metadata());
  const answers: Answer[] = [];
  let wake = () => {};
  let ending: Ending | undefined;
  call.on("data", (bytes: Buffer) => {
    const { payload } = EnvironmentResponse.decode(bytes);
    if (payload === undefined) throw new Error("a response without a member");
    answers.push(payload);
    wake();
  });
  call.on("error", () => {}); // told by `ended`
  const ended = new Promise<Ending>((resolve) => {
    call.on("status", (status) => {
      ending = endingOf(status);
      resolve(ending);
      wake();
    });
  });
  onTestFinished(() => {
    call.cancel();
    client.close();
  });

  async function next(): Promise<Answer> {
    while (answers.length === 0 && ending === undefined) await new Promise<void>((resolve) => (wake = resolve));
    const answer = answers.shift();
    if (answer !== undefined) return answer;
    throw Object.assign(new Error(`the stream ended: ${JSON.stringify(ending)}`), ending);
  }

  /** @throws Refused where the answer is an error */
  async function ask<C extends Asked["$case"]>(asked: Extract<Asked, { $case: C }>) {
    call.write(Buffer.from(EnvironmentRequest.encode({ payload: asked }).finish()));
    const answer = await next();
    if (answer.$case === "error") throw new Refused(answer.value);
    if (answer.$case !== (asked.$case as Kind)) throw new Error(`${asked.$case} was answered by ${answer.$case}`);
    return answer.value as Extract<Answer, { $case: C }>["value"];
  }

  const seen = ({ state, observations }: StepResponse): Seen => ({
    state: STATES[state] as Seen["state"],
    observations: Object.fromEntries([...observations].map(([uid, tensor]) => [uid, unpacked(tensor)])),
  });

  const talking = {
    call,
    ended,
    next,
    ask,
    sendBytes: (bytes: Buffer) => void call.write(bytes),
    create: async (values: Readonly<Record<string, Value>>) =>
      (await ask({ $case: "createWorld", value: { settings: settingsOf(values) } })).worldName,
    join: (worldName: string, values: Readonly<Record<string, Value>> = {}) =>
      ask({ $case: "joinWorld", value: { worldName, settings: settingsOf(values) } }),
    /** Takes an action, or none, and looks. */
    step: async (taken: number | undefined, uids: readonly bigint[] = []) =>
      seen(
        await ask({
          $case: "step",
          value: {
            actions: new Map(taken === undefined ? [] : [action(taken)]),
            requestedObservations: [...uids],
          },
        }),
      ),
    reset: () => ask({ $case: "reset", value: { settings: {} } }),
    resetWorld: (worldName: string) => ask({ $case: "resetWorld", value: { worldName, settings: {} } }),
    leave: () => ask({ $case: "leaveWorld", value: {} }),
    destroy: (worldName: string) => ask({ $case: "destroyWorld", value: { worldName } }),
    /** Asks of properties. */
    async property(payload: PropertyRequest["payload"]) {
      const typeUrl = "type.googleapis.com/dm_env_rpc.v1.extensions.properties.PropertyRequest";
      const value = Buffer.from(PropertyRequest.encode({ payload }).finish());
      const answer = await ask({ $case: "extension", value: { typeUrl, value } });
      return PropertyResponse.decode(answer.value).payload;
    },
    /** Makes a world and enters it. */
    async enter(values: Readonly<Record<string, Value>>, agent: Readonly<Record<string, Value>> = {}) {
      const world = await talking.create(values);
      const { specs } = await talking.join(world, agent);
      return { world, specs };
    },
  };
  return talking;
}
