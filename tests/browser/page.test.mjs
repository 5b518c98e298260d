// The page of `gradus serve` in a real Chromium, with a network of `gradus train mnist`'s defaults.
//
// CHROMIUM names the browser; GRADUS the program, otherwise that of `cargo build --release`.
// Pictures of the page are left in `pictures`. GRADUS_WRITE_BOOK=1 puts the book's beside its chapters.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = process.env.GRADUS ?? join(root, "target/release/gradus");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const shown = join(root, "book/src/screens/page.png");
const pictures = fileURLToPath(new URL("pictures/", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "gradus-page-"));
const network = join(folder, "mnist.safetensors");

let browser, server, page, problems;

/** Starts the server, on a free port or a given one, and waits for its address. */
async function serve(checkpoint, port = "0") {
  const child = spawn(program, ["serve", checkpoint, "--port", port],
    { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (text) => (printed += text));
  const end = Date.now() + 10_000;
  while (child.exitCode === null && Date.now() < end) {
    await new Promise((done) => setTimeout(done, 20));
    const address = printed.match(/http:\S+\//);
    if (address) return { child, address: address[0], port: new URL(address[0]).port };
  }
  child.kill();
  throw new Error(`no address: ${printed}`);
}

async function stop({ child }) {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = await ended;
  assert.equal(code, 0, "the server ends well");
}

/** Opens the page at a size, and notes what it complains of and asks from elsewhere. */
async function open(size, options = {}) {
  const context = await browser.newContext({ viewport: size, ...options });
  page = await context.newPage();
  problems = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(server.address).origin) {
      problems.push(`a request to ${request.url()}`);
    }
  });
  await page.goto(server.address);
  await page.waitForFunction(() => document.querySelectorAll("#outputs li").length === 10);
}

before(async () => {
  execFileSync(program, ["train", "mnist", "--data", join(root, "data/mnist"), "--out", network]);
  browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

beforeEach(async () => {
  server = await serve(network);
  await open({ width: 1200, height: 1000 });
});

afterEach(async () => {
  await page.context().close();
  await stop(server);
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** The digits of data/strokes: `{ name, digit, strokes }`. */
function drawings() {
  const text = readFileSync(join(root, "data/strokes/digits.txt"), "utf8");
  return text.trim().split("\n\n").map((block) => {
    const [name, ...lines] = block.split("\n");
    const strokes = lines.map((line) => line.split(" ").map((point) => point.split(",").map(Number)));
    return { name, digit: name[0], strokes };
  });
}

/** Draws with the mouse on the paper, whose side is 280 of the drawing's units. */
async function draw(strokes) {
  const box = await page.locator("#pad").boundingBox();
  const at = ([x, y]) => [box.x + (x / 280) * box.width, box.y + (y / 280) * box.height];
  for (const [first, ...points] of strokes) {
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const point of points) await page.mouse.move(...at(point), { steps: 3 });
    await page.mouse.up();
  }
}

/** Waits until what is shown is about the drawing as it is. */
const settled = () => page.locator("#outputs[aria-busy=false]").waitFor();

/** What the page says once it has answered for the drawing as it is: shows, and then speaks. */
async function read() {
  await settled();
  const digit = await page.locator("#digit-value").textContent();
  await page.waitForFunction(
    (digit) => document.getElementById("spoken").textContent.endsWith(` ${digit}`), digit);
  return digit;
}

const clear = async () => {
  await page.click("#clear");
  await settled();
  await page.waitForFunction(() => document.getElementById("spoken").textContent === "");
};

test("27 of the 30 drawings are named right", async () => {
  const wrong = [];
  const all = drawings();
  assert.equal(all.length, 30);
  for (const { name, digit, strokes } of all) {
    await draw(strokes);
    const named = await read();
    if (named !== digit) wrong.push(`${name} is taken for ${named}`);
    if (name === "3 a") {
      await page.screenshot({ path: join(pictures, "desktop.png"), fullPage: true });
      if (process.env.GRADUS_WRITE_BOOK === "1") copyFileSync(join(pictures, "desktop.png"), shown);
    }
    await clear();
    assert.equal(await page.locator("#digit-value").textContent(), "–");
  }
  console.log(`${30 - wrong.length} of 30 right`, wrong);
  assert.ok(wrong.length <= 3, wrong.join(", "));
  assert.deepEqual(problems, []);
});

test("the answer is that of the server, shown while the mouse is down", async () => {
  const answers = [];
  let most = 0, open = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/read")) most = Math.max(most, ++open);
  });
  page.on("response", async (response) => {
    if (!response.url().endsWith("/api/read")) return;
    open--;
    answers.push(await response.json());
  });
  const [{ strokes: [stroke] }] = drawings();
  const box = await page.locator("#pad").boundingBox();
  const scale = box.width / 280;
  await page.mouse.move(box.x + stroke[0][0] * scale, box.y + stroke[0][1] * scale);
  await page.mouse.down();
  for (const [x, y] of stroke) {
    await page.mouse.move(box.x + x * scale, box.y + y * scale, { steps: 4 });
  }
  await read();
  const while_drawing = answers.length;
  await page.mouse.up();
  assert.ok(while_drawing >= 2, `${while_drawing} answers`);
  assert.equal(most, 1, "one picture at a time");
  const { outputs, pixels, layers, digit } = answers.at(-1);
  assert.equal(await page.locator("#digit-value").textContent(), String(digit));
  assert.equal(await page.locator("#outputs .chosen .class").textContent(), String(digit));
  const numbers = await page.locator("#outputs .number").allTextContents();
  assert.deepEqual(numbers, outputs.map((output) => output.toFixed(3)));
  const widths = await page.locator("#outputs .bar").evaluateAll((bars) =>
    bars.map((bar) => bar.style.transform));
  assert.deepEqual(widths.map((width) => Number(width.match(/\((.*)\)/)[1]).toFixed(3)), numbers);
  // The strongest pixel has the colour of the ink, a corner that of the paper.
  const colours = await page.locator("#picture").evaluate((canvas, strongest) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
    return [0, strongest].map((k) => [...data.slice(4 * k, 4 * k + 3)]);
  }, pixels.indexOf(255));
  assert.deepEqual(colours, [[255, 255, 255], [0x1a, 0x1d, 0x21]]);
  assert.equal(layers[0].values.length, 30);
  assert.equal(await page.locator(".layer").count(), 1);
  assert.deepEqual(problems, []);
});

test("the keyboard draws, takes back and clears", async () => {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "pad");
  const press = async (key, times) => {
    for (let k = 0; k < times; k++) await page.keyboard.press(key);
  };
  await press("ArrowUp", 9);
  await press("Space", 1);
  await press("ArrowDown", 18);
  await press("Space", 1);
  assert.equal(await read(), "1");
  await press("ArrowRight", 4);
  await press("Space", 1);
  await press("ArrowUp", 9);
  await page.screenshot({ path: join(pictures, "keyboard.png"), fullPage: true });
  await press("Space", 1);
  const shown = () => page.locator("#pad").evaluate((canvas) => canvas.toDataURL());
  const two = await shown();
  await press("Backspace", 1);
  assert.notEqual(await shown(), two);
  assert.equal(await read(), "1");
  await press("Delete", 1);
  await page.waitForFunction(() => document.getElementById("digit-value").textContent === "–");
  assert.deepEqual(problems, []);
});

test("pictures are read as `gradus predict` reads them, and what is none is refused", async () => {
  const paths = ["3-a", "7-b", "8-c"].map((name) => join(root, `data/digits/${name}.png`));
  const told = JSON.parse(execFileSync(program, ["predict", network, "--json", ...paths]));
  for (const [k, path] of paths.entries()) {
    await page.setInputFiles("#file", path);
    const wanted = told[k].outputs.map((output) => output.toFixed(3));
    await page.waitForFunction((wanted) => {
      const numbers = [...document.querySelectorAll("#outputs .number")];
      return numbers.every((number, k) => number.textContent === wanted[k]);
    }, wanted);
  }
  await page.screenshot({ path: join(pictures, "upload.png"), fullPage: true });
  assert.ok(await page.locator("#trouble").isHidden());
  const text = { name: "a.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
  await page.setInputFiles("#file", text);
  await page.getByText("a.png is no picture that this browser can open.").waitFor();
  assert.deepEqual(problems, []);
  // White paper, with nothing on it.
  const white = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(9, 9);
    canvas.getContext("2d");
    const blob = await canvas.convertToBlob();
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  const blank = { name: "b.png", mimeType: "image/png", buffer: Buffer.from(white) };
  await page.setInputFiles("#file", blank);
  await page.getByText("The picture is not read: the picture has no digit").waitFor();
  await page.locator("#clear").click();
  await page.locator("#trouble").waitFor({ state: "hidden" });
});

test("the page says when the server is gone, and goes on when it is back", async () => {
  const [zero, , , one] = drawings();
  await draw(one.strokes);
  assert.equal(await read(), "1");
  await stop(server);
  await draw(zero.strokes);
  await page.getByText("The server does not answer.").waitFor();
  await page.screenshot({ path: join(pictures, "gone.png"), fullPage: true });
  await page.click("#clear");
  await draw(zero.strokes);
  await page.getByText("The server does not answer.").waitFor();
  server = await serve(network, server.port);
  await page.locator("#trouble").waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.getElementById("digit-value").textContent === "0");
});

test("a finger draws on a phone, in the dark, and nothing is wider than the screen", async () => {
  await page.context().close();
  const phone = { hasTouch: true, isMobile: true, deviceScaleFactor: 2, colorScheme: "dark",
    reducedMotion: "reduce" };
  await open({ width: 360, height: 740 }, phone);
  const devtools = await page.context().newCDPSession(page);
  const box = await page.locator("#pad").boundingBox();
  const touch = (type, points) => devtools.send("Input.dispatchTouchEvent", {
    type, touchPoints: points.map(([x, y]) => ({
      x: box.x + (x / 280) * box.width, y: box.y + (y / 280) * box.height })),
  });
  const seven = drawings().find(({ name }) => name === "7 a");
  for (const [first, ...points] of seven.strokes) {
    await touch("touchStart", [first]);
    for (const point of points) await touch("touchMove", [point]);
    await touch("touchEnd", []);
  }
  assert.equal(await read(), "7");
  const [page_width, motion] = await page.evaluate(() => [document.documentElement.scrollWidth,
    getComputedStyle(document.querySelector(".bar")).transitionDuration]);
  assert.equal(page_width, 360);
  assert.equal(motion, "0s");
  assert.equal(await page.evaluate(() => scrollY), 0, "drawing does not scroll");
  await page.screenshot({ path: join(pictures, "phone.png"), fullPage: true });
  assert.deepEqual(problems, []);
});
