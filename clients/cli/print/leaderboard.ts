import type { AgentJson, ResultsJson, TaskJson } from "../results.js";
import { commonDigits, fixedNumber } from "./numbers.js";
import { type Paint, plain } from "./paint.js";
import { type Column, textTable } from "./table.js";

const COLUMNS: readonly Column[] = [
  { title: "rank", align: "right" },
  { title: "name" },
  { title: "agent" },
  { title: "regret", align: "right" },
  { title: "95 % interval", align: "right" },
  { title: "return", align: "right" },
  { title: "trials", align: "right" },
  { title: "forfeits" },
];

/**
 * The leaderboard of each task, best first: mean regret of a trial with its 95 % interval, mean return with its
 * standard error, trials, and forfeits with their reason.
 */
export function leaderboardText(results: ResultsJson, paint: Paint = plain): string {
  return results.tasks.map((task) => taskText(task, results, paint)).join("\n");
}

function taskText(task: TaskJson, results: ResultsJson, paint: Paint): string {
  const byName = new Map(task.agents.map((agent) => [agent.name, agent]));
  const regretDigits = commonDigits(task.agents.map(({ regret }) => regret.se));
  const returnDigits = commonDigits(task.agents.map((agent) => agent.return?.se ?? 0));
  const rows = results.leaderboard.flatMap(({ task: id, name, rank, regret }) => {
    const agent = id === task.id ? byName.get(name) : undefined;
    if (agent === undefined) return [];
    return [
      [
        String(rank),
        rank === 1 ? paint.bold(name) : name,
        agent.agent,
        paint.bold(fixedNumber(regret, regretDigits)),
        intervalText(agent, regretDigits),
        returnText(agent, returnDigits),
        fixedNumber(agent.trials, 0),
        forfeitText(agent),
      ],
    ];
  });
  const family = task.task === task.id ? "" : paint.faint(` (${task.task})`);
  return `${paint.bold(task.id)}${family}\n${textTable(COLUMNS, rows, paint)}`;
}

function intervalText({ regret: { ci95 } }: AgentJson, digits: number): string {
  return ci95 === null ? "-" : `[${fixedNumber(ci95[0], digits)}, ${fixedNumber(ci95[1], digits)}]`;
}

function returnText({ return: value }: AgentJson, digits: number): string {
  return value === null ? "-" : `${fixedNumber(value.mean, digits)} ± ${fixedNumber(value.se, digits)}`;
}

function forfeitText({ forfeits, forfeit_reason }: AgentJson): string {
  return forfeits === 0 ? "0" : `${fixedNumber(forfeits, 0)} (${forfeit_reason ?? "unknown"})`;
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
