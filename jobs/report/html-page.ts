/** A report as one HTML page that needs nothing beside it: no script, no file, no network. */
import { readFileSync } from "node:fs";
import { SHIPPED_FONTS } from "../charts/font.js";
import type { Block, Picture, ReportDocument, Table } from "./document.js";
import { type Html, html, trusted } from "./html.js";
import { STYLE } from "./style.js";

/** Pictures above so many pixels are not made to fit a telephone: they scroll in a box of their own. */
const WIDE = 700;

/** The page. */
export function htmlPage({ title, subtitle, blocks }: ReportDocument): string {
  const headings = blocks.flatMap((block) => (block.kind === "heading" && block.level === 2 ? [block] : []));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="icrl">
<title>${title}</title>
<style>${trusted(fontFaces())}${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="subtitle">${subtitle}</p>
<nav aria-label="Contents"><ul>
${headings.map(({ id, text }) => html`<li><a href="#${id}">${text}</a></li>\n`)}</ul></nav>
</header>
<main>
${blocks.map(blockHtml)}</main>
</body>
</html>
`.html;
}

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case "heading":
      return block.level === 2
        ? html`<h2 id="${block.id}">${block.text}</h2>\n`
        : html`<h3 id="${block.id}">${block.text}</h3>\n`;
    case "paragraph":
      return html`<p>${block.text}</p>\n`;
    case "table":
      return tableHtml(block);
    case "pictures":
      return html`<div class="pictures">\n${block.pictures.map(pictureHtml)}</div>\n`;
    case "code":
      return html`<pre tabindex="0"><code>${block.text}</code></pre>\n`;
    case "terms":
      return html`<dl>\n${block.terms.map(([term, meaning]) => html`<dt>${term}</dt><dd>${meaning}</dd>\n`)}</dl>\n`;
    case "fold":
      return html`<details><summary>${block.summary}</summary>\n${block.blocks.map(blockHtml)}</details>\n`;
  }
}

/** A table in a box of its own, in which it scrolls where the page is narrow. */
function tableHtml({ caption, columns, rows }: Table): Html {
  const kind = columns.map((column) => (column.kind === undefined ? "" : html` class="${column.kind}"`));
  const head = columns.map(({ title }, i) => html`<th scope="col"${kind[i]}>${title}</th>`);
  const rowHead = columns.findIndex((column) => column.kind === undefined);
  const cell = (text: string, i: number) =>
    i === rowHead ? html`<th scope="row"${kind[i]}>${text}</th>` : html`<td${kind[i]}>${text}</td>`;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption><span>${caption}</span></caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table></div>
`;
}

function pictureHtml({ name, svg, alt, caption }: Picture): Html {
  const [, width = "640"] = /<svg[^>]* width="(\d+)"/.exec(svg) ?? [];
  const start = html`<svg role="img" aria-label="${alt}" style="width:${width}px"`.html;
  const inline = svg
    .replace(/^[\s\S]*?<svg\b/, () => start)
    .replace(/(id="|url\(#)(clip|gradient)/g, (_, before, what) => `${before}${name}-${what}`); // one page has many of these
  return html`<figure${Number(width) > WIDE ? html` class="wide"` : ""}><div class="scroll">${trusted(inline)}</div>
<figcaption>${caption} <span class="file">pictures/${name}.svg, .png</span></figcaption></figure>
`;
}

/** The pictures' font within the page, so that their texts are as wide as they were measured. */
function fontFaces(): string {
  const [regular, bold] = SHIPPED_FONTS.fontFiles ?? [];
  const face = (file: string, weight: number) =>
    `@font-face{font-family:Lato;font-weight:${weight};src:url(data:font/ttf;base64,${readFileSync(file).toString("base64")})}\n`;
  return face(regular, 400) + face(bold, 700);
}
