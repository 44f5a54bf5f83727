import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openJournal, readJournals } from "#icrl/server/tournaments/journal.js";
import { tempDir } from "../../support/temp-dir.js";

test("what could not be written is written, once and in order, when it can be", async () => {
  const dir = tempDir();
  onTestFinished(() => dir.remove());
  writeFileSync(join(dir.path, "tournaments"), ""); // a file where its folder should be
  const journal = openJournal(dir.path, "ab12");
  journal.append({
    event: "created",
    at: "2026-01-01",
    spec: { name: "t", seed: "7", trials: 1, tasks: [], agents: [] },
  });
  await expect(journal.durable()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  journal.append({ event: "declared", entrant: "a", tasks: ["bandit"] });
  await expect(journal.durable()).rejects.toMatchObject({ reason: "LOG_UNWRITABLE" });
  rmSync(join(dir.path, "tournaments"));
  mkdirSync(join(dir.path, "tournaments"));
  await journal.durable();
  const [record] = readJournals(dir.path);
  expect(record).toMatchObject({ id: "ab12", spec: { seed: 7n } });
  expect([...record.declared]).toEqual([["a", ["bandit"]]]);
});
