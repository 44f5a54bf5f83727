import { type DatasetManifest, listedFiles } from "./dataset-manifest.js";
import { BEHAVIOUR_SQL, corruptIfRefused, withDataset } from "./dataset-sql.js";
import { type UnfinishedLabel, unfinishedLabels } from "./unfinished-labels.js";

/** What one behaviour did on one task. */
export interface MixtureRow {
  /** Task id. */
  readonly task: string;
  readonly behaviour: string;
  readonly trials: number;
  readonly episodes: number;
  readonly steps: number;
  /** Mean over episodes. */
  readonly return: number;
  /** Mean over episodes; null where it is not known. */
  readonly regret: number | null;
}

/** What a dataset holds. */
export interface DatasetDescription {
  readonly manifest: DatasetManifest;
  /** Of shards and labels, as the manifest has them. */
  readonly bytes: number;
  /** By task and behaviour. */
  readonly mixture: readonly MixtureRow[];
  readonly unfinishedLabels: readonly UnfinishedLabel[];
}

/**
 * What a dataset holds, beside its manifest.
 * @throws what withDataset throws
 */
export function describeMixture(dir: string): Promise<DatasetDescription> {
  return withDataset(dir, async (connection, manifest) => {
    const sql = `SELECT task_id, ${BEHAVIOUR_SQL} AS behaviour, count(DISTINCT trial_id)::DOUBLE,
        count(*)::DOUBLE, sum("length")::DOUBLE, avg("return"), avg(regret)
      FROM trajectories GROUP BY task_id, behaviour ORDER BY task_id, behaviour`;
    const rows = await corruptIfRefused(dir, async () => (await connection.run(sql)).getRows());
    const mixture = rows.map(
      (row): MixtureRow => ({
        task: row[0] as string,
        behaviour: row[1] as string,
        trials: row[2] as number,
        episodes: row[3] as number,
        steps: row[4] as number,
        return: row[5] as number,
        regret: row[6] as number | null,
      }),
    );
    const bytes = listedFiles(manifest).reduce((sum, file) => sum + file.bytes, 0);
    return { manifest, bytes, mixture, unfinishedLabels: unfinishedLabels(dir, manifest) };
  });
}
