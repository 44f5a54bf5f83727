/** Properties: listed and read, never written. */
import { expect, test } from "vitest";
import { VERSION } from "#icrl/common/version.js";
import { DataType } from "#icrl/proto/gen/dm_env_rpc/v1/dm_env_rpc.js";
import { TASKS } from "#icrl/server/tasks/registry.js";
import { conversation, packed, unpacked } from "../../support/dm-env-rpc.js";
import { serverForTest } from "../../support/server.js";

const RIVER = { task: "river-swim", seed: 7, "option.states": 3, "option.horizon": 4, "option.episodes": 2 };

type Talking = ReturnType<typeof conversation>;

const list = async (mine: Talking, key: string) => {
  const answer = await mine.property({ $case: "listProperty", value: { key } });
  if (answer?.$case !== "listProperty") throw new Error(answer?.$case);
  return answer.value.values;
};

const read = async (mine: Talking, key: string) => {
  const answer = await mine.property({ $case: "readProperty", value: { key } });
  if (answer?.$case !== "readProperty" || answer.value.value === undefined) throw new Error(answer?.$case);
  return answer.value.value;
};

test("the server's are there before a world is joined, and the world's as long as it is", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const keys = async (below: string) => (await list(mine, below)).map(({ spec }) => spec?.name);
  const server = ["server_version", "tasks"];
  expect(await keys("")).toEqual(server);
  expect(unpacked(await read(mine, "server_version"))).toBe(VERSION);
  expect(unpacked(await read(mine, "tasks"))).toEqual(TASKS.map(({ name }) => name));
  await expect(read(mine, "world.name")).rejects.toMatchObject({ reason: "PROPERTY_UNKNOWN", code: 5 });
  await mine.enter(RIVER);
  expect(await keys("")).toEqual([...server, "session_id", "world", "trial"]);
  await mine.leave();
  expect(await keys("")).toEqual(server);
});

test("all that are listed can be read, as their specs say, or list others", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  const { world } = await mine.enter(RIVER);
  const seen: Record<string, unknown> = {};
  const below = ["", "world", "trial"];
  for (const key of below) {
    for (const { spec, isListable, isReadable, isWritable, description } of await list(mine, key)) {
      const name = spec?.name ?? "";
      expect([isWritable, description !== ""]).toEqual([false, true]);
      expect([isListable, isReadable]).toEqual(below.includes(name) ? [true, false] : [false, true]);
      if (!isReadable) {
        expect([spec?.dtype, spec?.shape]).toEqual([DataType.INVALID_DATA_TYPE, []]);
        await expect(read(mine, name)).rejects.toMatchObject({ reason: "PROPERTY_UNKNOWN" });
        continue;
      }
      const tensor = await read(mine, name);
      expect(tensor.shape).toEqual(spec?.shape);
      seen[name] = unpacked(tensor);
      await expect(list(mine, name)).rejects.toMatchObject({ reason: "PROPERTY_UNKNOWN" });
    }
  }
  expect(seen).toMatchObject({
    "world.name": world,
    "world.task": "river-swim",
    "world.task_version": 1,
    "world.task_options": '{"states":3,"horizon":4,"episodes":2}',
    "world.horizon": 4,
    "world.episodes": 2,
    "world.seed": 7n,
    "world.sequence": "trial",
    "world.record": true,
    // Of river-swim's trial 0 with the seed 7: docs/protocol.md's second session.
    "trial.task_seed": 819031075651108222n,
    "trial.noise_seed": 2118868951674970678n,
    session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test("none is written, and none is there that is not", async () => {
  const { address } = await serverForTest();
  const mine = conversation(address);
  await mine.enter(RIVER);
  const write = (key: string) => mine.property({ $case: "writeProperty", value: { key, value: packed(8) } });
  await expect(write("world.seed")).rejects.toMatchObject({ reason: "PROPERTY_READ_ONLY", code: 7 });
  await expect(write("world.sead")).rejects.toMatchObject({ reason: "PROPERTY_UNKNOWN", code: 5 });
  for (const key of ["x", "world.", ".", "trial.task_seed.x", "__proto__"]) {
    await expect(list(mine, key)).rejects.toMatchObject({ reason: "PROPERTY_UNKNOWN", metadata: { property: key } });
  }
  await expect(mine.property(undefined)).rejects.toMatchObject({ reason: "MALFORMED_MESSAGE" });
});
