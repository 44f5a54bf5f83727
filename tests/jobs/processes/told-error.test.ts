import { expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import { errorMessage, errorOf, heardError } from "#icrl/jobs/processes/told-error.js";

test("an error crosses with its reason and text, one without a reason with its text", () => {
  const error = new IcrlError("LOG_LOCKED", "somebody writes");
  expect(errorOf(heardError(structuredClone(errorMessage(error))) as IcrlError)).toEqual(error);
  const plain = errorOf(heardError(structuredClone(errorMessage({ message: "broken" }))) as Error);
  expect([plain.constructor, plain.message]).toEqual([Error, "broken"]);
});

test.each([
  ["nothing", undefined],
  ["a text", "error"],
  ["somebody else's message", { type: "error", message: "broken" }],
  ["an error without a text", { icrl: "error", reason: "LOG_LOCKED" }],
])("%s tells no error", (_, message) => {
  expect(heardError(message)).toBeUndefined();
});

test("a reason that is none of icrl's is left out", () => {
  expect(heardError({ icrl: "error", reason: "toString", message: "broken" })).toEqual({ message: "broken" });
});
