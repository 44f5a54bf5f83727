/** Tensors of dm_env_rpc: those that are sent, and the scalars that are taken. */
import type { Tensor } from "../../proto/gen/dm_env_rpc/v1/dm_env_rpc.js";

/** What a tensor's elements are, with the elements. */
type Payload = NonNullable<Tensor["payload"]>;

/** The one element of a scalar. */
export type Scalar = number | bigint | boolean | string;

const scalar = (payload: Payload): Tensor => ({ payload, shape: [] });

/** An INT32. */
export const int32 = (value: number): Tensor => scalar({ $case: "int32s", value: { array: [value] } });
/** A UINT64. */
export const uint64 = (value: bigint): Tensor => scalar({ $case: "uint64s", value: { array: [value] } });
/** A FLOAT. */
export const float = (value: number): Tensor => scalar({ $case: "floats", value: { array: [value] } });
/** A DOUBLE. */
export const double = (value: number): Tensor => scalar({ $case: "doubles", value: { array: [value] } });
/** A BOOL. */
export const bool = (value: boolean): Tensor => scalar({ $case: "bools", value: { array: [value] } });
/** A STRING. */
export const string = (value: string): Tensor => scalar({ $case: "strings", value: { array: [value] } });

/** FLOATs of a shape. */
export const floats = (values: Float32Array, shape: readonly number[]): Tensor => ({
  payload: { $case: "floats", value: { array: Array.from(values) } },
  shape: [...shape],
});

/** STRINGs in a row. */
export const strings = (values: readonly string[]): Tensor => ({
  payload: { $case: "strings", value: { array: [...values] } },
  shape: [values.length],
});

/** The element of a scalar; undefined where a tensor is no scalar, or has messages. */
export function scalarOf({ payload, shape }: Tensor): Scalar | undefined {
  if (payload === undefined || shape.length > 0 || payload.$case === "protos") return undefined;
  const { array } = payload.value;
  if (array.length !== 1) return undefined;
  return payload.$case === "int8s" ? ((array[0] as number) << 24) >> 24 : array[0];
}
