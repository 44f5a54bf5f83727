/**
 * Agents of version 0.1 still play: what they sent then (tests/fixtures/released-0.1) gets the answers that it got, read by the schema that they were built
 * with. They may differ in what the server is (its version, its limits, what it can do beside) and in when trials were found durable.
 */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createFileRegistry, fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Client } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rawClient, rawStream } from "../support/raw-stream.js";
import { startTestServer, type TestServer } from "../support/server.js";
import { tempDir } from "../support/temp-dir.js";

const FIXTURES = join(import.meta.dirname, "../fixtures");

/** A stream as it was recorded. */
interface RecordedSession {
  readonly name: string;
  /** In their order, in base64, behind ">" the agent's, behind "<" the server's. */
  readonly messages: readonly string[];
  readonly end: { readonly code: number; readonly reason?: string };
}

const { tournament, sessions } = JSON.parse(readFileSync(join(FIXTURES, "released-0.1/sessions.json"), "utf8")) as {
  readonly tournament: { readonly seed: string; readonly name: string; readonly trials: number } & Record<
    string,
    never
  >;
  readonly sessions: readonly RecordedSession[];
};
const image = readFileSync(join(FIXTURES, "released-0.1/schema.binpb"));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
const answers = registry.getMessage("icrl.v1.PlayResponse");

/** An answer as an agent of that version reads it, without what may differ. */
function read(bytes: Uint8Array): JsonValue {
  if (answers === undefined) throw new Error("the recorded schema has no PlayResponse");
  const message = toJson(answers, fromBinary(answers, bytes), { registry }) as Record<
    string,
    Record<string, JsonValue>
  >;
  const { welcome, observations } = message;
  if (welcome !== undefined) for (const name of OF_THE_SERVER) delete welcome[name];
  if (observations !== undefined) delete observations.durableTrials;
  return message;
}

const OF_THE_SERVER = ["serverVersion", "sessionId", "limits", "capabilities"];

const temporary = tempDir();
let server: TestServer;
let client: Client;

beforeAll(async () => {
  cpSync(join(FIXTURES, "schema-1/dataset"), temporary.path, { recursive: true });
  server = await startTestServer({}, temporary.path);
  client = rawClient(server.address);
  const spec = { ...tournament, seed: BigInt(tournament.seed) } as never;
  await server.connection.createTournament({ spec, seedKey: Buffer.alloc(0) });
});
afterAll(async () => {
  client.close();
  await server.dispose();
  temporary.remove();
});

test.each(sessions)("$name: every answer is what version 0.1 gave", async ({ messages, end }) => {
  const stream = rawStream(client);
  for (const [i, message] of messages.entries()) {
    const bytes = Buffer.from(message.slice(1), "base64");
    if (message.startsWith(">")) stream.sendBytes(bytes);
    else expect(read((await stream.next()).bytes), `message ${i}`).toEqual(read(bytes));
  }
  if (end.code === 0) stream.call.end();
  expect(await stream.ended).toMatchObject({ code: end.code, reason: end.reason });
});
