import { test } from "vitest";
import { TASKS } from "#icrl/server/tasks/registry.js";
import { expectRandomSettingsConform } from "../support/random-settings.js";

test.each(TASKS.map(({ name }) => name))("%s conforms with 100 random settings of all its options at once", (name) => {
  expectRandomSettingsConform(name, 100);
});
