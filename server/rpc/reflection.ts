/** Server reflection, by which a tool learns the protocol from the server itself. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ReflectionService } from "@grpc/reflection";

const DESCRIPTORS = fileURLToPath(new URL("../../../proto/gen/descriptors.binpb", import.meta.url));

/**
 * The standard reflection services over the files as they are written. (@grpc/proto-loader would merge files of one package and lose
 * their imports, and Python's client, for one, cannot put those together.)
 */
export function reflectionService(): ReflectionService {
  const fileDescriptorProtos: Buffer[] = [];
  const reader = new BinaryReader(readFileSync(DESCRIPTORS)); // a FileDescriptorSet: repeated FileDescriptorProto file = 1
  while (reader.pos < reader.len) {
    reader.tag();
    fileDescriptorProtos.push(Buffer.from(reader.bytes()));
  }
  // Of a definition the service reads this one field.
  return new ReflectionService({
    "icrl.v1": { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos },
  });
}
