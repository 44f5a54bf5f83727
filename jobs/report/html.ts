/** HTML from template strings whose values cannot become markup. */

import { visibleLines } from "../../common/visible-text.js";

/** Text that is HTML already. */
export interface Html {
  readonly html: string;
}

/** What a template can hold: texts and numbers, which are escaped, hidden characters written out, and HTML, which is not. */
export type HtmlValue = string | number | Html | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The tag of a template: `html\`<p>${text}</p>\``. Values may stand in content and in quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { html: parts.reduce((before, part, i) => `${before}${htmlOf(values[i - 1])}${part}`) };
}

/** Says of a text that it is HTML: a stylesheet or an SVG of our own making. */
export function trusted(text: string): Html {
  return { html: text };
}

function htmlOf(value: HtmlValue): string {
  if (typeof value === "object" && "html" in value) return value.html;
  if (typeof value === "object") return value.map(htmlOf).join("");
  return visibleLines(String(value)).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
