/** What was played, as one needs to know it to play it again. */
import { shortNumber } from "../print/numbers.js";
import type { Options, ResultsJson } from "../results.js";
import { specText } from "../spec-yaml.js";
import { type Block, longTable } from "./document.js";
import type { ReportView } from "./report-view.js";

/** Resamples of a report that is not told otherwise. */
export const DEFAULT_RESAMPLES = 2000;

/** The section. */
export function playedSection({ results, statistics }: ReportView): Block[] {
  const { tournament, versions, tasks } = results;
  const resampling = statistics.resamples === DEFAULT_RESAMPLES ? "" : ` --resamples ${statistics.resamples}`;
  return [
    { kind: "heading", level: 2, text: "What was played", id: "played" },
    {
      kind: "paragraph",
      text: `${shortNumber(tournament.trials)} trials of each match, seed ${tournament.seed}, tournament ${tournament.id}. All entrants of a task met the same instances and the same luck. Versions: ${Object.entries(
        versions,
      )
        .map(([name, version]) => `${name} ${version}`)
        .join(", ")}. Made by:`,
    },
    { kind: "code", text: results.command },
    {
      kind: "paragraph",
      text: `Intervals and bands of this page come from ${shortNumber(statistics.resamples)} resamples, ${
        statistics.paired ? "which take the same trials of all entrants" : "each entrant's by themselves"
      }, drawn with seed ${statistics.seed}; those of the regret curves are ± 1.96 standard errors. The page again:`,
    },
    { kind: "code", text: `npx icrl tournament report DIR${resampling}` },
    {
      kind: "fold",
      summary: "The tournament as a file for icrl tournament run",
      blocks: [{ kind: "code", text: tournamentFile(tournament) }],
    },
    ...longTable({
      caption: "Tasks, all their options.",
      columns: [{ title: "task" }, { title: "family" }, { title: "options", kind: "sentence" }],
      rows: tasks.map(({ id, task, options }) => [id, task, optionsText(options)]),
    }),
    ...longTable({
      caption: "Entrants, with the options that the tournament gives them; the others have their defaults.",
      columns: [
        { title: "entrant" },
        { title: "agent" },
        { title: "options", kind: "sentence" },
        { title: "tasks", kind: "sentence" },
      ],
      rows: tournament.agents.map(({ name, agent, options, tasks: entered }) => [
        name,
        agent,
        optionsText(options),
        entered.length === 0 ? "all that it plays" : entered.join(", "),
      ]),
    }),
  ];
}

/** The tournament as YAML that `icrl tournament run` reads. */
export function tournamentFile({ name, seed, trials, tasks, agents }: ResultsJson["tournament"]): string {
  const file = {
    name,
    seed: BigInt(seed),
    trials,
    tasks: tasks.map(({ options, ...task }) => ({ ...task, ...given(options) })),
    agents: agents.map(({ options, tasks: entered, ...agent }) => ({
      ...agent,
      ...given(options),
      ...(entered.length > 0 ? { tasks: entered } : {}),
    })),
  };
  return specText(file).trimEnd();
}

const given = (options: Options) => (Object.keys(options).length > 0 ? { options } : {});

function optionsText(options: Options): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
