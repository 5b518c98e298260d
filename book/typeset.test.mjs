import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { preprocess, set } from "./typeset.mjs";

/** What a reader who copies the formulas gets: their TeX, as KaTeX repeats it in the MathML. */
function formulas(html) {
  const found = html.matchAll(/<annotation encoding="application\/x-tex">(.*?)<\/annotation>/g);
  return Array.from(found, ([, tex]) =>
    tex.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code)).replace("&lt;", "<"),
  );
}

test("formulas are set, in the line and on a line of their own", () => {
  const html = set("the error $\\delta^l_j$ and\n\n$$\na < b\n$$\n");
  assert.deepEqual(formulas(html), ["\\delta^l_j", "a < b"]);
  assert.equal(html.match(/class="katex-display"/g).length, 1);
  assert.match(html, /^the error <span class="katex">/);
  assert.match(html, /<math xmlns/);
  assert.ok(!html.includes("$"));
});

test("a formula is one line in which Markdown finds nothing", () => {
  const html = set("$$\n\\sqrt{a_1 * b_1} = |x|_2^*\n\\cdot [y]'\n$$");
  assert.ok(!html.includes("\n"));
  const text = html.replace(/<[^>]*>/g, "");
  assert.doesNotMatch(text, /[*_`|[\]\\'{}]/);
});

test("code, comments and dollars are left alone", () => {
  for (const text of [
    "`$x$`",
    "``a ` $x$ ` b``",
    "a\n\n```rust\nlet s = \"$x$\"; // `\n```\nb",
    "~~~text\n$1 ```\n$2\n~~~",
    "> ```text\n> $x$\n> ```",
    "- ```text\n  $x$\n  ```",
    "```text\nnever closed $x$\n",
    "<!-- $x$ -->",
    "for \\$5 or \\$6",
    "no formula",
  ]) {
    assert.equal(set(text), text);
  }
});

test("a listing begins at the margin and keeps its shape", () => {
  const listing = "```rust\n    let x = 1;\n\n        .y();\n```";
  assert.equal(set(listing), "```rust\nlet x = 1;\n\n    .y();\n```");
});

test("after code and dollars, formulas are set again", () => {
  const html = set("`$a$` $b$ \\$ $c$\n\n```text\n$d$\n```\n\n$e$ ``` $f$");
  assert.deepEqual(formulas(html), ["b", "c", "e", "f"]);
});

test("what is not TeX or not closed is refused with the chapter's name", () => {
  const wrong = [
    ["$\\nosuch$", "\\nosuch: KaTeX parse error"],
    ["$é$", "é: "],
    ["$\\frac{1}$", "\\frac{1}: "],
    ["$$x$", "a formula is not closed after: $$x$"],
    ["it costs $5", "a formula is not closed after: $5"],
    ["from $5 to $6", "not a formula, a dollar is written \\$: 5 to "],
    ["$a\n\nb$", "not a formula"],
  ];
  for (const [content, message] of wrong) {
    const inner = { Chapter: { name: "Inner", content, sub_items: [] } };
    const outer = { Chapter: { name: "Outer", content: "$x$", sub_items: [inner] } };
    assert.throws(
      () => preprocess({ items: ["Separator", { PartTitle: "Part" }, outer] }),
      (error) => error.message.startsWith(`chapter "Inner": ${message}`) || assert.fail(error),
    );
  }
});

test("mdBook's protocol: what is supported, a book in, a book out", () => {
  const run = (args, input) =>
    spawnSync(process.execPath, [fileURLToPath(new URL("typeset.mjs", import.meta.url)), ...args], {
      input,
      encoding: "utf8",
    });
  assert.equal(run(["supports", "html"]).status, 0);
  assert.equal(run(["supports", "markdown"]).status, 1);

  const book = (content) => ({ items: [{ Chapter: { name: "One", content, sub_items: [] } }] });
  const right = run([], JSON.stringify([{}, book("$x$")]));
  assert.equal(right.status, 0);
  assert.deepEqual(formulas(JSON.parse(right.stdout).items[0].Chapter.content), ["x"]);

  const wrong = run([], JSON.stringify([{}, book("$\\frac$")]));
  assert.equal(wrong.status, 1);
  assert.equal(wrong.stdout, "");
  assert.match(wrong.stderr, /^typeset\.mjs: chapter "One": \\frac: /);
});
