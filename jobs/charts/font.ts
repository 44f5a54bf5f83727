/**
 * The font of pictures. It ships with the package, because a server or container often has none; text is measured with
 * it, so that labels are placed by what will really be drawn.
 */
import { createRequire } from "node:module";
import { Resvg, type ResvgRenderOptions } from "@resvg/resvg-js";

const require = createRequire(import.meta.url);

/** CSS font list for an SVG, which is drawn by somebody else's fonts. */
export const FONT_FAMILY = "Lato, 'Helvetica Neue', Helvetica, Arial, sans-serif";

/**
 * Fonts for drawing an SVG on any machine alike: Lato, regular and bold, and nothing of the system's. Characters
 * outside Latin stay blank.
 */
export const SHIPPED_FONTS: NonNullable<ResvgRenderOptions["font"]> = {
  loadSystemFonts: false,
  fontFiles: [
    require.resolve("@expo-google-fonts/lato/400Regular/Lato_400Regular.ttf"),
    require.resolve("@expo-google-fonts/lato/700Bold/Lato_700Bold.ttf"),
  ],
  defaultFontFamily: "Lato",
  sansSerifFamily: "Lato",
};

/** How text is set. */
export interface TextStyle {
  /** Font size in pixels. */
  readonly size: number;
  readonly bold?: boolean;
}

const measured = new Map<string, number>();

/** Width of a text's ink in pixels; an em a character where the font lacks them all. */
export function textWidth(text: string, { size, bold = false }: TextStyle): number {
  if (text.trim() === "") return 0;
  const key = `${bold}:${text}`;
  let per100 = measured.get(key);
  if (per100 === undefined) {
    const svg =
      `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">` +
      `<text y="100" font-family="Lato" font-size="100" font-weight="${bold ? 700 : 400}">${escapeXml(text)}</text></svg>`;
    per100 = new Resvg(svg, { font: SHIPPED_FONTS }).getBBox()?.width ?? 100 * text.length;
    measured.set(key, per100);
  }
  return (per100 * size) / 100;
}

/** The text, or as much of its beginning as fits the width with an ellipsis. */
export function fitText(text: string, style: TextStyle, width: number): string {
  if (textWidth(text, style) <= width) return text;
  const characters = Array.from(text);
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, style) > width) characters.pop();
  return `${characters.join("")}…`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
