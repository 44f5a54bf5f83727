import { expect, test } from "vitest";
import { markdownBlock, markdownCode, markdownText } from "#icrl/common/markdown.js";
import { html, trusted } from "#icrl/jobs/report/html.js";

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
  expect(markdownText("<b> & |x| *y* _z_ [l](http://a.b) `c` @me $m$ www.a.b ~s~ \\")).toBe(
    "&lt;b&gt; &amp; \\|x\\| \\*y\\* \\_z\\_ \\[l\\](http&#58;//a.b) \\`c\\` &#64;me \\$m\\$ www&#46;a.b \\~s\\~ \\\\",
  );
  expect(markdownText("one\n# two")).toBe("one # two");
});

test("a text does not begin a heading, a list or a rule, and numbers stay as they are", () => {
  const texts = ["# one", "- one", "+ one", "1. one", "12) one", "---", "===", "-3.5", "33.8", "+2", "-"];
  expect(texts.map(markdownText)).toEqual([
    ...["\\# one", "\\- one", "\\+ one", "1\\. one", "12\\) one", "\\---", "\\===", "-3.5", "33.8", "+2", "\\-"],
  ]);
});

test("code in Markdown is not ended by its own backquotes", () => {
  expect([markdownCode("a"), markdownCode("a`b``c"), markdownCode("`a`")]).toEqual([
    "`a`",
    "```a`b``c```",
    "`` `a` ``",
  ]);
  expect(markdownBlock("a\n```\nb", "json")).toBe("````json\na\n```\nb\n````");
});

test("what would not be seen on a page is written out: controls, bidi, zero width", () => {
  const text = "a\x1b[2J\u202eb\u200bc";
  expect(html`${text}`.html).toBe("a\\x1b[2J\\u202eb\\u200bc");
  expect(markdownText(text)).toBe("a\\\\x1b\\[2J\\\\u202eb\\\\u200bc"); // its backslashes escaped
  expect(markdownCode(text)).toBe("`a\\x1b[2J\\u202eb\\u200bc`");
  expect(markdownBlock(text)).toBe("```\na\\x1b[2J\\u202eb\\u200bc\n```");
});
