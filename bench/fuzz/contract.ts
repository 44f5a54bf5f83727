/** The contract as its descriptors tell it: every method, and of every message which fields it has. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createFileRegistry, type DescField, type DescMessage, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const DESCRIPTORS = fileURLToPath(new URL("../../../proto/gen/descriptors.binpb", import.meta.url));

/** A method. */
export interface Method {
  /** `/icrl.v1.ServerInfoService/GetServerInfo` */
  readonly path: string;
  readonly input: Shape;
  /** Whether it answers with a stream. */
  readonly streams: boolean;
  /** Whether it takes a stream. */
  readonly takesStream: boolean;
}

/** A message's fields, by number. */
export interface Shape {
  readonly name: string;
  readonly fields: readonly Field[];
}

/** What a field holds: a scalar by its wire form, or a message. */
export type Holds = "varint" | "signed" | "bool" | "double" | "float" | "text" | "bytes" | (() => Shape);

/** A field. */
export interface Field {
  readonly number: number;
  /** As in the schema, by which likely values are looked up. */
  readonly name: string;
  readonly holds: Holds;
  readonly repeated: boolean;
}

const SCALARS: Partial<Record<ScalarType, Holds>> = {
  [ScalarType.BOOL]: "bool",
  [ScalarType.DOUBLE]: "double",
  [ScalarType.FLOAT]: "float",
  [ScalarType.STRING]: "text",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.INT32]: "signed",
  [ScalarType.INT64]: "signed",
};

const shapes = new Map<string, Shape>();

function shapeOf(message: DescMessage): Shape {
  const known = shapes.get(message.typeName);
  if (known !== undefined) return known;
  const shape = { name: message.typeName, fields: message.fields.map(fieldOf) };
  shapes.set(message.typeName, shape);
  return shape;
}

function fieldOf(field: DescField): Field {
  const { number, name } = field;
  const repeated = field.fieldKind === "list" || field.fieldKind === "map";
  if (field.fieldKind === "map") {
    const value = { number: 2, name: "value", holds: holdsOf(field), repeated: false };
    const key: Field = { number: 1, name: "key", holds: SCALARS[field.mapKey] ?? "varint", repeated: false };
    return { number, name, holds: () => ({ name: "entry", fields: [key, value] }), repeated };
  }
  return { number, name, holds: holdsOf(field), repeated };
}

function holdsOf({ message, scalar }: DescField): Holds {
  if (message !== undefined) return () => shapeOf(message);
  return (scalar === undefined ? undefined : SCALARS[scalar]) ?? "varint";
}

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)));

/** All methods of all services: one that is new is among them. */
export const METHODS: readonly Method[] = [...registry]
  .flatMap((type) => (type.kind === "service" ? type.methods : []))
  .map(({ parent, name, input, methodKind }) => ({
    path: `/${parent.typeName}/${name}`,
    input: shapeOf(input),
    streams: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    takesStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
  }));

/** The conversation. */
export const PLAY = "/icrl.v1.EnvironmentService/Play";

/** Its requests. */
export const PLAY_REQUEST: Shape = METHODS.find(({ path }) => path === PLAY)?.input as Shape;

/** The conversation of dm_env_rpc. */
export const PROCESS = "/dm_env_rpc.v1.Environment/Process";

/** Its requests. */
export const PROCESS_REQUEST: Shape = METHODS.find(({ path }) => path === PROCESS)?.input as Shape;
