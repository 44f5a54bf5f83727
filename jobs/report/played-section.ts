/** What was played, as one needs to know it to play it again. */
import { DEFAULT_RESAMPLES } from "../../statistics/resampling.js";
import { specText } from "../specs/spec-yaml.js";
import type { Options, ResultsJson } from "../tournament/results.js";
import { type Block, longTable } from "./document.js";
import { sharedText } from "./estimates.js";
import { shortNumber } from "./numbers.js";
import type { ReportView } from "./report-view.js";

/** The section. */
export function playedSection({ results, statistics }: ReportView): Block[] {
  const { tournament, versions, tasks } = results;
  const resampling = statistics.resamples === DEFAULT_RESAMPLES ? "" : ` --resamples ${statistics.resamples}`;
  return [
    { kind: "heading", level: 2, text: "What was played", id: "played" },
    {
      kind: "paragraph",
      text: `${shortNumber(tournament.trials)} ${tournament.trials === 1 ? "trial" : "trials"} of each match, seed ${tournament.seed}, tournament ${tournament.id}. All entrants of a task met the same instances and the same luck.${sharedInstances(results)} Versions: ${Object.entries(
        versions,
      )
        .map(([name, version]) => `${name} ${version}`)
        .join(", ")}. Made by:`,
    },
    { kind: "code", text: results.command },
    {
      kind: "paragraph",
      text: `Bootstrap intervals of this page come from ${shortNumber(statistics.resamples)} resamples, ${
        statistics.paired ? "which take the same trials of all entrants" : "each entrant's by themselves"
      }, drawn with seed ${statistics.seed}; ${otherIntervals(results, statistics.resamples)}Intervals of shares and bands of profiles are Wilson's, bands of regret curves ± 1.96 standard errors. The page again:`,
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

/** Whether results.json and the terminal have other intervals of the mean regrets: empty where they are the same ones. */
function otherIntervals({ schema_version }: ResultsJson, resamples: number): string {
  if (schema_version === 1)
    return "results.json, of an earlier version, has others, drawn for each entrant by itself. ";
  return resamples === DEFAULT_RESAMPLES
    ? "results.json has the same ones of the mean regrets. "
    : `those of results.json and of the terminal come from ${shortNumber(DEFAULT_RESAMPLES)}. `;
}

/** Which tasks' trials share instances; empty where none do. */
function sharedInstances({ tournament, tasks }: ResultsJson): string {
  const texts = tasks.flatMap(({ id, instances }) =>
    instances === undefined ? [] : [`${id}: ${sharedText(instances, tournament.trials)}`],
  );
  return texts.length === 0 ? "" : ` Trials share instances on ${texts.join("; ")}.`;
}

/** The tournament as YAML that `icrl tournament run` reads. */
export function tournamentFile(tournament: ResultsJson["tournament"]): string {
  const { name, seed, seed_key, trials, tasks, agents } = tournament;
  const file = {
    name,
    seed: BigInt(seed),
    ...(seed_key === undefined ? {} : { seed_key }),
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
