import { defineConfig } from "vitest/config";

/**
 * Tests run on the compiled output (`#icrl/...` is dist/): what is tested is what ships, worker threads and spawned processes
 * included. `fast` needs Node alone; `full` needs Python or minutes and lives in files named *.full.test.ts.
 */
export default defineConfig({
  test: {
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/**/*.full.test.ts"],
          testTimeout: 30_000,
        },
      },
      { extends: true, test: { name: "full", include: ["tests/**/*.full.test.ts"], testTimeout: 600_000 } },
    ],
  },
});
