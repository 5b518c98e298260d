import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { problems } from "./check.mjs";

/** What is wrong with a book of these files. */
function problemsOf(files) {
  const folder = mkdtempSync(join(tmpdir(), "book-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return problems(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a book that is whole", () => {
  const page = `<!DOCTYPE html><link rel="stylesheet" href="css/a.css?v=1">
    <script src=a.js></script><script>const link = '<img src="no.png">';</script><!-- <img src="no.png"> -->
    <a href="https://example.org/">out</a> <a href="#here">in</a> <a href="b/c.html#there">there</a>
    <p id="here"></p><svg xmlns="http://www.w3.org/2000/svg"></svg>`;
  const sheet = "/* url(no.png) */ @font-face { src: url('../f.woff2') } a { b: url(data:x) }";
  const other = '<p id="there"></p><a class=up href="../index.html">up</a>';
  const files = { "index.html": page, "css/a.css": sheet, "a.js": "", "f.woff2": "" };
  assert.deepEqual(problemsOf({ ...files, "b/c.html": other }), []);
});

test("what is missing or loaded from outside is reported", () => {
  const page = `<img src='no.png'><a href="no.html">x</a><a href="#no">x</a>
    <link rel="stylesheet" href="https://example.org/a.css"><script src="//example.org/a.js">
    </script><img src="/a.png"><pre class="a playground"></pre>`;
  const sheet = '@import "b.css"; a { b: url(c.png) } d { e: url("https://example.org/f.png") }';
  assert.deepEqual(problemsOf({ "index.html": page, "a.css": sheet }), [
    "index.html: has a program to run in the page",
    "index.html: <img> leads nowhere: no.png",
    "index.html: <a> leads nowhere: no.html",
    "index.html: <a> leads nowhere: #no",
    "index.html: <link> loads https://example.org/a.css",
    "index.html: <script> loads //example.org/a.js",
    "index.html: <img> loads /a.png",
    "a.css: there is no c.png",
    "a.css: loads https://example.org/f.png",
    "a.css: there is no b.css",
  ]);
});

test("a folder without pages is no book", () => {
  assert.deepEqual(problemsOf({ "a.css": "" }), ["index.html: there is no page"]);
});
