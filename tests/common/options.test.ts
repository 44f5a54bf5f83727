import { expect, test } from "vitest";
import { IcrlError } from "#icrl/common/errors.js";
import { allowed, boolean, choice, integer, number, optionsFromTexts, resolveOptions } from "#icrl/common/options.js";

const table = {
  alpha: number({ default: 2, min: 0, max: 10, help: "width" }),
  noise_std: number({ default: 1.5, min: 0, help: "noise" }),
  dim: integer({ default: 5, min: 1, max: 64, help: "features" }),
  law: choice(["uniform", "gaussian"], { default: "uniform", help: "law" }),
  greedy: boolean({ default: false, help: "greed" }),
};

const resolve = (given: Record<string, unknown>) => resolveOptions(table, given, 'task "x"');

function refusal(given: Record<string, unknown>): IcrlError {
  try {
    resolve(given);
  } catch (error) {
    if (error instanceof IcrlError) return error;
    throw error;
  }
  throw new Error(`not refused: ${JSON.stringify(given)}`);
}

test("defaults fill in, in the table's order", () => {
  expect(Object.entries(resolve({ law: "gaussian", alpha: 0 }))).toEqual([
    ["alpha", 0],
    ["noise_std", 1.5],
    ["dim", 5],
    ["law", "gaussian"],
    ["greedy", false],
  ]);
});

test("bounds are inclusive", () => {
  expect(resolve({ alpha: 10, dim: 64 })).toMatchObject({ alpha: 10, dim: 64 });
  expect(resolve({ alpha: 0, dim: 1 })).toMatchObject({ alpha: 0, dim: 1 });
});

test.each([
  ["above the maximum", { alpha: 10.001 }],
  ["below the minimum", { dim: 0 }],
  ["no finite number", { alpha: Number.NaN }],
  ["infinite", { noise_std: Number.POSITIVE_INFINITY }],
  ["not whole", { dim: 2.5 }],
  ["a number as text", { dim: "5" }],
  ["none of the choices", { law: "cauchy" }],
  ["a choice by number", { law: 0 }],
  ["a boolean as text", { greedy: "true" }],
  ["a list", { dim: [5] }],
  ["an object", { alpha: {} }],
])("a value that is %s is OPTION_INVALID and names the option", (_what, given) => {
  const error = refusal(given);
  expect(error.reason).toBe("OPTION_INVALID");
  const [[option, value]] = Object.entries(given);
  expect(error.metadata).toEqual({ option, value: JSON.stringify(value) ?? "undefined" });
});

test("a refusal says what came and what is allowed", () => {
  expect(refusal({ dim: 99 }).message).toBe('option "dim" of task "x" is 99: give an integer in [1, 64]');
  expect(allowed(table.noise_std)).toBe("a number of at least 0");
  expect(allowed(table.law)).toBe("one of uniform, gaussian");
});

test("an unknown option suggests the nearest name, or lists them", () => {
  expect(refusal({ noisestd: 1 }).message).toBe('task "x" has no option "noisestd": did you mean "noise_std"?');
  expect(refusal({ zzzzzzzzzzzzz: 1 }).message).toContain("it has alpha, noise_std, dim, law, greedy");
  expect(refusal({ noisestd: 1 }).reason).toBe("OPTION_UNKNOWN");
  expect(() => resolveOptions({}, { x: 1 }, 'agent "y"')).toThrow('agent "y" has no option "x": it has none');
});

test("names that every object inherits are unknown options", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    const given = Object.fromEntries([[name, 1]]);
    expect(refusal(given).reason).toBe("OPTION_UNKNOWN");
    expect(() => resolveOptions(table, optionsFromTexts(table, [`${name}=1`]), "x")).toThrow(/has no option/);
  }
});

test("texts of a command line become the table's types", () => {
  expect(optionsFromTexts(table, ["alpha=1e-3", "dim=3", "law=gaussian", "greedy=true"])).toEqual({
    alpha: 0.001,
    dim: 3,
    law: "gaussian",
    greedy: true,
  });
});

test("texts that are no value of their type stay text, so that the check refuses them", () => {
  for (const text of ["alpha=", "alpha=abc", "dim=0x", "greedy=yes", "alpha=NaN"]) {
    expect(() => resolveOptions(table, optionsFromTexts(table, [text]), "x"), text).toThrow(IcrlError);
  }
});

test("a text without a value or without a name is OPTION_INVALID", () => {
  for (const text of ["alpha", "=3", ""]) expect(() => optionsFromTexts(table, [text])).toThrow(IcrlError);
});
