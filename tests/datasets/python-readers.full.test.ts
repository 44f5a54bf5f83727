import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { pythonWith } from "../requirements.js";
import { randomEpisode } from "../server/trajectories/random-episodes.mjs";

/** The lines of docs/log.md, as expressions that give rows and the largest task_seed. */
const READERS = {
  pandas: 'import pandas as pd; d = pd.read_parquet(F); print(len(d), d["task_seed"].max())',
  pyarrow:
    'import pyarrow.dataset as ds, pyarrow.compute as pc; d = ds.dataset(F).to_table(); print(len(d), pc.max(d["task_seed"]))',
  polars: 'import polars as pl; d = pl.read_parquet(F + "/*.parquet"); print(len(d), d["task_seed"].max())',
  duckdb: "import duckdb; print(*duckdb.sql(f\"SELECT count(*), max(task_seed) FROM '{F}/*.parquet'\").fetchall()[0])",
};

for (const [name, code] of Object.entries(READERS)) {
  const python = pythonWith([name]);
  test.skipIf(python === undefined)(`${name} reads data/ in one line`, async () => {
    const dir = mkdtempSync(join(tmpdir(), "icrl-python-"));
    const log = await openTrajectoryLog(dir);
    let top = 0n;
    for (let i = 0; i < 100; i += 1) {
      const episode = randomEpisode(i);
      if (episode.taskSeed > top) top = episode.taskSeed;
      log.append(episode);
      if (i === 50) await log.seal();
    }
    await log.close();
    const out = execFileSync(python as string, ["-c", `F = ${JSON.stringify(join(dir, "data"))}; ${code}`], {
      encoding: "utf8",
    });
    expect(out.trim()).toBe(`100 ${top}`);
    rmSync(dir, { recursive: true });
  });
}
