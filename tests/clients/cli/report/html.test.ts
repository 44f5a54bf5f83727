import { expect, test } from "vitest";
import { html, trusted } from "#icrl/clients/cli/report/html.js";
import { plainText } from "#icrl/clients/cli/report/markdown.js";

test("a template's values cannot become markup, in content and in attributes", () => {
  const name = `<script>alert("&'")</script>`;
  expect(html`<p title="${name}">${name}</p>`.html).toBe(
    '<p title="&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;">&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;</p>',
  );
});

test("templates within templates, lists of them and what is trusted stay as they are", () => {
  const items = ["a", "<b>"].map((text) => html`<li>${text}</li>`);
  expect(html`<ul>${items}</ul>${trusted("<hr>")}${2}`.html).toBe("<ul><li>a</li><li>&lt;b&gt;</li></ul><hr>2");
});

test("a text in Markdown is neither markup, a link, a mention, mathematics nor a cell's end", () => {
  expect(plainText("<b> & |x| *y* _z_ [l](http://a.b) `c` @me $m$ www.a.b ~s~ \\")).toBe(
    "&lt;b&gt; &amp; \\|x\\| \\*y\\* \\_z\\_ \\[l\\](http&#58;//a.b) \\`c\\` &#64;me \\$m\\$ www&#46;a.b \\~s\\~ \\\\",
  );
  expect(plainText("one\n# two")).toBe("one # two");
});
