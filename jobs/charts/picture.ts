/** Pictures as SVG and PNG. */
import { writeFile } from "node:fs/promises";
import { Resvg, type ResvgRenderOptions, renderAsync } from "@resvg/resvg-js";
import { parse, resetSVGDefIds, type Spec, View } from "vega";
import type { ResultsJson } from "../tournament/results.js";
import { SHIPPED_FONTS } from "./font.js";
import { regretChart } from "./regret-chart.js";

/** Pixels of the PNG per unit of the SVG. */
const PNG_SCALE = 2;

/**
 * Writes a tournament's regret curves as `${outBase}.svg` and `${outBase}.png`: the same results give the same bytes.
 *
 * @returns the two paths
 */
export async function writePicture(results: ResultsJson, outBase: string): Promise<{ svg: string; png: string }> {
  const paths = { svg: `${outBase}.svg`, png: `${outBase}.png` };
  const svg = await chartSvg(regretChart(results));
  await writeFile(paths.svg, svg);
  await writeFile(paths.png, pngFromSvg(svg));
  return paths;
}

/** A chart as SVG: the same chart gives the same bytes. */
export async function chartSvg(chart: Spec): Promise<string> {
  const view = new View(parse(chart), { renderer: "none" });
  resetSVGDefIds(); // ids of clip paths count on through a process otherwise
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

const DRAWING: ResvgRenderOptions = {
  font: SHIPPED_FONTS,
  background: "white",
  fitTo: { mode: "zoom", value: PNG_SCALE },
};

/** An SVG drawn with the shipped fonts, on white. */
export function pngFromSvg(svg: string): Buffer {
  return new Resvg(svg, DRAWING).render().asPng();
}

/** The same, drawn in a thread of its own. */
export async function pngFromSvgBeside(svg: string): Promise<Buffer> {
  return (await renderAsync(svg, DRAWING)).asPng();
}
