/**
 * `icrl log verify|list|query`: the central log, read from its folder. What reads it (DuckDB, Arrow) is imported when it is wanted:
 * a program that only prints --help starts four times as fast.
 */
import { Command } from "commander";
import type { TrajectoryPage, TrajectorySummary } from "../../datasets/log/list-trajectories.js";
import { requireLog } from "../../datasets/log/log-folder.js";
import { EXIT } from "../../jobs/processes/exit-codes.js";
import type { LogReport } from "../../server/trajectories/verify.js";
import type { Paint } from "../print/paint.js";
import { printerFor } from "../print/printer.js";
import { problemJson, problemText } from "../print/problem.js";
import { queryResultText } from "../print/query-result.js";
import { textTable } from "../print/table.js";
import { workProgress } from "../print/work-progress.js";
import { allowFilesOption, wholeNumber } from "./arguments.js";
import { withTaskFlags } from "./own-tasks.js";

/** The command. */
export function logCommand(): Command {
  return new Command("log")
    .description("Look at a log's folder: verify it, list its episodes, query it with SQL.")
    .addCommand(verifyCommand())
    .addCommand(listCommand())
    .addCommand(queryCommand());
}

const dataOption = ["--data <dir>", "folder of the log", "icrl-data"] as const;

/** Problems that are printed; the rest is counted. */
const SHOWN_PROBLEMS = 20;

function verifyCommand(): Command {
  const command = new Command("verify")
    .description(
      "Check every byte against its hash, that everything acknowledged is there, once, and play every episode again, bit for bit. Exit code 1 when something is wrong.",
    )
    .option(...dataOption)
    .option(
      "--json",
      "print JSON: {ok, shards, segments, episodes, acknowledged, repeated_trials, repeated_episodes, steps, bytes, torn_bytes, problems: [{file, episode_id, problem}]}",
    )
    .action(async ({ data, json }: { data: string; json?: boolean }) => {
      requireLog(data); // this fails before anything is said
      const named = { first: `reading the log in ${data}`, name: "verifying", units: "episodes" };
      const report = await workProgress(named, async ({ update }) => {
        const [{ queryLog }, { createReplay }, { verifyLog }] = await Promise.all([
          import("../../datasets/log/query-log.js"),
          import("../../server/trajectories/replay.js"),
          import("../../server/trajectories/verify.js"),
        ]);
        const counting = "SELECT count(*)::INT, coalesce(sum(length), 0)::DOUBLE FROM trajectories";
        const [[total, most] = [0, 0]] = (await queryLog(data, counting)).rows as number[][];
        return verifyLog(data, createReplay(), (episodes, steps) =>
          update(episodes, Math.max(total, episodes), steps, Math.max(most, steps) || undefined),
        );
      });
      printerFor({ json }).print(report, verifiedText, verifiedJson);
      if (report.problems.length > 0) process.exitCode = EXIT.failed;
    });
  return withTaskFlags(command);
}

function verifiedText(report: LogReport): string {
  const { problems, episodes, steps, shards, segments, bytes, tornBytes } = report;
  const more = problems.length - SHOWN_PROBLEMS;
  return [
    ...problems.slice(0, SHOWN_PROBLEMS).map(problemText),
    ...(more > 0 ? [`and ${more} more problems\n`] : []),
    `${problems.length === 0 ? "ok" : "NOT ok"}: ${episodes} episodes, ${steps} steps in ${shards} shards and ${segments} open segments, ${bytes} bytes; ${problems.length} problems\n`,
    ...(tornBytes > 0 ? [`${tornBytes} bytes of an interrupted, never acknowledged write will be cut off\n`] : []),
  ].join("");
}

function verifiedJson(report: LogReport): unknown {
  return {
    ok: report.problems.length === 0,
    shards: report.shards,
    segments: report.segments,
    episodes: report.episodes,
    acknowledged: report.acknowledged,
    repeated_trials: report.repeatedTrials,
    repeated_episodes: report.repeatedEpisodes,
    steps: report.steps,
    bytes: report.bytes,
    torn_bytes: report.tornBytes,
    problems: report.problems.map(problemJson),
  };
}

function listCommand(): Command {
  return new Command("list")
    .description("List episodes, oldest first.")
    .option(...dataOption)
    .option("--task <name>", "only this task")
    .option("--agent <name>", "only this agent")
    .option("--entrant <name>", "only this entrant")
    .option("--tournament <id>", "only this tournament")
    .option("--limit <n>", "most episodes", wholeNumber(1, 10_000), 20)
    .option("--page <token>", "the next page, by the token that the page before gave")
    .option(
      "--json",
      "print JSON: {trajectories: [{episode_id, trial_id, trial_index, episode_index, task, task_version, task_options, agent, entrant, tournament_id, session_id, started_at, length, complete, end_reason, return, regret}], next_page}",
    )
    .action(async (flags: Record<string, string> & { limit: number; json?: boolean }) => {
      const filter = { task: flags.task, agent: flags.agent, entrant: flags.entrant, tournamentId: flags.tournament };
      const page = await workProgress({ first: `reading the log in ${flags.data}`, quick: true }, async () => {
        const { listTrajectories } = await import("../../datasets/log/list-trajectories.js");
        return listTrajectories(flags.data, filter, { size: flags.limit, token: flags.page ?? "" });
      });
      printerFor(flags).print(page, listText, ({ trajectories, nextToken }) => ({
        trajectories: trajectories.map(summaryJson),
        next_page: nextToken || null,
      }));
    });
}

function listText({ trajectories, nextToken }: TrajectoryPage, paint: Paint): string {
  if (trajectories.length === 0) return "no episodes\n";
  const columns = [
    { title: "episode" },
    { title: "task" },
    { title: "agent" },
    { title: "entrant" },
    { title: "trial", align: "right" as const },
    { title: "steps", align: "right" as const },
    { title: "end" },
    { title: "return", align: "right" as const },
    { title: "regret", align: "right" as const },
  ];
  const rows = trajectories.map((row) => [
    row.episodeId,
    row.task,
    row.agent,
    row.entrant ?? "",
    String(row.trialIndex),
    String(row.length),
    row.endReason,
    row.return.toFixed(2),
    row.regret?.toFixed(2) ?? "",
  ]);
  return `${textTable(columns, rows, paint)}${nextToken === "" ? "" : `more: --page ${nextToken}\n`}`;
}

function summaryJson(row: TrajectorySummary): Record<string, unknown> {
  return {
    episode_id: row.episodeId,
    trial_id: row.trialId,
    trial_index: Number(row.trialIndex),
    episode_index: row.episodeIndex,
    task: row.task,
    task_version: row.taskVersion,
    task_options: row.taskOptions,
    agent: row.agent,
    entrant: row.entrant ?? null,
    tournament_id: row.tournamentId ?? null,
    session_id: row.sessionId,
    started_at: new Date(row.startedAtMs).toISOString(),
    length: row.length,
    complete: row.complete,
    end_reason: row.endReason,
    return: row.return,
    regret: row.regret ?? null,
  };
}

function queryCommand(): Command {
  return new Command("query")
    .description("Run SQL over the log; the view is `trajectories`, its columns are in docs/log.md.")
    .argument("<sql>", "DuckDB's SQL, one statement: it reads the log's shards, and no other file")
    .option(...dataOption)
    .option(...allowFilesOption)
    .option("--json", "print JSON: {columns: [{name, type}], rows: [[...]]}")
    .action(async (sql: string, { data, allowFiles, json }: { data: string; allowFiles?: boolean; json?: boolean }) => {
      const result = await workProgress({ first: `querying the log in ${data}`, quick: true }, async () => {
        const { queryLog } = await import("../../datasets/log/query-log.js");
        return queryLog(data, sql, allowFiles === true);
      });
      printerFor({ json }).print(result, queryResultText);
    });
}
