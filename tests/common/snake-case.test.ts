import { expect, test } from "vitest";
import { MODEL_OPTIONS } from "#icrl/agents/transformer/model-config.js";
import { TRAINING_OPTIONS } from "#icrl/agents/transformer/training-options.js";
import { camelCase, type SnakeCased, snakeCase, toCamelCase, toSnakeCase } from "#icrl/common/snake-case.js";
import { LIMIT_OPTIONS } from "#icrl/server/sessions/limits.js";

test("a record's own fields change their names, in their order, and nothing in them does", () => {
  const inside = { some_name: 1 };
  const outside = { act_timeout_ms: 3, beta1: 0.9, window: undefined, inside };
  const { actTimeoutMs, ...rest } = toCamelCase(outside);
  expect(Object.entries({ actTimeoutMs, ...rest })).toEqual([
    ["actTimeoutMs", 3],
    ["beta1", 0.9],
    ["window", undefined],
    ["inside", { some_name: 1 }],
  ]);
  expect(rest.inside).toBe(inside);
  expect(JSON.stringify(toSnakeCase({ actTimeoutMs, ...rest }))).toBe(JSON.stringify(outside));
});

test("a record that may be one of several stays so", () => {
  type Event = { readonly kind: "a"; readonly stepIndex?: number } | { readonly kind: "b"; readonly lostRows: number };
  const stored: SnakeCased<Event> = toSnakeCase<Event>({ kind: "b", lostRows: 2 });
  expect(stored.kind === "b" ? stored.lost_rows : stored.step_index).toBe(2);
});

test("no name of a table whose options are renamed is lost on the way", () => {
  const names = [LIMIT_OPTIONS, MODEL_OPTIONS, TRAINING_OPTIONS].flatMap((table) => Object.keys(table));
  expect(names.map(camelCase).filter((name) => name.includes("_"))).toEqual([]);
  expect(names.map((name) => snakeCase(camelCase(name)))).toEqual(names);
});
