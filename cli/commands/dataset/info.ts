import { Command } from "commander";
import { readDatasetManifest } from "../../../datasets/folder/dataset-manifest.js";
import type { DatasetDescription } from "../../../datasets/folder/describe-mixture.js";
import { truthKnown } from "../../../datasets/folder/truth-known.js";
import { fixedNumber, shortNumber } from "../../../jobs/report/numbers.js";
import type { Paint } from "../../print/paint.js";
import { printerFor } from "../../print/printer.js";
import { textTable } from "../../print/table.js";
import { workProgress } from "../../print/work-progress.js";

/** `icrl dataset info DIR`. */
export function infoCommand(): Command {
  return new Command("info")
    .description("What a dataset holds: tasks, behaviours, labels, counts and sizes.")
    .argument("<dir>", "folder of the dataset")
    .option(
      "--json",
      "print JSON: {manifest, bytes, mixture: [{task, behaviour, trials, episodes, steps, return, regret}], unfinished_labels: [{name, shards}]}",
    )
    .action(async (dir: string, { json }: { json?: boolean }) => {
      readDatasetManifest(dir); // this fails before anything is said
      const description = await workProgress({ first: `reading ${dir}`, quick: true }, async () => {
        const { describeMixture } = await import("../../../datasets/folder/describe-mixture.js");
        return describeMixture(dir);
      });
      printerFor({ json }).print(description, infoText, ({ unfinishedLabels, ...rest }) => ({
        ...rest,
        unfinished_labels: unfinishedLabels,
      }));
    });
}

function infoText({ manifest, bytes, mixture, unfinishedLabels }: DatasetDescription, paint: Paint): string {
  const number = (value: number) => fixedNumber(value, 0);
  const labels = Object.entries(manifest.labels).map(([name, label]) => {
    const where = "column" in label ? `column ${label.column}` : label.agent;
    return `${name} (${where}${"probabilities" in label && label.probabilities ? ", with probabilities" : ""})`;
  });
  const lines = [
    `${paint.bold(manifest.name)}  ${manifest.id}`,
    `${number(manifest.episodes)} episodes of ${number(manifest.trials)} trials, ${number(manifest.steps)} steps; ${number(bytes)} bytes, ${fixedNumber(bytes / Math.max(1, manifest.steps), 2)} a step`,
    `made by ${manifest.made_by} with icrl ${manifest.versions.icrl}${manifest.seed === null ? "" : `, seed ${manifest.seed}`}${manifest.subsample === null ? "" : `, every ${manifest.subsample}th episode`}${manifest.privileged ? "; some behaviours saw the truth" : ""}`,
    ...(truthKnown(manifest)
      ? []
      : ["without the truth of its instances: no seeds, no regret, no best actions; it came from elsewhere"]),
    ...manifest.tasks.flatMap(({ id, instances, trials }) =>
      instances === undefined || instances === trials
        ? []
        : [`${id}: ${number(instances)} instances in ${number(trials)} trials`],
    ),
    `labels: ${labels.join(", ")}`,
    ...unfinishedLabels.map(
      ({ name, shards }) =>
        `labels "${name}" are unfinished: ${shards} of ${manifest.shards.length} shards; the same expert goes on with them`,
    ),
  ];
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [
    { title: "task" },
    { title: "behaviour" },
    { title: "agent" },
    right("trials"),
    right("episodes"),
    right("steps"),
    right("return"),
    right("regret"),
  ];
  const rows = mixture.map((row) => [
    row.task,
    row.behaviour,
    manifest.behaviours.find(({ name }) => name === row.behaviour)?.agent ?? "",
    number(row.trials),
    number(row.episodes),
    number(row.steps),
    shortNumber(row.return),
    row.regret === null ? "" : shortNumber(row.regret),
  ]);
  return `${lines.join("\n")}\n${textTable(columns, rows, paint)}return and regret are means over episodes\n`;
}
