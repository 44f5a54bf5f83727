/** The picture of an evaluation's distances from the expert, by step. */
import { writeFile } from "node:fs/promises";
import { type BandPoint, Z95 } from "../charts/chart-marks.js";
import { type LinePanel, linePanels } from "../charts/line-panels.js";
import { chartSvg, pngFromSvg } from "../charts/picture.js";
import type { EvaluationJson, GapJson } from "./evaluation-json.js";

/** Draws it as `${outBase}.svg` and `${outBase}.png`. Some task has been compared. */
export async function drawGaps({ tasks, expert, behaviour }: EvaluationJson, outBase: string): Promise<void> {
  const rows = tasks.flatMap(({ id, imitation, on_behaviour }) => {
    const panels = [
      ...(imitation === null ? [] : [panelOf(`${id}: on ${expert.agent}'s histories`, imitation)]),
      ...(on_behaviour === null ? [] : [panelOf(`${id}: on ${behaviour?.agent}'s histories`, on_behaviour)]),
    ];
    return panels.length === 0 ? [] : [panels];
  });
  const svg = await chartSvg(linePanels(rows, WORDS));
  await writeFile(`${outBase}.svg`, svg);
  await writeFile(`${outBase}.png`, pngFromSvg(svg));
}

const WORDS = {
  description: "Distance of the model's choices from the expert's, by step",
  along: "step within the trial",
  foot: "Means over trials; bands: ± 1.96 standard errors",
};

type Step = GapJson["steps"][number];

function panelOf(title: string, { steps }: GapJson): LinePanel {
  const line = (name: string, of: (step: Step) => readonly [mean: number, se: number | null]) => ({
    name,
    points: steps.map((step): BandPoint => {
      const [y, se] = of(step);
      const reach = Z95 * (se ?? 0);
      return { x: step.step, y, low: Math.max(0, y - reach), high: y + reach };
    }),
  });
  return {
    title,
    measure: "distance",
    lines: [
      line("total variation", (step) => [step.total_variation, step.total_variation_se]),
      line("squared Hellinger", (step) => [step.squared_hellinger, step.squared_hellinger_se]),
      line("KL, nats", (step) => [step.excess_cross_entropy, step.excess_cross_entropy_se]),
      line("log E ratio", (step) => [step.log_expected_ratio, step.log_expected_ratio_se]),
    ],
  };
}
