/** Server reflection, by which a tool learns the protocol from the server itself. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ReflectionService } from "@grpc/reflection";

/** The files of the contract, and of the standard health service. */
const SETS = ["descriptors.binpb", "health.binpb"].map((name) =>
  fileURLToPath(new URL(`../../../proto/gen/${name}`, import.meta.url)),
);

/**
 * The standard reflection services over the files as they are written. (@grpc/proto-loader would merge files of one package and lose
 * their imports, and Python's client, for one, cannot put those together; nor can Go's its maps.)
 */
export function reflectionService(): ReflectionService {
  const files = SETS.flatMap((set) => fromBinary(FileDescriptorSetSchema, readFileSync(set)).file);
  const details = files.filter(({ name }) => name === "icrl/v1/status.proto").map(underPublicName);
  const fileDescriptorProtos = [...files, ...details].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  );
  // Of a definition the service reads this one field.
  return new ReflectionService({
    "icrl.v1": { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos },
  });
}

/** The same messages as google.rpc's: by that name a tool asks for the details of an error. */
function underPublicName({ options: _, ...file }: FileDescriptorProto): FileDescriptorProto {
  const moved = { ...file, name: "google/rpc/icrl_status.proto", package: "google.rpc" };
  const text = toJsonString(FileDescriptorProtoSchema, moved).replaceAll('".icrl.v1.', '".google.rpc.');
  return fromJsonString(FileDescriptorProtoSchema, text);
}
