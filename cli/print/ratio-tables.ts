/** Distribution ratios for people and for scripts. */
import type { RecordedCheck } from "../../jobs/ratio/check-recorded.js";
import { RELIABLE_ESS } from "../../jobs/ratio/pool-populations.js";
import type { RatioBehaviour } from "../../jobs/ratio/ratio-tasks.js";
import type { RatioReport } from "../../jobs/ratio/run-ratio.js";
import { NONE } from "../../jobs/report/estimates.js";
import { fixedNumber, shortNumber } from "../../jobs/report/numbers.js";
import type { Paint } from "./paint.js";
import { textTable } from "./table.js";

/** The document of `--json`; docs/datasets.md describes it. */
export function ratioJson({ expert, seed, populations, particles, tasks, notes, seconds }: RatioReport): unknown {
  return {
    expert: { agent: expert.agent.name, agent_version: expert.agent.version, options: expert.options },
    seed,
    populations,
    particles,
    tasks: tasks.map(({ task, recorded, points }) => ({
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

/** A table for each task, and what is to be known of them. */
export function ratioTables({ expert, populations, particles, tasks, notes }: RatioReport, paint: Paint): string {
  const { agent } = expert;
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [right("horizon"), right("log R"), right("s.e."), right("R"), right("ess"), { title: "" }];
  const texts = tasks.map(({ task, recorded, points }) => {
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
  const unreliable = tasks.some(({ points }) => points.some((point) => point.unreliable));
  const lines = [
    `R: over trials of ${agent.name}, the mean of their likelihood by it over that by the mixture; ${populations} populations of ${fixedNumber(particles, 0)} particles; s.e.: standard error of log R by their spread`,
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
