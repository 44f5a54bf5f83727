import { type DatasetManifest, datasetPath } from "../folder/dataset-manifest.js";
import { BEHAVIOUR_SQL, countInstances } from "../folder/dataset-sql.js";
import { shardPaths, shardsSql, withDuckDb } from "../log/duckdb.js";
import { dataFolder } from "../log/log-folder.js";
import type { DatasetProblem } from "./dataset-problem.js";

/** What a look at single rows cannot see: what is there twice, trials that are torn apart, and the manifest's counts. */
export async function checkCounts(dir: string, manifest: DatasetManifest, problems: DatasetProblem[]): Promise<void> {
  const say = (problem: string) => problems.push({ file: datasetPath(dir), problem });
  await withDuckDb(shardPaths(dir), async (connection) => {
    const rows = async (sql: string) => (await connection.run(sql)).getRows();
    const from = shardsSql(dir);
    const twice = await rows(`SELECT episode_id FROM ${from} GROUP BY episode_id HAVING count(*) > 1 LIMIT 5`);
    for (const [id] of twice)
      problems.push({ file: dataFolder(dir), episodeId: String(id), problem: "is there twice" });
    const torn = await rows(`SELECT trial_id FROM ${from} GROUP BY trial_id
      HAVING max(log_index) - min(log_index) + 1 <> count(*) OR min(shard_first) <> max(shard_first) LIMIT 5`);
    for (const [id] of torn)
      problems.push({ file: dataFolder(dir), problem: `trial ${id} does not stand side by side in one shard` });
    const counts = await rows(`SELECT task_id, ${BEHAVIOUR_SQL}, count(DISTINCT trial_id)::DOUBLE, count(*)::DOUBLE,
      sum("length")::DOUBLE, bool_or(privileged) FROM ${from} GROUP BY ALL`);
    const sum = (column: number, of = (_: (typeof counts)[number]) => true) =>
      counts.filter(of).reduce((all, row) => all + Number(row[column]), 0);
    const compare = (what: string, said: number | boolean, found: number | boolean) => {
      if (said !== found) say(`says ${said} ${what}, and there are ${found}`);
    };
    compare("trials", manifest.trials, sum(2));
    compare("episodes", manifest.episodes, sum(3));
    compare("steps", manifest.steps, sum(4));
    const instances = await countInstances(connection, dir);
    for (const { id, trials, episodes, instances: said } of manifest.tasks) {
      if (said !== undefined) compare(`instances of task ${id}`, said, instances.get(id) ?? 0);
      compare(
        `trials of task ${id}`,
        trials,
        sum(2, (row) => row[0] === id),
      );
      compare(
        `episodes of task ${id}`,
        episodes,
        sum(3, (row) => row[0] === id),
      );
    }
    for (const { name, trials, episodes } of manifest.behaviours) {
      compare(
        `trials of behaviour ${name}`,
        trials,
        sum(2, (row) => row[1] === name),
      );
      compare(
        `episodes of behaviour ${name}`,
        episodes,
        sum(3, (row) => row[1] === name),
      );
    }
    const privileged = counts.some((row) => row[5] === true);
    if (privileged !== manifest.privileged) say(`says privileged: ${manifest.privileged}, and the data ${privileged}`);
  });
}
