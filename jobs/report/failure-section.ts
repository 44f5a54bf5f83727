/** What went wrong: forfeited trials. */

import { type Block, longTable } from "./document.js";
import { fixedNumber } from "./numbers.js";
import type { ReportView } from "./report-view.js";

/** The section. */
export function failureSection({ results }: ReportView): Block[] {
  const rows = results.tasks.flatMap(({ id, agents }) =>
    agents
      .filter(({ forfeits }) => forfeits > 0)
      .map(({ name, forfeits, trials, forfeit_reason = "unknown", forfeit_message = "" }) => [
        name,
        id,
        `${fixedNumber(forfeits, 0)} of ${fixedNumber(trials, 0)}`,
        forfeit_reason,
        forfeit_message,
      ]),
  );
  return [
    { kind: "heading", level: 2, text: "Failures", id: "failures" },
    ...(rows.length === 0
      ? [{ kind: "paragraph", text: "None: every trial was played to its end." } as const]
      : longTable({
          caption:
            "Forfeited trials. Each counts as uniform play's exact regret on its instance, in all figures and pictures of this page.",
          columns: [
            { title: "entrant" },
            { title: "task" },
            { title: "trials", kind: "number" },
            { title: "reason" },
            { title: "message", kind: "sentence" },
          ],
          rows,
        })),
  ];
}
