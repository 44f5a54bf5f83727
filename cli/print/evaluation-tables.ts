/** What `icrl evaluate` prints. */
import { join } from "node:path";
import type { EvaluationJson, GapJson } from "../../jobs/evaluate/evaluation-json.js";
import { meanText, NONE } from "../../jobs/report/estimates.js";
import { shortNumber } from "../../jobs/report/numbers.js";
import { textTable } from "./table.js";

const RIGHT = { align: "right" } as const;

/** An evaluation as text. `out` is its folder. */
export function evaluationReport({ tasks, trials, expert, behaviour }: EvaluationJson, out: string): string {
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
          ...theory({ tasks, expert, behaviour }),
        ]),
    `evaluation   ${join(out, "evaluation.json")}, with all steps`,
    `picture      ${join(out, "tournament/regret.svg")}, ${join(out, "tournament/regret.png")}: regret by step`,
    ...(gaps.length === 0
      ? []
      : [
          `picture      ${join(out, "imitation.svg")}, ${join(out, "imitation.png")}: distances by step`,
          `dataset      ${join(out, "imitation")}, the expert's trajectories with both labels`,
          ...(behaviour === null ? [] : [`dataset      ${join(out, "behaviour")}, the behaviour's`]),
        ]),
    "",
  ].join("\n");
}

/** Distances of whole trials, and what they say of the returns. */
function theory({ tasks, expert, behaviour }: Pick<EvaluationJson, "tasks" | "expert" | "behaviour">): string[] {
  const histories = tasks.flatMap(({ id, imitation, on_behaviour: other }): [string, string, GapJson][] => [
    ...(imitation === null ? [] : [[id, expert.agent, imitation] as [string, string, GapJson]]),
    ...(other === null ? [] : [[id, behaviour?.agent ?? "", other] as [string, string, GapJson]]),
  ]);
  const bounded = tasks.flatMap(({ id, bounds, on_behaviour: other }) => {
    if (bounds === null) return [];
    const { measured, by_total_variation, by_hellinger, by_epsilon_real } = bounds;
    const atMost = [by_total_variation, by_hellinger, by_epsilon_real].map((bound) =>
      bound === null ? NONE : shortNumber(bound),
    );
    const ratio = other?.ratio.log_ratio ?? null;
    const error = other?.ratio.standard_error ?? null;
    return [[id, meanText(measured, 2), ...atMost, ratio === null ? NONE : meanText({ mean: ratio, se: error }, 2)]];
  });
  const unknown = new Set(tasks.flatMap(({ on_behaviour: other }) => other?.ratio.unknown ?? []));
  return [
    "Of whole trials, by whose histories: the sum of squared Hellinger distances (the paper's, without the half),\nand eps_real, the largest log E[expert / model] of a step.",
    textTable(
      [
        ...[{ title: "task" }, { title: "histories" }],
        ...["sum ± se", "eps_real ± se", "at step", "made by trials"].map((title) => ({ title, ...RIGHT })),
      ],
      histories.map(([id, agent, { squared_hellinger_sum: sum, epsilon_real: eps }]) => [
        ...[id, agent, meanText(sum, 4)],
        meanText({ mean: eps.log_expected_ratio, se: eps.log_expected_ratio_se }, 4),
        ...[String(eps.step), shortNumber(eps.effective_trials)],
      ]),
    ),
    "What the model's return is less than the expert's, and what it can be at most where a step's expected reward is within [0, 1]:\nby the distances on the expert's histories and, with the ratio R, on the behaviour's.",
    textTable(
      [
        { title: "task" },
        ...["measured ± se", "total variation", "Hellinger", "eps_real", "log R ± se"].map((title) => ({
          title,
          ...RIGHT,
        })),
      ],
      bounded,
    ),
    ...[...unknown].map((why) => `R is not known: ${why}\n`),
  ];
}

/** 1, 2, 5, 10, 20, 50, ... and the last. */
function logSpaced(last: number): number[] {
  const steps: number[] = [];
  for (let decade = 1; decade <= last; decade *= 10) steps.push(...[1, 2, 5].map((n) => n * decade));
  return [...steps.filter((step) => step < last), last];
}
