/** Each task by itself. */
import { commonDigits } from "../../common/digits.js";
import type { Estimated, TaskStatistics } from "../../statistics/tournament-statistics.js";
import type { AgentJson, TaskJson } from "../tournament/results.js";
import { type Block, type Column, longTable, type Picture } from "./document.js";
import { estimatedDigits, estimatedTexts, meanText, sharedText, signedNumber } from "./estimates.js";
import { fixedNumber, shortNumber } from "./numbers.js";
import { regretPictureName } from "./pictures.js";
import { marked, markText, type ReportView } from "./report-view.js";

/** The section. */
export function taskSection({ results, statistics }: ReportView, pictures: ReadonlyMap<string, Picture>): Block[] {
  const byId = new Map(statistics.tasks.map((task) => [task.id, task]));
  return [
    { kind: "heading", level: 2, text: "Tasks", id: "tasks" },
    ...results.tasks.flatMap((task, place): Block[] => {
      const figures = byId.get(task.id);
      const drawn = (["linear", "log"] as const).flatMap(
        (steps) => pictures.get(regretPictureName(place, task, steps)) ?? [],
      );
      return [
        { kind: "heading", level: 3, text: task.id, id: `task-${place + 1}` },
        { kind: "pictures", pictures: drawn },
        ...(figures === undefined ? [] : taskTable(task, figures)),
      ];
    }),
  ];
}

function taskTable(task: TaskJson, { agents, pairs, trials, instances, uniform_regret }: TaskStatistics): Block[] {
  const played = new Map(task.agents.map((agent) => [agent.name, agent]));
  const ranked = agents
    .toSorted((a, b) => a.rank - b.rank)
    .flatMap((figures) => {
      const agent = played.get(figures.name);
      return agent === undefined ? [] : [{ figures, agent }];
    });
  const inPairs = new Set(pairs.flatMap(({ a, b }) => [a, b]));
  const best = ranked.find(({ agent }) => inPairs.has(agent.name))?.agent.name;
  const explored = ranked.some(({ figures }) => figures.exploration !== undefined);
  const number = (title: string): Column => ({ title, kind: "number" });
  const columns: { column: Column; cells: readonly string[] }[] = [
    { column: number(""), cells: ranked.map(({ figures }) => String(figures.rank)) },
    { column: { title: "entrant" }, cells: ranked.map(({ agent }) => marked(agent.name, agent)) },
    { column: number("mean regret"), cells: estimatedTexts(ranked.map(({ figures }) => figures.regret.mean)) },
    ...(best === undefined
      ? []
      : [
          {
            column: number("difference to best"),
            cells: estimatedTexts(ranked.map(({ agent }) => differenceTo(best, agent.name, pairs))),
          },
        ]),
    { column: number("median"), cells: pointTexts(ranked.map(({ figures }) => figures.regret.median)) },
    { column: number("IQM"), cells: pointTexts(ranked.map(({ figures }) => figures.regret.iqm)) },
    { column: number("mean score"), cells: estimatedTexts(ranked.map(({ figures }) => figures.score.mean)) },
    { column: number("return ± se"), cells: returnTexts(ranked.map(({ agent }) => agent)) },
    ...(explored
      ? [
          {
            column: number("suffix failures"),
            cells: estimatedTexts(ranked.map(({ figures }) => figures.exploration?.suffix_failure)),
          },
          {
            column: number("K × MinFrac"),
            cells: estimatedTexts(ranked.map(({ figures }) => figures.exploration?.min_fraction)),
          },
        ]
      : []),
    {
      column: number("forfeits"),
      cells: ranked.map(
        ({ agent: { forfeits, trials } }) => `${fixedNumber(forfeits, 0)} of ${fixedNumber(trials, 0)}`,
      ),
    },
  ];
  return longTable({
    caption: `Regret of a trial on ${task.id}, equal means with one rank; 95 % bootstrap intervals${instances === undefined ? "" : ` over its ${sharedText(instances, trials)}`}${
      best === undefined ? "" : `; the difference to ${best} is that of the same trials`
    }${explored ? "; of suffix failures, a share, Wilson's" : ""}. Returns of the trials that were played, with their standard errors. Uniform play's mean regret is ${shortNumber(uniform_regret)}.${markText(task.agents)}`,
    columns: columns.map(({ column }) => column),
    rows: ranked.map((_, i) => columns.map(({ cells }) => cells[i])),
  });
}

/** Regret of an entrant less that of the best; null where they are not compared. */
function differenceTo(best: string, name: string, pairs: TaskStatistics["pairs"]): Estimated | null {
  for (const { a, b, regret_difference } of pairs) {
    if (a === name && b === best) return regret_difference;
    if (a === best && b === name) {
      const { value, ci95 } = regret_difference;
      return { value: -value, ci95: ci95 && [-ci95[1], -ci95[0]] };
    }
  }
  return null;
}

/** Without their intervals, which statistics.json has. */
function pointTexts(values: readonly Estimated[]): string[] {
  const digits = estimatedDigits(values);
  return values.map(({ value }) => signedNumber(value, digits));
}

/** With their standard errors. */
function returnTexts(agents: readonly AgentJson[]): string[] {
  const digits = commonDigits(agents.map((agent) => agent.return?.se));
  return agents.map((agent) => meanText(agent.return, digits));
}
