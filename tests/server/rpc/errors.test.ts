import { expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import { metadataProblem } from "#icrl/jobs/conformance/error-metadata.js";
import { ErrorInfo, Status } from "#icrl/proto/gen/icrl/v1/status.js";
import { statusMessageOf, statusOf } from "#icrl/server/rpc/errors.js";

test("what a caller sent is quoted so that all of it can be seen, and lines stay lines", () => {
  const error = new IcrlError("TASK_UNKNOWN", 'there is no task "\u202e\x9b\u200b"\nsecond line', { task: "\u2066" });
  const { details, metadata } = statusOf(error, () => {});
  expect(details).toBe('there is no task "\\u202e\\x9b\\u200b"\nsecond line');
  expect(String(metadata?.get("grpc-status-details-bin")[0])).not.toMatch(/[\u202e\u2066\u200b]/u);
});

/** The metadata that a client reads of what leaves for an error. */
function detailsOf(error: IcrlError): Readonly<Record<string, string>> {
  const { metadata } = statusOf(error, () => {});
  const [detail] = Status.decode(metadata?.get("grpc-status-details-bin")[0] as Buffer).details;
  return ErrorInfo.decode(detail.value).metadata;
}

test("details are numbers and names as text, bounded, and all of them can be seen", () => {
  expect(detailsOf(new IcrlError("STEP_GAP", "", { step_index: 2n ** 64n - 1n, expected: 3 }))).toEqual({
    step_index: "18446744073709551615",
    expected: "3",
  });
  for (const text of ["\u202e", "x", "\u{1f600}", "\ud83d", "\n"]) {
    const details = detailsOf(new IcrlError("OPTION_INVALID", "", { option: text.repeat(100_000), value: text }));
    expect(metadataProblem("OPTION_INVALID", details), JSON.stringify(text)).toBeUndefined();
  }
});

test("a reason's details are those of the list, or it does not compile", () => {
  // @ts-expect-error: expected is missing
  new IcrlError("STEP_GAP", "", { step_index: 1 });
  // @ts-expect-error: there are none at all
  new IcrlError("STEP_GAP", "");
  // @ts-expect-error: the list has no such key
  new IcrlError("TASK_UNKNOWN", "", { task: "a", colour: "red" });
  // @ts-expect-error: the list has no key for it
  new IcrlError("KEY_REFUSED", "", { key: "secret" });
  new IcrlError("SPEC_INVALID", "");
  new IcrlError("SPEC_INVALID", "", { tournament: "t" });
  expect(metadataProblem("STEP_GAP", { step_index: "1" })).toMatch(/without expected/);
  expect(metadataProblem("TASK_UNKNOWN", { task: "a", colour: "red" })).toMatch(/with colour/);
});

test("an error in an answer says what a status says, and one of the server's is told, where it happened, and no more is said", () => {
  const error = new IcrlError("TASK_UNKNOWN", "no such task", { task: "x" });
  const { code, details, metadata } = statusOf(error, () => {});
  const message = statusMessageOf(error, () => {});
  expect([message.code, message.message]).toEqual([code, details]);
  expect(Buffer.from(Status.encode(message).finish())).toEqual(metadata?.get("grpc-status-details-bin")[0]);
  const told: unknown[] = [];
  const bug = new Error("secret");
  expect(statusMessageOf(bug, (event) => told.push(event), "here")).toEqual({
    code: 13,
    message: "internal error",
    details: [],
  });
  expect(told).toEqual([{ event: "internal_error", where: "here", err: bug }]);
});
