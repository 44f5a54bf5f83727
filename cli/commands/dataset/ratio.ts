/** `icrl dataset ratio DIR --expert AGENT`: how far an expert's trials are from a dataset's behaviours. */
import { Command, InvalidArgumentError, Option } from "commander";
import { findAgent } from "../../../agents/registry.js";
import { IcrlError } from "../../../common/errors.js";
import { optionsFromTexts, resolveOptions } from "../../../common/options.js";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import type { RecordedCheck } from "../../../jobs/ratio/check-recorded.js";
import { type Player, policyTrials } from "../../../jobs/ratio/policy-trials.js";
import { poolPopulations, type RatioPoint, RELIABLE_ESS } from "../../../jobs/ratio/pool-populations.js";
import { type RatioBehaviour, type RatioTask, ratioNotes, ratioTasks } from "../../../jobs/ratio/ratio-tasks.js";
import type { PopulationJob } from "../../../jobs/ratio/ratio-worker.js";
import { startPopulations } from "../../../jobs/ratio/run-populations.js";
import { NONE } from "../../../jobs/report/estimates.js";
import { fixedNumber, shortNumber } from "../../../jobs/report/numbers.js";
import { interruptible } from "../../interruptible.js";
import { printJson } from "../../print/json.js";
import { paintFor } from "../../print/paint.js";
import { textTable } from "../../print/table.js";
import { printText } from "../../print/terminal.js";
import { type WorkProgress, workProgress } from "../../print/work-progress.js";
import { collect, required, uint64, wholeNumber } from "../arguments.js";

interface RatioFlags {
  expert?: string;
  option?: string[];
  horizons?: number[];
  particles: number;
  seed: bigint;
  json?: boolean;
}

/** Independent estimates, whose spread is the standard error. */
const POPULATIONS = 3;
/** Most particles times steps of a population: it remembers what happened in each, 17 bytes a step. */
const MOST_STEPS = 50_000_000;

/** The command. */
export function ratioCommand(): Command {
  return new Command("ratio")
    .description(
      "The distribution ratio R of Lin, Bai & Mei (2023) of an expert to the dataset's behaviours: the mean, over the expert's own trials, of how much " +
        "likelier they are by the expert than by the behaviours' mixture. What learns from the data to do as the expert needs more of it in proportion.",
    )
    .argument("<dir>", "folder of a finished dataset")
    .option("--expert <agent>", "whose ratio; `icrl agents` lists them (required)")
    .option("--option <name=value>", "an option of the expert; may be repeated", collect)
    .option(
      "--horizons <n,...>",
      "after how many steps of a trial (default: 1, 2, 5, 10, 20, 50, ... and all)",
      ascending,
    )
    .option("--particles <n>", `particles of each of the ${POPULATIONS} populations`, wholeNumber(2), 5000)
    .addOption(new Option("--seed <n>", "seed of the estimate").argParser(uint64).default(0n, "0"))
    .option("--json", "print JSON; docs/datasets.md describes it")
    .action(ratio);
}

/** Whole numbers of at least 1, each once, sorted. */
function ascending(text: string): number[] {
  const numbers = text.split(",").map((part) => wholeNumber(1)(part.trim()));
  if (new Set(numbers).size !== numbers.length) throw new InvalidArgumentError("Give each number once.");
  return numbers.sort((a, b) => a - b);
}

/** A task, and what is known of its behaviours' laws. */
interface TaskReport {
  readonly task: RatioTask;
  /** By behaviour; undefined where nothing is recorded that could be compared. */
  readonly recorded: readonly (RecordedCheck | undefined)[];
  readonly points: readonly RatioPoint[];
}

async function ratio(dir: string, flags: RatioFlags, command: Command): Promise<void> {
  const agent = findAgent(required(flags.expert, "--expert <agent>", command));
  const given = optionsFromTexts(agent.options, flags.option ?? []);
  const expert: Player = { agent, options: resolveOptions(agent.options, given, `agent "${agent.name}"`) };
  const manifest = readDatasetManifest(dir);
  const startedAt = performance.now();
  const named = { first: `reading ${dir}`, name: "estimating", units: "steps" };
  const { tasks, reports } = await workProgress(named, async (progress) => {
    const { describeBehaviours } = await import("../../../datasets/folder/describe-behaviours.js"); // Arrow and DuckDB
    const tasks = ratioTasks(manifest, await describeBehaviours(dir), expert);
    const jobs = tasks.map((task) => ({ ...jobOf(task, expert, flags.seed), ...sizeOf(task, tasks, flags) }));
    for (const [i, task] of tasks.entries()) requireLaws(task, expert, jobs[i]);
    progress.doing("comparing what is recorded with the behaviours' laws");
    const recorded: (RecordedCheck | undefined)[][] = [];
    for (const task of tasks) recorded.push(await checkAll(dir, task, manifest.subsample === null));
    const points = await estimate(
      jobs.filter(({ horizons }) => horizons.length > 0),
      progress,
    );
    const reports = tasks.flatMap((task, i): TaskReport[] =>
      jobs[i].horizons.length === 0
        ? []
        : [{ task, recorded: recorded[i], points: points.shift() as readonly RatioPoint[] }],
    );
    return { tasks, reports };
  });
  const notes = ratioNotes(manifest, tasks);
  const seconds = (performance.now() - startedAt) / 1000;
  if (flags.json) printJson(process.stdout, ratioJson(expert, flags, reports, notes, seconds));
  else printText(process.stdout, ratioText(expert, flags, reports, notes));
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

/** Of a task that is shorter than others only the horizons that it reaches. @throws OPTION_INVALID */
function sizeOf(
  { id, steps }: RatioTask,
  tasks: readonly RatioTask[],
  { horizons, particles }: RatioFlags,
): Pick<PopulationJob, "particles" | "horizons"> {
  const longest = tasks.reduce((most, task) => Math.max(most, task.steps), 0);
  const beyond = horizons?.find((horizon) => horizon > longest);
  if (beyond !== undefined) {
    throw new IcrlError("OPTION_INVALID", `horizon ${beyond} is beyond the end of a trial: give at most ${longest}`);
  }
  const reached = horizons?.filter((horizon) => horizon <= steps) ?? defaultHorizons(steps);
  const last = reached[reached.length - 1] ?? 0;
  if (particles * last > MOST_STEPS) {
    throw new IcrlError(
      "OPTION_INVALID",
      `${particles} particles of ${last} steps of task "${id}" are more than ${MOST_STEPS} steps to remember: give at most --particles ${Math.floor(MOST_STEPS / last)}, or smaller --horizons`,
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

/** Asks everybody once, before threads are started for it. @throws PROBABILITIES_UNKNOWN */
function requireLaws({ task, behaviours }: RatioTask, expert: Player, job: PopulationJob): void {
  const players = job.players.map(
    ({ agent, options }): Player =>
      [expert, ...behaviours.map(({ player }) => player)].find(
        (player) => player.agent.name === agent && player.options === options,
      ) as Player,
  );
  const trials = policyTrials({ ...job, task, players, size: 1, mostSteps: 1 });
  trials.laws(0, new Float64Array(task.numActions), new Float64Array(behaviours.length * task.numActions));
}

/** Holds what is recorded against the laws, where something is and whole trials are there. */
async function checkAll(dir: string, task: RatioTask, wholeTrials: boolean): Promise<(RecordedCheck | undefined)[]> {
  const { checkRecorded } = await import("../../../jobs/ratio/check-recorded.js"); // Arrow
  const checks: (RecordedCheck | undefined)[] = [];
  for (const behaviour of task.behaviours) {
    const some = behaviour.unknownPropensities < behaviour.episodes;
    const check = wholeTrials && some ? await checkRecorded(dir, task, behaviour) : undefined;
    checks.push(check?.steps === 0 ? undefined : check);
  }
  return checks;
}

/** Every job as often as there are populations, in threads. */
async function estimate(jobs: readonly PopulationJob[], progress: WorkProgress): Promise<RatioPoint[][]> {
  const all = jobs.flatMap((job) => Array.from({ length: POPULATIONS }, (_, population) => ({ ...job, population })));
  const stepsOf = ({ horizons, particles }: PopulationJob, steps = horizons[horizons.length - 1]) => steps * particles;
  const total = all.reduce((sum, job) => sum + stepsOf(job), 0);
  const done = new Float64Array(all.length);
  const populations = startPopulations(all, (job, steps) => {
    done[job] = stepsOf(all[job], steps);
    progress.update(
      done.reduce((sum, n) => sum + n, 0),
      total,
    );
  });
  try {
    const points = await interruptible(populations.done);
    return jobs.map((_, i) => poolPopulations(points.slice(i * POPULATIONS, (i + 1) * POPULATIONS)));
  } finally {
    await populations.close();
  }
}

function ratioJson(
  { agent, options }: Player,
  { particles, seed }: RatioFlags,
  reports: readonly TaskReport[],
  notes: readonly string[],
  seconds: number,
): unknown {
  return {
    expert: { agent: agent.name, agent_version: agent.version, options },
    seed,
    populations: POPULATIONS,
    particles,
    tasks: reports.map(({ task, recorded, points }) => ({
      id: task.id,
      task: task.task.name,
      steps: task.steps,
      behaviours: task.behaviours.map(({ name, player, weight, trials, episodes, unknownPropensities }, k) => ({
        name,
        agent: player.agent.name,
        options: player.options,
        weight,
        trials,
        episodes,
        episodes_without_propensities: unknownPropensities,
        recorded: recorded[k] && { steps: recorded[k].steps, max_difference: recorded[k].maxDifference },
      })),
      horizons: points.map(({ horizon, logRatio, standardError, ess, ancestors, unreliable }) => ({
        horizon,
        log_ratio: Number.isFinite(logRatio) ? logRatio : null,
        standard_error: standardError ?? null,
        ratio: Number.isFinite(Math.exp(logRatio)) ? Math.exp(logRatio) : null,
        infinite: logRatio === Number.POSITIVE_INFINITY,
        ess,
        ancestors,
        unreliable,
      })),
    })),
    notes,
    seconds,
  };
}

function ratioText(
  { agent }: Player,
  { particles }: RatioFlags,
  reports: readonly TaskReport[],
  notes: readonly string[],
): string {
  const paint = paintFor(process.stdout, process.env);
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [right("horizon"), right("log R"), right("s.e."), right("R"), right("ess"), { title: "" }];
  const texts = reports.map(({ task, recorded, points }) => {
    const rows = points.map(({ horizon, logRatio, standardError, ess, unreliable }) => {
      const infinite = logRatio === Number.POSITIVE_INFINITY;
      return [
        fixedNumber(horizon, 0),
        infinite ? "infinite" : threeDecimals(logRatio),
        standardError === undefined ? NONE : threeDecimals(standardError),
        infinite ? "infinite" : ratioNumber(Math.exp(logRatio)),
        infinite ? "" : fixedNumber(ess, 0),
        infinite ? "the mixture cannot do what the expert can" : unreliable ? paint.bold("unreliable") : "",
      ];
    });
    const parts = task.behaviours.map((behaviour, k) => `  ${behaviourText(behaviour, recorded[k])}\n`);
    const title = `${paint.bold(task.id)}  ${agent.name} against the mixture of\n`;
    return `${title}${parts.join("")}${textTable(columns, rows, paint)}`;
  });
  const unreliable = reports.some(({ points }) => points.some((point) => point.unreliable));
  const lines = [
    `R: over trials of ${agent.name}, the mean of their likelihood by it over that by the mixture; ${POPULATIONS} populations of ${fixedNumber(particles, 0)} particles; s.e.: standard error of log R by their spread`,
    ...(unreliable
      ? [
          `unreliable: fewer than ${RELIABLE_ESS} effective instances (ess), so that s.e. may be far too small; more --particles help`,
        ]
      : []),
    ...notes.map((note) => `note: ${note}`),
  ];
  return `${texts.join("\n")}${lines.join("\n")}\n`;
}

function behaviourText(
  { name, weight, unknownPropensities, episodes, trials }: RatioBehaviour,
  recorded: RecordedCheck | undefined,
): string {
  const law =
    recorded !== undefined
      ? `recorded propensities are its law's (${fixedNumber(recorded.steps, 0)} steps looked at, largest difference ${recorded.maxDifference.toPrecision(1)})`
      : episodes > 0 && unknownPropensities === episodes
        ? "no propensities recorded; its law is worked out anew"
        : "its law is worked out anew";
  return `${name}, weight ${shortNumber(weight)}, ${fixedNumber(trials, 0)} trials: ${law}`;
}

const threeDecimals = (value: number): string => fixedNumber(Math.abs(value) < 5e-4 ? 0 : value, 3);

/** Three significant digits; nothing where it is beyond a double. */
const ratioNumber = (value: number): string =>
  value < 1e6 ? shortNumber(Number(value.toPrecision(3))) : Number.isFinite(value) ? value.toExponential(2) : "";
