import { defineConfig } from "vitest/config";

/**
 * Tests run on the compiled output (`#icrl/...` is dist/): what is tested is what ships, worker threads and spawned processes
 * included. `fast` needs Node alone; `full` needs Python or minutes and lives in files named *.full.test.ts.
 */
export default defineConfig({
  test: {
    // Processes: native add-ons do not survive threads that end.
    pool: "forks",
    // Most tests wait for processes that they start: more files at once than cores, also on two.
    maxWorkers: 3,
    // Node loads the compiled output itself, once a process, and nothing transforms it.
    server: { deps: { external: [/\/dist\//] } },
    // Time limits only end what hangs: a busy machine takes ten times as long as an idle one.
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/**/*.full.test.ts"],
          // Three processes run all files: what a file imports (Arrow, DuckDB, tfjs, gRPC) is loaded three times, not for each file. So
          // a file puts back what it changes for the whole process; one that cannot is a full one.
          isolate: false,
          setupFiles: ["tests/support/hold-roll-thread.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: "full", include: ["tests/**/*.full.test.ts"], testTimeout: 1_800_000, hookTimeout: 600_000 },
      },
    ],
  },
});
