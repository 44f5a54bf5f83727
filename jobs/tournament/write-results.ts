import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../clients/typescript/connect.js";
import { jsonText } from "../../common/json-text.js";
import { type Losses, throughLosses } from "../through-losses.js";
import type { ResultsJson } from "./results.js";

/** Writes results.json, trials.parquet and the picture of a tournament that a server has played to a folder. */
export async function writeResults(
  connection: Connection,
  id: string,
  losses: Losses,
  json: ResultsJson,
  out: string,
): Promise<void> {
  writeFileSync(join(out, "results.json"), jsonText(json));
  const [{ writeTrialsParquet }, { writePicture }] = await Promise.all([
    import("../../datasets/tournament/write-trials.js"),
    import("../charts/picture.js"),
  ]); // wanted once, at the end: Arrow and Vega
  const chunks = await throughLosses(async () => {
    const streamed = [];
    for await (const { arrowIpc } of connection.streamTrials({ id })) streamed.push(arrowIpc);
    return streamed;
  }, losses);
  writeTrialsParquet(chunks, join(out, "trials.parquet"));
  await writePicture(json, join(out, "regret"));
}
