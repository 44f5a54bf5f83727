import { expect, test } from "vitest";
import { connectionsThatFit, RESERVED_FILES } from "#icrl/server/rpc/connections-that-fit.js";

test("files are kept for the log, and some connections there are always", () => {
  expect(connectionsThatFit(512, Number.POSITIVE_INFINITY)).toBe(512);
  expect(connectionsThatFit(512, 1024)).toBe(512);
  expect(connectionsThatFit(10_000, 1024)).toBe(1024 - RESERVED_FILES);
  expect(connectionsThatFit(512, 256)).toBe(16);
  expect(connectionsThatFit(3, 256)).toBe(3);
});
