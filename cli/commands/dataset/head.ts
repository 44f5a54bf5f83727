import { Command } from "commander";
import type { DatasetHeadRow } from "../../../datasets/read/dataset-head.js";
import { shortNumber } from "../../../jobs/report/numbers.js";
import type { Paint } from "../../print/paint.js";
import { printerFor } from "../../print/printer.js";
import { textTable } from "../../print/table.js";
import { wholeNumber } from "../arguments.js";

/** Steps of an episode that a line shows. */
const SHOWN_STEPS = 6;

/** `icrl dataset head DIR`. */
export function headCommand(): Command {
  return new Command("head")
    .description("The first episodes of a dataset.")
    .argument("<dir>", "folder of the dataset")
    .option("-n, --episodes <n>", "how many", wholeNumber(1, 10_000), 10)
    .option("--json", "print JSON: an array of episodes with all columns, and labels: {NAME: {actions, probabilities}}")
    .action(async (dir: string, { episodes, json }: { episodes: number; json?: boolean }) => {
      const { datasetHead } = await import("../../../datasets/read/dataset-head.js");
      const rows = await datasetHead(dir, episodes);
      printerFor({ json }).print(rows, headText);
    });
}

function headText(rows: readonly DatasetHeadRow[], paint: Paint): string {
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [
    { title: "task" },
    { title: "behaviour" },
    right("trial"),
    right("episode"),
    right("steps"),
    right("return"),
    right("regret"),
    { title: "actions" },
    { title: "optimal" },
    { title: "rewards" },
  ];
  const some = (values: unknown, text: (value: number) => string = String) => {
    const list = (values ?? []) as number[];
    return `${list.slice(0, SHOWN_STEPS).map(text).join(" ")}${list.length > SHOWN_STEPS ? " ..." : ""}`;
  };
  const cells = rows.map((row) => [
    row.task,
    String(row.behaviour_component ?? row.agent),
    String(row.trial_index),
    String(row.episode_index),
    String(row.length),
    shortNumber(row.return),
    row.regret === null ? "" : shortNumber(row.regret),
    some(row.actions),
    some(row.optimal_actions),
    some(row.rewards, (reward) => reward.toFixed(2)),
  ]);
  return textTable(columns, cells, paint);
}
