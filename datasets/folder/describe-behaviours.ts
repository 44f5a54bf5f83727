import { BEHAVIOUR_SQL, corruptIfRefused, withDataset } from "./dataset-sql.js";

/** What one behaviour did on one task, and what is known of how probable it was. */
export interface BehaviourRow {
  /** Task id. */
  readonly task: string;
  readonly behaviour: string;
  readonly trials: number;
  readonly episodes: number;
  /** Episodes with a step whose propensity is null. */
  readonly unknownPropensities: number;
}

/**
 * Which behaviour played how much of which task, and whether it told its propensities.
 *
 * @throws what withDataset throws
 */
export function describeBehaviours(dir: string): Promise<BehaviourRow[]> {
  return withDataset(dir, async (connection) => {
    const sql = `SELECT task_id, ${BEHAVIOUR_SQL} AS behaviour, count(DISTINCT trial_id)::DOUBLE, count(*)::DOUBLE,
        (count(*) FILTER (propensities IS NULL OR list_aggregate(propensities, 'count') < "length"))::DOUBLE
      FROM trajectories GROUP BY task_id, behaviour ORDER BY task_id, behaviour`;
    const rows = await corruptIfRefused(dir, async () => (await connection.run(sql)).getRows());
    return rows.map(
      (row): BehaviourRow => ({
        task: row[0] as string,
        behaviour: row[1] as string,
        trials: row[2] as number,
        episodes: row[3] as number,
        unknownPropensities: row[4] as number,
      }),
    );
  });
}
