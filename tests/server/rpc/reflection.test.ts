import { fileURLToPath } from "node:url";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { credentials, loadPackageDefinition, type ServiceError } from "@grpc/grpc-js";
import { type AnyDefinition, loadFileDescriptorSetFromBuffer, loadSync, type Options } from "@grpc/proto-loader";
import { expect, onTestFinished, test } from "vitest";
import { TASKS } from "#icrl/server/tasks/registry.js";
import { healthClient } from "../../support/health-client.js";
import { serverForTest } from "../../support/server.js";

// What a stranger's tool has: the reflection service's own schema, published by the gRPC project, and nothing of icrl's.
const REFLECTION = "grpc/reflection/v1/reflection.proto";
const REFLECTION_DIR = fileURLToPath(new URL("../../../node_modules/@grpc/reflection/build/proto", import.meta.url));

const OPTIONS: Options = { keepCase: true, longs: String, enums: String, defaults: true };

type Json = Record<string, unknown>;
type AnyClient = Record<string, (request: Json, done: (error: ServiceError | null, answer: Json) => void) => void> & {
  close(): void;
};
type ClientConstructor = new (address: string, insecure: object) => AnyClient;

/** The constructor of a service's client, by its full name. */
function clientOf(definitions: Record<string, AnyDefinition>, service: string, address: string): AnyClient {
  let found: unknown = loadPackageDefinition(definitions);
  for (const part of service.split(".")) found = (found as Json)[part];
  const client = new (found as ClientConstructor)(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

/** Asks the server's reflection; one request a stream. */
function reflect(address: string, request: Json): Promise<Json> {
  const client = clientOf(
    loadSync(REFLECTION, { ...OPTIONS, includeDirs: [REFLECTION_DIR] }),
    "grpc.reflection.v1.ServerReflection",
    address,
  ) as never as {
    ServerReflectionInfo(): {
      on(event: string, listener: (value: never) => void): void;
      write(request: Json): void;
      end(): void;
    };
  };
  return new Promise((resolve, reject) => {
    const call = client.ServerReflectionInfo();
    call.on("data", resolve as never);
    call.on("error", reject as never);
    call.write(request);
    call.end();
  });
}

/** The length of a varint, and its value. */
function varint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    value += (bytes[at] & 0x7f) * 2 ** shift;
    if (bytes[at] < 0x80) return [value, at + 1];
  }
}

/** Field 1 of a FileDescriptorProto: its name. */
function nameOf(file: Buffer): string {
  const [length, start] = varint(file, 1);
  return file.subarray(start, start + length).toString();
}

/** All files that a service needs, each once, as a FileDescriptorSet. */
async function filesOf(address: string, symbol: string): Promise<Buffer> {
  const answer = await reflect(address, { file_containing_symbol: symbol });
  const { file_descriptor_proto } = answer.file_descriptor_response as { file_descriptor_proto: Buffer[] };
  const files = new Map(file_descriptor_proto.map((file) => [nameOf(file), file]));
  // FileDescriptorSet { repeated FileDescriptorProto file = 1; }
  return Buffer.concat(
    [...files.values()].map((file) => {
      const head = [0x0a];
      for (let left = file.length; ; left = Math.floor(left / 128)) {
        head.push(left > 127 ? (left % 128) | 0x80 : left);
        if (left <= 127) break;
      }
      return Buffer.concat([Buffer.from(head), file]);
    }),
  );
}

/** What a strict reader makes of the files of a symbol: it is refused where one is missing. */
async function registryOf(address: string, symbol: string): Promise<FileRegistry> {
  const { file } = fromBinary(FileDescriptorSetSchema, await filesOf(address, symbol));
  const [asked] = file; // the files that it imports come after it
  return createFileRegistry(asked, (name) => file.find((one) => one.name === name));
}

const call = (client: AnyClient, method: string, request: Json) =>
  new Promise<Json>((resolve, reject) => {
    client[method](request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });

test("a stranger's tool finds the services, learns their messages and calls them, with reflection alone", async () => {
  const server = await serverForTest();
  const { list_services_response } = await reflect(server.address, { list_services: "*" });
  const names = (list_services_response as { service: { name: string }[] }).service.map((service) => service.name);
  expect(names).toEqual(
    expect.arrayContaining([
      "dm_env_rpc.v1.Environment",
      "grpc.health.v1.Health",
      "icrl.v1.EnvironmentService",
      "icrl.v1.ServerInfoService",
      "icrl.v1.TournamentService",
      "icrl.v1.TrajectoryService",
    ]),
  );
  const load = async (service: string) =>
    loadFileDescriptorSetFromBuffer(await filesOf(server.address, service), OPTIONS);

  expect(Object.keys(await load("dm_env_rpc.v1.Environment"))).toContain("dm_env_rpc.v1.EnvironmentRequest");
  const info = await call(
    clientOf(await load("icrl.v1.ServerInfoService"), "icrl.v1.ServerInfoService", server.address),
    "GetServerInfo",
    {},
  );
  expect(info).toMatchObject({
    min_protocol_version: 1,
    max_protocol_version: 1,
    open_sessions: 0,
    log_writable: true,
    limits: { max_envs: server.limits.maxEnvs, max_trials: String(server.limits.maxTrials) },
  });

  const environments = clientOf(await load("icrl.v1.EnvironmentService"), "icrl.v1.EnvironmentService", server.address);
  const { tasks } = (await call(environments, "ListTasks", {})) as { tasks: Json[] };
  expect(tasks.map((task) => task.name)).toEqual(TASKS.map(({ name }) => name));
  const river = tasks.find(({ name }) => name === "river-swim") as { options: Json[]; default_task: Json };
  expect(river.options.map((option) => [option.name, option.type, option.default_value])).toMatchObject([
    ["states", "integer", { number_value: 6 }],
    ["horizon", "integer", { number_value: 20 }],
    ["episodes", "integer", { number_value: 100 }],
  ]);
  expect(river.default_task).toMatchObject({ num_actions: 2, horizon: 20, observation_space: { discrete: { n: 6 } } });
  const error = await call(environments, "GetTask", { name: "river" }).catch((caught: ServiceError) => caught);
  expect(error).toMatchObject({ code: 5 });

  const tournaments = clientOf(await load("icrl.v1.TournamentService"), "icrl.v1.TournamentService", server.address);
  expect(await call(tournaments, "ListTournaments", {})).toEqual({ tournaments: [], next_page_token: "" });
  const trajectories = clientOf(await load("icrl.v1.TrajectoryService"), "icrl.v1.TrajectoryService", server.address);
  expect(await call(trajectories, "ListTrajectories", {})).toMatchObject({ trajectories: [], next_page_token: "" });
  const health = clientOf(await load("grpc.health.v1.Health"), "grpc.health.v1.Health", server.address);
  expect(await call(health, "Check", {})).toEqual({ status: "SERVING" });
  // A map; proto-loader, given descriptors, makes a list of entries of it.
  expect(await call(health, "List", {})).toEqual({ statuses: [{ key: "", value: { status: "SERVING" } }] });
});

test("the details of an error are found by the name that they bear on the wire", async () => {
  const server = await serverForTest();
  const names = async (symbol: string) =>
    (await registryOf(server.address, symbol)).getMessage(symbol)?.fields.map(({ name, number }) => [number, name]);
  const fields = [
    [1, "reason"],
    [2, "domain"],
    [3, "metadata"],
  ]; // by hand: google.rpc.ErrorInfo
  expect(await names("google.rpc.ErrorInfo")).toEqual(fields);
  expect(await names("icrl.v1.ErrorInfo")).toEqual(fields);
});

test("reflection's files are whole: nothing they import is missing", async () => {
  const server = await serverForTest();
  for (const symbol of ["icrl.v1.TournamentService", "grpc.health.v1.Health", "google.rpc.Status"]) {
    const registry = await registryOf(server.address, symbol);
    expect(registry.get(symbol)).toBeDefined();
    // Go's reader demands more: a map's entry is of the name of its field.
    for (const { name, nestedType } of [...registry.files].flatMap(({ proto }) => proto.messageType))
      for (const entry of nestedType) if (entry.options?.mapEntry) expect(entry.name, name).toMatch(/^[A-Z]\w*Entry$/);
  }
  const set = await filesOf(server.address, "icrl.v1.EnvironmentService");
  const definitions = loadFileDescriptorSetFromBuffer(set, OPTIONS);
  for (const name of ["icrl.v1.PlayRequest", "icrl.v1.Tensor", "icrl.v1.TaskDescription", "google.protobuf.Struct"]) {
    expect(Object.keys(definitions)).toContain(name);
  }
  const unknown = await reflect(server.address, { file_containing_symbol: "icrl.v1.NoSuchThing" });
  expect((unknown.error_response as { error_code: number }).error_code).toBe(5);
});

test("the health service says SERVING, and NOT_SERVING once the server drains", async () => {
  const server = await serverForTest();
  const health = healthClient(server.address);
  onTestFinished(() => health.close());
  expect(await health.check("")).toBe("SERVING");
  await expect(health.check("no.such.Service")).rejects.toMatchObject({ code: 5 });
  const watch = health.watch("");
  expect(await watch.next()).toBe("SERVING");
  const closed = server.close(100);
  expect(await watch.next()).toBe("NOT_SERVING");
  watch.cancel();
  await closed;
});
