/** How a behaviour of a dataset did on a task, as a player of a tournament is described: for who needs the truth, and so is in no tournament. */
import { meanAndStandardError } from "../../common/mean-and-standard-error.js";
import { readDataset } from "../../datasets/read/read-dataset.js";
import { curveSteps } from "../../server/tasks/curve-steps.js";
import type { Task } from "../../server/tasks/task.js";
import type { PlayerJson } from "./evaluation-json.js";

/**
 * Reads it.
 *
 * @param dir of a dataset whose regrets are known, with one behaviour
 * @param id of the task
 * @throws SELECTION_EMPTY and what else reading a dataset throws
 */
export async function playedByBehaviour(
  dir: string,
  id: string,
  task: Pick<Task, "horizon" | "episodes">,
  name: string,
): Promise<PlayerJson> {
  const steps = curveSteps(task);
  const returns: number[] = [];
  const curves: number[][] = steps.map(() => []); // cumulative regrets of the trials, by point
  const columns = ["return", "regret", "regrets"] as const;
  for await (const { units, columns: values } of readDataset(dir, { columns, unit: "trial", task: id })) {
    for (let unit = 0; unit + 1 < units.length; unit += 1) {
      let [gained, lost, point] = [0, 0, 0];
      const lose = (regret: number): void => {
        lost += regret;
        curves[point].push(lost);
        point += 1;
      };
      for (let row = units[unit]; row < units[unit + 1]; row += 1) {
        gained += values.return[row];
        const { offsets, values: regrets } = values.regrets;
        if (task.episodes > 1) lose(values.regret[row]);
        else for (let i = offsets[row]; i < offsets[row + 1]; i += 1) lose(regrets[i]);
      }
      returns.push(gained);
    }
  }
  const means = curves.map((values) => meanAndStandardError(values));
  const last = means[means.length - 1];
  const mean = (of: { readonly mean: number | null }) => of.mean as number; // of one trial at least
  return {
    name,
    regret: { mean: mean(last), se: last.se },
    return: { ...meanAndStandardError(returns), mean: mean(meanAndStandardError(returns)) },
    curve: { step: steps, mean: means.map(mean), se: means.map(({ se }) => se) },
  };
}
