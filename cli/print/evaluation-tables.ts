/** What `icrl evaluate` prints. */
import { join } from "node:path";
import type { EvaluationJson } from "../../jobs/evaluate/run-evaluation.js";
import { meanText } from "../../jobs/report/estimates.js";
import { textTable } from "./table.js";

const RIGHT = { align: "right" } as const;

/** An evaluation as text. `out` is its folder. */
export function evaluationReport({ tasks, trials, expert }: EvaluationJson, out: string): string {
  const regrets = tasks.flatMap(({ id, players }) =>
    players.map(({ name, regret }) => [id, name, meanText(regret, 2)]),
  );
  const refusals = tasks.flatMap(({ id, refused }) => (refused === undefined ? [] : [`${id}: not played. ${refused}`]));
  const gaps = tasks.flatMap(({ id, imitation }) => {
    if (imitation === null) return [];
    const steps = logSpaced(imitation.steps.length).map((step) => imitation.steps[step - 1]);
    const rows = [...steps.map((gap) => ({ label: String(gap.step), ...gap })), { label: "all", ...imitation.mean }];
    return rows.map(({ label, total_variation, hellinger, excess_cross_entropy }) => [
      id,
      label,
      ...[total_variation, hellinger, excess_cross_entropy].map((distance) => distance.toFixed(4)),
    ]);
  });
  const acts = tasks.some(({ imitation }) => imitation?.expert_probabilities === false);
  return [
    `Regret of a trial, mean ± standard error of ${trials} trials; the expert is ${expert.agent}.`,
    textTable([{ title: "task" }, { title: "player" }, { title: "regret ± se", ...RIGHT }], regrets),
    ...refusals.map((line) => `${line}\n`),
    ...(gaps.length === 0
      ? []
      : [
          `Distance from the expert on the expert's own trajectories, by step of the trial; cross-entropy in nats above the expert's entropy${acts ? ".\nThe expert gives no probabilities: its actions stand for them" : ""}.`,
          textTable(
            [
              { title: "task" },
              { title: "step", ...RIGHT },
              { title: "total variation", ...RIGHT },
              { title: "Hellinger", ...RIGHT },
              { title: "cross-entropy", ...RIGHT },
            ],
            gaps,
          ),
        ]),
    `evaluation   ${join(out, "evaluation.json")}, with all steps`,
    `picture      ${join(out, "tournament/regret.svg")}, ${join(out, "tournament/regret.png")}: regret by step`,
    ...(gaps.length === 0
      ? []
      : [`dataset      ${join(out, "imitation")}, the expert's trajectories with both labels`]),
    "",
  ].join("\n");
}

/** 1, 2, 5, 10, 20, 50, ... and the last. */
function logSpaced(last: number): number[] {
  const steps: number[] = [];
  for (let decade = 1; decade <= last; decade *= 10) steps.push(...[1, 2, 5].map((n) => n * decade));
  return [...steps.filter((step) => step < last), last];
}
