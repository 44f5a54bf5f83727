/** Tasks with random settings of their options, under the conformance suite. */
import { expect } from "vitest";
import { rngFromSeed } from "#icrl/common/rng.js";
import { randomOptions } from "#icrl/jobs/conformance/random-options.js";
import { taskViolations } from "#icrl/server/tasks/conformance/task-violations.js";
import { buildTask, taskFamily } from "#icrl/server/tasks/registry.js";

/** Expects a task to conform with so many settings; more of them begin with the same. */
export function expectRandomSettingsConform(name: string, settings: number): void {
  const rng = rngFromSeed(2026n);
  for (let round = 0; round < settings; round += 1) {
    const options = randomOptions(taskFamily(name), rng);
    expect(taskViolations(buildTask(name, options)), JSON.stringify(options)).toEqual([]);
  }
}
