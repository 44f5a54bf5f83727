import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { fitText, SHIPPED_FONTS, textWidth } from "#icrl/jobs/charts/font.js";

/** Advance width of a letter in ems, from a TrueType file's cmap (format 4), head, hhea and hmtx tables. */
async function advance(path: string, letter: string): Promise<number> {
  const file = await readFile(path);
  const table = (tag: string) => {
    for (let at = 12; ; at += 16) if (file.toString("latin1", at, at + 4) === tag) return file.readUInt32BE(at + 8);
  };
  const cmap = table("cmap");
  const code = letter.codePointAt(0) ?? 0;
  let glyph = 0;
  for (let i = 0; i < file.readUInt16BE(cmap + 2); i++) {
    const sub = cmap + file.readUInt32BE(cmap + 4 + 8 * i + 4);
    if (file.readUInt16BE(sub) !== 4) continue;
    const segments = file.readUInt16BE(sub + 6) / 2;
    for (let s = 0; s < segments; s++) {
      const start = sub + 16 + 2 * segments;
      if (code > file.readUInt16BE(sub + 14 + 2 * s) || code < file.readUInt16BE(start + 2 * s)) continue;
      const delta = file.readInt16BE(start + 2 * segments + 2 * s);
      const rangeAt = start + 4 * segments + 2 * s;
      const range = file.readUInt16BE(rangeAt);
      const first = file.readUInt16BE(start + 2 * s);
      glyph = range === 0 ? (code + delta) & 0xffff : file.readUInt16BE(rangeAt + range + 2 * (code - first));
    }
  }
  const last = file.readUInt16BE(table("hhea") + 34) - 1;
  return file.readUInt16BE(table("hmtx") + 4 * Math.min(glyph, last)) / file.readUInt16BE(table("head") + 18);
}

describe("the font of pictures", () => {
  it("is the shipped one alone, measured as its files say", async () => {
    expect(SHIPPED_FONTS.loadSystemFonts).toBe(false);
    const [regular, bold] = SHIPPED_FONTS.fontFiles ?? [];
    for (const [path, isBold] of [
      [regular, false],
      [bold, true],
    ] as const) {
      // Ink of n letters grows by one advance a letter.
      const grown = textWidth("HHHHH", { size: 100, bold: isBold }) - textWidth("HH", { size: 100, bold: isBold });
      expect(grown).toBeCloseTo(300 * (await advance(path, "H")), 1);
    }
  });

  it("measures in proportion to its size, blanks as nothing, markup as text", () => {
    expect(textWidth("lin-ucb", { size: 24 })).toBeCloseTo(2 * textWidth("lin-ucb", { size: 12 }), 10);
    expect(textWidth("  ", { size: 12 })).toBe(0);
    expect(textWidth("<a> & b", { size: 12 })).toBeGreaterThan(textWidth("a b", { size: 12 }));
  });

  it("shortens what does not fit, and nothing else", () => {
    const style = { size: 12 };
    expect(fitText("lin-ucb", style, 100)).toBe("lin-ucb");
    const short = fitText("a name that is too long for its place", style, 100);
    expect(short.endsWith("…")).toBe(true);
    expect(textWidth(short, style)).toBeLessThanOrEqual(100);
    expect(textWidth(short, style)).toBeGreaterThan(80);
  });
});
