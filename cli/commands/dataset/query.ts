import { Command } from "commander";
import { printerFor } from "../../print/printer.js";
import { queryResultText } from "../../print/query-result.js";
import { workProgress } from "../../print/work-progress.js";
import { allowFilesOption } from "../arguments.js";

/** `icrl dataset query DIR SQL`. */
export function queryCommand(): Command {
  return new Command("query")
    .description(
      "Run SQL over a dataset. The views are `trajectories` (docs/log.md has its columns) and one for each label.",
    )
    .argument("<dir>", "folder of the dataset")
    .argument("<sql>", "DuckDB's SQL, one statement: it reads the dataset's shards and labels, and no other file")
    .option(...allowFilesOption)
    .option("--json", "print JSON: {columns: [{name, type}], rows: [[...]]}")
    .action(async (dir: string, sql: string, { allowFiles, json }: { allowFiles?: boolean; json?: boolean }) => {
      const result = await workProgress({ first: `querying ${dir}`, quick: true }, async () => {
        const { queryDataset } = await import("../../../datasets/folder/dataset-sql.js");
        return queryDataset(dir, sql, allowFiles === true);
      });
      printerFor({ json }).print(result, queryResultText);
    });
}
