/** What generators of code find in proto/: options for those of Go and Java, and nothing of anybody else's. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";

const PROTO = join(import.meta.dirname, "../../proto");
const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(join(PROTO, "gen/descriptors.binpb")));
const ours = file.filter(({ name }) => name.startsWith("icrl/v1/"));

test.each(ours.map((one) => [one.name, one] as const))("%s says where Go and Java have it", (name, { options }) => {
  const words = name.slice("icrl/v1/".length, -".proto".length).split("_");
  expect(options).toMatchObject({
    goPackage: "icrl/v1;icrlv1", // a path below the folder into which one generates, and the name of the package
    javaMultipleFiles: true,
    javaOuterClassname: `${words.map((word) => word[0].toUpperCase() + word.slice(1)).join("")}Proto`,
    javaPackage: "icrl.v1",
  });
});

test("no file is another's, of which a program would have two copies: Go panics when it starts, and Python finds the wrong one", () => {
  const there = readdirSync(PROTO, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".proto"));
  expect(there).toEqual(expect.arrayContaining(ours.map(({ name }) => name)));
  expect(there.filter((name) => /^(google|grpc)\//.test(name))).toEqual([]);
  const imported = file.map(({ name }) => name).filter((name) => !there.includes(name));
  for (const name of imported) expect(name).toMatch(/^google\/protobuf\//); // which every language's library has
});
