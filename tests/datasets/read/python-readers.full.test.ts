import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { TRAJECTORY_COLUMNS } from "#icrl/datasets/log/trajectory-schema.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { pythonWith } from "../../requirements.js";
import { randomEpisode } from "../../server/trajectories/random-episodes.mjs";
import { dataRows, datasetForTest } from "../../support/dataset.js";
import { largestSeed } from "../../support/largest-seed.js";

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

/** The table "tool, one line" of a page: names to the expressions in it. */
function linesOf(page: string): [string, string][] {
  const rows = page.matchAll(/^\| (DuckDB|pandas|Polars|pyarrow|Hugging Face `datasets`) \| (.*) \|$/gm);
  return Array.from(rows, ([, tool, cell]) =>
    Array.from(cell.matchAll(/`([^`]+)`/g), ([, line], i): [string, string] => [`${tool} ${i + 1}`, line]),
  ).flat();
}

const python = pythonWith(["duckdb", "pandas", "polars", "pyarrow", "datasets"]);
test.skipIf(python === undefined)(
  "every line of docs/export.md reads a dataset's folder, labels beside it",
  async () => {
    const { dir } = await datasetForTest();
    const rows = await dataRows(dir);
    const page = readFileSync(new URL("../../../docs/export.md", import.meta.url), "utf8");
    const lines = Object.fromEntries(linesOf(page).map(([name, line]) => [name, line.replaceAll("DIR", dir)]));
    // by hand: five tools, Hugging Face in two ways
    expect(Object.keys(lines).length).toBe(6);
    lines.label = `load_dataset(${JSON.stringify(dir)}, "label-made-up")`;
    const script = join(import.meta.dirname, "../../python/one_liners.py");
    const { stdout } = await promisify(execFile)(python as string, [script, JSON.stringify(lines)]);
    const { label, ...data } = JSON.parse(stdout);
    const wanted = {
      rows: rows.length,
      columns: TRAJECTORY_COLUMNS.map(({ name }) => name).sort(),
      largest_seed: largestSeed(rows),
      actions: rows.reduce((sum, row) => sum + row.actions.reduce((a, b) => a + b, 0), 0),
    };
    for (const [tool, found] of Object.entries(data)) expect(found, tool).toEqual(wanted);
    expect(label).toMatchObject({ rows: rows.length, columns: ["actions", "episode_id", "probabilities"] });
  },
);
