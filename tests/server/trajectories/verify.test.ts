import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listShards, manifestPath, readManifest } from "#icrl/datasets/log/log-folder.js";
import { queryLog } from "#icrl/datasets/log/query-log.js";
import type { TrajectoryRow } from "#icrl/datasets/log/trajectory-schema.js";
import { recordRow } from "#icrl/server/trajectories/record-row.js";
import { openTrajectoryLog } from "#icrl/server/trajectories/trajectory-log.js";
import { verifyLog } from "#icrl/server/trajectories/verify.js";
import { randomEpisode } from "./random-episodes.mjs";

const ROWS = 60;
let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "icrl-verify-"));
  const log = await openTrajectoryLog(dir);
  for (let i = 0; i < ROWS; i += 1) log.append(randomEpisode(i));
  await log.close();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Stands for playing again: compares rewards with those of the episode that the row's seeds give. */
function replay(row: TrajectoryRow): string | undefined {
  const truth = recordRow(randomEpisode(Number(row.trial_index)));
  const step = truth.rewards.findIndex((reward, t) => !Object.is(reward, row.rewards[t]));
  return step < 0 ? undefined : `reward ${row.rewards[step]} at step ${step}, and ${truth.rewards[step]} was played`;
}

/** Rewrites the shard with a column changed, and its line in the manifest so that the hash is right. */
async function forge(expression: string): Promise<void> {
  const [{ path, name }] = listShards(dir);
  await queryLog(
    dir,
    `COPY (SELECT * REPLACE (${expression}) FROM trajectories) TO '${path}.new' (FORMAT parquet)`,
    true,
  );
  renameSync(`${path}.new`, path);
  const bytes = readFileSync(path);
  const entry = {
    ...readManifest(dir).shards[0],
    file: name,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
  writeFileSync(manifestPath(dir), `${JSON.stringify(entry)}\n`);
}

test("a log that is as it was written has no problems, and its episodes and steps are counted", async () => {
  const seen: number[] = [];
  const report = await verifyLog(dir, replay, (episodes) => seen.push(episodes));
  const steps = Array.from({ length: ROWS }, (_, i) => randomEpisode(i).length).reduce((a, b) => a + b);
  expect(report).toMatchObject({ shards: 1, segments: 0, episodes: ROWS, steps, tornBytes: 0, problems: [] });
  expect(seen.at(-1)).toBe(ROWS);
});

test("a flipped bit in any byte of a shard is found", async () => {
  const [{ path }] = listShards(dir);
  const good = readFileSync(path);
  const stride = Math.ceil(good.length / 25);
  for (let at = 0; at < good.length; at += stride) {
    const bad = Buffer.from(good);
    bad[at] ^= 1 << (at % 8);
    writeFileSync(path, bad);
    const { problems } = await verifyLog(dir, replay);
    expect(problems.map((p) => p.file)).toEqual([path]);
  }
});

test("an edited reward is found by playing again, though hash and return were made right", async () => {
  const { rewards } = randomEpisode(7);
  const edited = rewards.map((reward, t) => (t === 4 ? reward + 1 : reward));
  const sum = edited.reduce((a, b) => a + b, 0);
  await forge(
    `CASE WHEN trial_index = 7 THEN ['${edited.join("', '")}']::FLOAT[] ELSE rewards END AS rewards,
     CASE WHEN trial_index = 7 THEN '${sum}'::DOUBLE ELSE "return" END AS "return"`,
  );
  const { problems, episodes } = await verifyLog(dir, replay);
  expect(episodes).toBe(ROWS);
  const problem = `reward ${edited[4]} at step 4, and ${rewards[4]} was played`;
  expect(problems).toEqual([
    { file: listShards(dir)[0].path, episodeId: recordRow(randomEpisode(7)).episode_id, problem },
  ]);
});

test("a row that contradicts itself and a column of another type are found", async () => {
  await forge("CASE WHEN trial_index = 3 THEN actions || [0] ELSE actions END AS actions");
  const short = await verifyLog(dir, replay);
  expect(short.problems.map((p) => p.problem)).toEqual([
    `actions has ${randomEpisode(3).length + 1} items for ${randomEpisode(3).length} steps`,
  ]);
  await forge("task_seed::VARCHAR AS task_seed");
  const typed = await verifyLog(dir, replay);
  expect(typed.problems.map((p) => p.problem)).toEqual(["column task_seed is VARCHAR: it should be UBIGINT"]);
});

test("a shard that is missing, and one that nobody wrote, are found", async () => {
  const [{ path }] = listShards(dir);
  renameSync(path, path.replace("000000000000", "000000000500"));
  const { problems } = await verifyLog(dir, replay);
  expect(problems.map((p) => p.problem)).toEqual([
    "is not in log/shards.jsonl",
    "is in log/shards.jsonl and is missing",
  ]);
});

test("a replay that throws is a problem of that episode, not the end", async () => {
  const { problems, episodes } = await verifyLog(dir, (row) => {
    if (row.trial_index === 5n) throw new Error("no task of that name");
    return undefined;
  });
  expect(episodes).toBe(ROWS);
  expect(problems.map((p) => p.problem)).toEqual(["cannot be played again: no task of that name"]);
});

test("a folder that is no log is NOT_A_LOG", async () => {
  await expect(verifyLog(join(dir, "nowhere"), replay)).rejects.toMatchObject({ reason: "NOT_A_LOG" });
});
