import { commonDigits, digitsForIntervals } from "../../common/digits.js";
import { FORFEITED, intervalText, meanText, sharedText } from "../../jobs/report/estimates.js";
import { fixedNumber } from "../../jobs/report/numbers.js";
import type { AgentJson, ResultsJson, TaskJson } from "../../jobs/tournament/results.js";
import { type Paint, plain } from "./paint.js";
import { type Column, textTable } from "./table.js";

const COLUMNS: readonly Column[] = [
  { title: "rank", align: "right" },
  { title: "name" },
  { title: "agent" },
  { title: "regret", align: "right" },
  { title: "95 % interval", align: "right" },
  { title: "return ± se", align: "right" },
  { title: "trials", align: "right" },
  { title: "forfeits" },
];

/**
 * The leaderboard of each task, best first: mean regret of a trial with its 95 % interval, mean return with its
 * standard error, trials, and forfeits with their reason; and what these are.
 */
export function leaderboardText(results: ResultsJson, paint: Paint = plain): string {
  const forfeited = results.tasks.some(({ agents }) => agents.some(({ forfeits }) => forfeits > 0));
  const legend = [
    "regret: mean of a trial, interval by percentile bootstrap; return: mean ± standard error",
    ...(results.tasks.some(({ instances }) => instances !== undefined)
      ? ["where trials share instances, intervals and errors are over instances: all trials of one count as one"]
      : []),
    ...(forfeited
      ? [`${FORFEITED} forfeited trials are in it as uniform play's exact regret; they have no return`]
      : []),
  ];
  return [
    ...results.tasks.map((task) => taskText(task, results, paint)),
    ...(results.tasks.length > 0 ? [legend.map((line) => `${paint.faint(line)}\n`).join("")] : []),
  ].join("\n");
}

function taskText(task: TaskJson, results: ResultsJson, paint: Paint): string {
  const byName = new Map(task.agents.map((agent) => [agent.name, agent]));
  const regretDigits = digitsForIntervals(task.agents.map(({ regret }) => regret.ci95));
  const returnDigits = commonDigits(task.agents.map((agent) => agent.return?.se));
  const forfeited = task.agents.some(({ forfeits }) => forfeits > 0);
  const rows = results.leaderboard.flatMap(({ task: id, name, rank, regret }) => {
    const agent = id === task.id ? byName.get(name) : undefined;
    if (agent === undefined) return [];
    const mark = agent.forfeits > 0 ? FORFEITED : forfeited ? " " : "";
    return [
      [
        String(rank),
        rank === 1 ? paint.bold(name) : name,
        agent.agent,
        paint.bold(`${fixedNumber(regret, regretDigits)}${mark}`),
        intervalText(agent.regret.ci95, regretDigits),
        meanText(agent.return, returnDigits),
        fixedNumber(agent.trials, 0),
        forfeitText(agent),
      ],
    ];
  });
  const family = task.task === task.id ? "" : paint.faint(` (${task.task})`);
  const shared =
    task.instances === undefined ? "" : paint.faint(`, ${sharedText(task.instances, results.tournament.trials)}`);
  return `${paint.bold(task.id)}${family}${shared}\n${textTable(COLUMNS, rows, paint)}`;
}

function forfeitText({ forfeits, trials, forfeit_reason }: AgentJson): string {
  if (forfeits === 0) return "0";
  return `${fixedNumber(forfeits, 0)} of ${fixedNumber(trials, 0)} (${forfeit_reason ?? "unknown"})`;
}

/** What went wrong, a line for each forfeited match; empty where none was. */
export function forfeitsText(results: ResultsJson, paint: Paint = plain): string {
  const lines = results.tasks.flatMap((task) =>
    task.agents
      .filter(({ forfeits }) => forfeits > 0)
      .map(
        ({ name, forfeits, trials, forfeit_reason, forfeit_message = "" }) =>
          `${task.id} / ${name}: ${fixedNumber(forfeits, 0)} of ${fixedNumber(trials, 0)} trials, ${forfeit_reason ?? "unknown"}${forfeit_message === "" ? "" : `: ${forfeit_message}`}`,
      ),
  );
  return lines.length === 0 ? "" : `${paint.bold("forfeits")}\n${lines.join("\n")}\n`;
}
