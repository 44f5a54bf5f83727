import type { Picture, ReportDocument } from "./document.js";
import { failureSection } from "./failure-section.js";
import { guideSection } from "./guide-section.js";
import { leaderboardSection } from "./leaderboard-section.js";
import { fixedNumber } from "./numbers.js";
import { playedSection } from "./played-section.js";
import type { ReportView } from "./report-view.js";
import { taskSection } from "./task-section.js";

/** The report of a tournament, with its pictures. */
export function reportDocument(view: ReportView, pictures: readonly Picture[]): ReportDocument {
  const { tournament, tasks } = view.results;
  const byName = new Map(pictures.map((picture) => [picture.name, picture]));
  return {
    title: tournament.name,
    subtitle: [
      counted(tournament.agents.length, "entrant"),
      counted(tasks.length, "task"),
      `${counted(tournament.trials, "trial")} of each match`,
      `seed ${tournament.seed}`,
    ].join(" · "),
    blocks: [
      ...leaderboardSection(view, byName),
      ...taskSection(view, byName),
      ...failureSection(view),
      ...playedSection(view),
      ...guideSection(view),
    ],
  };
}

const counted = (count: number, noun: string) => `${fixedNumber(count, 0)} ${noun}${count === 1 ? "" : "s"}`;
