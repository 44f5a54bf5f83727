import { expect, test } from "vitest";
import { exitCodeOf } from "#icrl/cli/exit-code-of.js";
import { ConnectionError } from "#icrl/clients/typescript/errors.js";
import { IcrlError } from "#icrl/common/errors.js";

test("not there yet is as if no server were there; mistyped, and another's key, are the command line's", () => {
  const codeOf = (reason: ConstructorParameters<typeof IcrlError>[0]) => exitCodeOf(new IcrlError(reason, ""));
  expect(exitCodeOf(new ConnectionError(14, ""))).toBe(3);
  expect(codeOf("ENTRANT_EARLY")).toBe(3);
  expect([codeOf("ENTRANT_UNKNOWN"), codeOf("KEY_REFUSED")]).toEqual([2, 2]);
  expect(codeOf("LOG_UNWRITABLE")).toBe(1);
});
