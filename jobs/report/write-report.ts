/** The files of a report. */
import { writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonText } from "../../common/json-text.js";
import { makeFolders } from "../../datasets/files/make-folders.js";
import { REPORT } from "../../datasets/output/output-kinds.js";
import { removeFiles } from "../../datasets/output/remove-files.js";
import type { TournamentStatistics } from "../../statistics/tournament-statistics.js";
import { pngFromSvgBeside } from "../charts/picture.js";
import type { ResultsJson } from "../tournament/results.js";
import type { Picture } from "./document.js";
import { htmlPage } from "./html-page.js";
import { markdownPage } from "./markdown.js";
import { countPictures, drawPictures } from "./pictures.js";
import { reportDocument } from "./report-document.js";
import { reportView } from "./report-view.js";

/**
 * Writes report.html, report.md, statistics.json and pictures/ to a folder, in place of an earlier report's. The same tournament and
 * statistics give the same bytes.
 *
 * @param onPicture told how many pictures are drawn, of how many
 */
export async function writeReport(
  results: ResultsJson,
  statistics: TournamentStatistics,
  out: string,
  onPicture: (done: number, total: number) => void = () => {},
): Promise<void> {
  const folder = join(out, "pictures");
  makeFolders(out);
  writeFileSync(join(out, "statistics.json"), jsonText(statistics)); // says whose folder it is, from the first file on
  removeFiles(
    out,
    REPORT.files(out).filter((file) => file.startsWith("pictures/")),
  );
  makeFolders(folder);
  const view = reportView(results, statistics);
  const total = countPictures(view);
  const pictures: Picture[] = [];
  let beside = Promise.resolve(); // a picture becomes a PNG while the next is laid out
  for await (const picture of drawPictures(view)) {
    await beside;
    beside = writePicture(join(folder, picture.name), picture.svg);
    pictures.push(picture);
    onPicture(pictures.length, total);
  }
  await beside;
  const report = reportDocument(view, pictures);
  writeFileSync(join(out, "report.html"), htmlPage(report));
  writeFileSync(join(out, "report.md"), markdownPage(report));
}

async function writePicture(path: string, svg: string): Promise<void> {
  await writeFile(`${path}.svg`, svg);
  await writeFile(`${path}.png`, await pngFromSvgBeside(svg));
}
