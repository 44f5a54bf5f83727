/** What the populations of a dataset's tasks are to do. */
import { IcrlError } from "../../common/errors.js";
import type { Player } from "./policy-trials.js";
import type { RatioTask } from "./ratio-tasks.js";
import type { PopulationJob } from "./ratio-worker.js";

/** Most particles times steps of a population: it remembers what happened in each, 17 bytes a step. */
const MOST_STEPS = 50_000_000;

/** How much is estimated. */
export interface RatioSize {
  /** After how many steps of a trial, ascending, each once; undefined: 1, 2, 5, 10, 20, 50, ... and all. */
  readonly horizons: readonly number[] | undefined;
  /** Of each population. */
  readonly particles: number;
  readonly seed: bigint;
}

/**
 * What the first population of each task is to do, in the tasks' order. Of a task that is shorter than others it has only the horizons
 * that the task reaches.
 *
 * @throws OPTION_INVALID if no task reaches a horizon, or a population would have to remember too much
 */
export function populationJobs(tasks: readonly RatioTask[], expert: Player, size: RatioSize): PopulationJob[] {
  return tasks.map((task) => ({ ...jobOf(task, expert, size.seed), ...sizeOf(task, tasks, size) }));
}

/** What one population of a task is to do, without its size. */
function jobOf(
  { id, task, behaviours }: RatioTask,
  expert: Player,
  seed: bigint,
): Omit<PopulationJob, "particles" | "horizons"> {
  const players: Player[] = [];
  const indexOf = (player: Player): number => {
    const text = ({ agent, options }: Player) => JSON.stringify([agent.name, options]);
    const found = players.findIndex((other) => text(other) === text(player));
    return found < 0 ? players.push(player) - 1 : found;
  };
  return {
    taskId: id,
    task: task.name,
    taskOptions: task.options,
    expert: indexOf(expert),
    behaviours: behaviours.map(({ player }) => indexOf(player)),
    weights: behaviours.map(({ weight }) => weight),
    players: players.map(({ agent, options }) => ({ agent: agent.name, options })),
    seed,
    population: 0,
  };
}

function sizeOf(
  { id, steps }: RatioTask,
  tasks: readonly RatioTask[],
  { horizons, particles }: RatioSize,
): Pick<PopulationJob, "particles" | "horizons"> {
  const longest = tasks.reduce((most, task) => Math.max(most, task.steps), 0);
  const beyond = horizons?.find((horizon) => horizon > longest);
  if (beyond !== undefined) {
    throw new IcrlError("OPTION_INVALID", `horizon ${beyond} is beyond the end of a trial: give at most ${longest}`, {
      option: "horizons",
      value: beyond,
    });
  }
  const reached = horizons?.filter((horizon) => horizon <= steps) ?? defaultHorizons(steps);
  const last = reached[reached.length - 1] ?? 0;
  if (particles * last > MOST_STEPS) {
    throw new IcrlError(
      "OPTION_INVALID",
      `${particles} particles of ${last} steps of task "${id}" are more than ${MOST_STEPS} steps to remember: give at most --particles ${Math.floor(MOST_STEPS / last)}, or smaller --horizons`,
      { option: "particles", value: particles },
    );
  }
  return { particles, horizons: reached };
}

/** 1, 2, 5, 10, 20, 50, ... and the last. */
function defaultHorizons(steps: number): number[] {
  const horizons: number[] = [];
  for (let ten = 1; ten < steps; ten *= 10) {
    for (const times of [1, 2, 5]) if (ten * times < steps) horizons.push(ten * times);
  }
  return [...horizons, steps];
}
