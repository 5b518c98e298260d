// An mdBook preprocessor for what Markdown has no sign for.
//
// Formulas are set while the book is built, so that a page needs no script to show them: $…$
// within a line, $$…$$ on a line of its own, in KaTeX's TeX. A dollar is written \$. Code, in spans
// or between fences, and comments are not searched for formulas.
//
// A listing that was included from within a function begins at the left margin.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import katex from "katex";

const FORMULA = String.raw`(?:\\[^]|[^$\\])+?`;
const TOKEN = new RegExp(
  [
    "^[ \\t>]*(?<fence>`{3,}|~{3,})[^\\n]*\\n[^]*?(?:^[ \\t>]*\\k<fence>[`~]*[ \\t]*$|(?![^]))",
    "(?<ticks>`+)(?:(?!\\n[ \\t]*\\n)[^])*?[^`]\\k<ticks>(?!`)",
    "`+",
    "<!--[^]*?-->",
    "\\\\[^]",
    `\\$\\$(?<display>${FORMULA})\\$\\$`,
    `\\$(?<inline>${FORMULA})\\$`,
    "(?<lone>\\$)",
  ].join("|"),
  "gm",
);

/** A chapter's Markdown, with its formulas set and its listings moved to the margin. */
export function set(markdown) {
  return markdown.replace(TOKEN, (token, ...rest) => {
    const { fence, display, inline, lone } = rest.at(-1);
    if (fence) return atMargin(token);
    const formula = display ?? inline;
    if (lone) {
      const [text, place] = [rest.at(-2), rest.at(-3)];
      throw new Error(`a formula is not closed after: ${text.slice(place, place + 60)}`);
    }
    return formula === undefined ? token : html(formula, display !== undefined);
  });
}

function html(formula, displayMode) {
  if (/\n[ \t]*\n/.test(formula) || (!displayMode && formula !== formula.trim())) {
    throw new Error(`not a formula, a dollar is written \\$: ${formula}`);
  }
  try {
    const options = { displayMode, throwOnError: true, strict: "error" };
    return inert(katex.renderToString(formula.trim(), options));
  } catch (error) {
    throw new Error(`${formula.trim()}: ${error.message}`);
  }
}

/** Markup in which Markdown finds nothing to do: one line, and punctuation as entities. */
function inert(markup) {
  return markup
    .replace(/\s*\n\s*/g, " ")
    .replace(/>[^<]+</g, (text) =>
      text.replace(/[!"#$'()*+\-.:=@[\\\]^_`{|}~]/g, (sign) => `&#${sign.charCodeAt(0)};`),
    );
}

/** A fenced listing without the indentation that all its lines have. */
function atMargin(listing) {
  const lines = listing.split("\n");
  const code = lines.slice(1, -1).filter((line) => line.trim() !== "");
  if (!/^[`~]/.test(listing) || code.length === 0) return listing;
  const depth = Math.min(...code.map((line) => line.search(/\S/)));
  const moved = lines.slice(1, -1).map((line) => line.slice(depth));
  return [lines[0], ...moved, lines.at(-1)].join("\n");
}

/** The book as mdBook hands it over, with all its chapters typeset. */
export function preprocess(book) {
  const visit = (item) => {
    const chapter = item.Chapter;
    if (!chapter) return;
    try {
      chapter.content = set(chapter.content);
    } catch (error) {
      throw new Error(`chapter "${chapter.name}": ${error.message}`);
    }
    chapter.sub_items.forEach(visit);
  };
  book.items.forEach(visit);
  return book;
}

function main([command, renderer]) {
  if (command === "supports") return renderer === "html" ? 0 : 1;
  try {
    const [, book] = JSON.parse(readFileSync(0, "utf8"));
    process.stdout.write(JSON.stringify(preprocess(book)));
    return 0;
  } catch (error) {
    process.stderr.write(`typeset.mjs: ${error.message}\n`);
    return 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}
