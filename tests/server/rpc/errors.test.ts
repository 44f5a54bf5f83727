import { expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import { statusOf } from "#icrl/server/rpc/errors.js";

test("what a caller sent is quoted so that all of it can be seen, and lines stay lines", () => {
  const error = new IcrlError("TASK_UNKNOWN", 'there is no task "\u202e\x9b\u200b"\nsecond line', { task: "\u2066" });
  const { details, metadata } = statusOf(error, () => {});
  expect(details).toBe('there is no task "\\u202e\\x9b\\u200b"\nsecond line');
  expect(String(metadata?.get("grpc-status-details-bin")[0])).not.toMatch(/[\u202e\u2066\u200b]/u);
});
