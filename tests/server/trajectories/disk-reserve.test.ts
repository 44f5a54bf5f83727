import { expect, test } from "vitest";
import { requireRoom } from "#icrl/server/trajectories/disk-reserve.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { startTestServer } from "../../support/server.js";
import { tempDir } from "../../support/temp-dir.js";

test("there is room where as much is free as is kept, by the file system's own count", () => {
  const { path, remove } = tempDir();
  requireRoom(path, { bytes: 1 });
  expect(() => requireRoom(path, { bytes: Number.MAX_SAFE_INTEGER })).toThrow(/MiB are free, and 8589934592 are kept/);
  remove();
});

test("below the reserve a log cannot be written, and above it again, by itself", async () => {
  const { path, remove } = tempDir();
  let free = 10;
  const log = await openTrajectoryLog(path, { durability: "process", reserve: { bytes: 10, free: () => free } });
  expect(await log.probe()).toBe(true);
  free = 9;
  expect(await log.probe()).toBe(false);
  free = 10;
  expect(await log.probe()).toBe(true);
  await log.close();
  remove();
});

test("a server below its reserve still answers who reads", async () => {
  const more = { diskReserve: Number.MAX_SAFE_INTEGER };
  const server = await startTestServer({}, undefined, undefined, undefined, undefined, undefined, more);
  const page = await server.connection.listTrajectories({ filter: undefined, pageSize: 10, pageToken: "" });
  expect(page.trajectories).toEqual([]);
  await server.dispose();
});
