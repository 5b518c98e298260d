// Checks a built book: `node check.mjs FOLDER`. It must open from a folder without any network:
// whatever a page or a style sheet loads is in the folder, and every link between pages arrives.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** What is wrong with the book in a folder: a sentence each, and none if all is well. */
export function problems(folder) {
  const files = readdirSync(folder, { recursive: true }).map((path) => join(folder, path));
  const found = [];
  const report = (file, problem) => found.push(`${relative(folder, file)}: ${problem}`);
  const pages = files.filter((path) => path.endsWith(".html"));
  if (pages.length === 0) report(join(folder, "index.html"), "there is no page");

  for (const page of pages) {
    const html = readFileSync(page, "utf8");
    // mdBook's script asks a server about programs that one can run in the page.
    if (/\sclass="[^"]*\bplayground\b/.test(html)) report(page, "has a program to run in the page");
    for (const { element, address } of addresses(html)) {
      if (isOutside(address)) {
        if (element !== "a") report(page, `<${element}> loads ${address}`);
      } else if (!arrives(page, address)) {
        report(page, `<${element}> leads nowhere: ${address}`);
      }
    }
  }
  for (const sheet of files.filter((path) => path.endsWith(".css"))) {
    for (const address of imports(readFileSync(sheet, "utf8"))) {
      if (address.startsWith("data:") || address.startsWith("#")) continue;
      if (isOutside(address)) report(sheet, `loads ${address}`);
      else if (!arrives(sheet, address)) report(sheet, `there is no ${address}`);
    }
  }
  return found;
}

const ELEMENT = /<([a-z][\w-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/gi;
const VALUE = String.raw`\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`;
const ADDRESS = new RegExp(String.raw`\s(?:xlink:)?(?:href|src)${VALUE}`, "gi");
const ID = new RegExp(String.raw`\sid${VALUE}`, "g");

/** Every href and src with its element; the namespaces of SVG and MathML are other attributes. */
function* addresses(html) {
  const text = html.replace(/<!--[^]*?-->/g, "").replace(/(<script\b[^>]*>)[^]*?<\/script>/g, "$1");
  for (const [, element, attributes] of text.matchAll(ELEMENT)) {
    for (const [, double, single, bare] of attributes.matchAll(ADDRESS)) {
      yield { element: element.toLowerCase(), address: decode(double ?? single ?? bare) };
    }
  }
}

/** What a style sheet loads. */
function* imports(css) {
  const text = css.replace(/\/\*[^]*?\*\//g, "");
  for (const [, address] of text.matchAll(/url\(\s*["']?([^"')]*)["']?\s*\)/g)) yield address;
  for (const [, address] of text.matchAll(/@import\s+["']([^"']*)["']/g)) yield address;
}

function isOutside(address) {
  return /^([a-z][a-z0-9+.-]*:|\/)/i.test(address);
}

/** Whether the file exists that an address leads to from a file, and in a page the place in it. */
function arrives(from, address) {
  const [, path, , place] = address.match(/^([^?#]*)(\?[^#]*)?(?:#(.*))?$/);
  const file = path === "" ? from : resolve(dirname(from), decodeURIComponent(path));
  if (!existsSync(file)) return false;
  if (!place || !file.endsWith(".html")) return true;
  const ids = readFileSync(file, "utf8").matchAll(ID);
  return Array.from(ids, ([, a, b, c]) => decode(a ?? b ?? c)).includes(decodeURIComponent(place));
}

function decode(attribute) {
  return attribute.replace(/&quot;/g, '"').replace(/&#39;|&#x27;/g, "'").replace(/&amp;/g, "&");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = problems(process.argv[2]);
  for (const problem of found) console.error(problem);
  process.exitCode = found.length > 0 ? 1 : 0;
}
