// Lays out KaTeX's style sheet and its fonts where mdBook takes them from: the sheet from
// katex/katex.css, as book.toml says, and the fonts, like all other files of the book's pages, from
// src/katex/fonts. In the built book they lie side by side. npm ci runs this.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const from = new URL("node_modules/katex/dist/", import.meta.url);
const sheet = new URL("katex/", import.meta.url);
const fonts = new URL("src/katex/fonts/", import.meta.url);

for (const folder of [sheet, fonts]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

// Every browser in use reads woff2; the sheet's other formats are left out.
const others = /,url\([^)]*\.(woff|ttf)\) format\([^)]*\)/g;
const css = readFileSync(new URL("katex.min.css", from), "utf8").replace(others, "");
writeFileSync(new URL("katex.css", sheet), css);
cpSync(new URL("fonts/", from), fonts, {
  recursive: true,
  filter: (path) => !/\.(woff|ttf)$/.test(path),
});
