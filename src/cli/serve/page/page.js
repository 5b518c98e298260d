// The page: a drawing is shown to the network while it is drawn.

import { Asker, network } from "./ask.js";
import { Pad } from "./pad.js";
import { makeBars, show } from "./show.js";

const element = (id) => document.getElementById(id);
const [trouble, hint, spoken] = ["trouble", "hint", "spoken"].map(element);

/** How long the drawing must rest before the answer is spoken, in milliseconds. */
const REST = 700;

let last = null;
let resting;

const asker = new Asker(() => (pad.empty ? null : pad.png()), {
  answer(answer) {
    tell("");
    display(answer);
  },
  nothing() {
    tell("");
    display(null);
  },
  refused(sentence) {
    display(null);
    tell(`The picture is not read: ${sentence}.`);
  },
  gone() {
    tell("The server does not answer. Is `gradus serve` still running? Trying again…");
  },
  back() {
    tell("");
    about();
  },
  busy(whether) {
    element("outputs").setAttribute("aria-busy", whether);
  },
});

const pad = new Pad(element("pad"), () => {
  hint.hidden = !pad.empty;
  element("undo").disabled = element("clear").disabled = pad.empty;
  if (pad.empty) asker.forget();
  asker.changed();
});

function display(answer) {
  last = answer;
  show(answer);
  clearTimeout(resting);
  resting = setTimeout(() => {
    const digit = answer?.digit ?? null;
    spoken.textContent = digit === null ? "" : `The network reads ${digit}`;
  }, REST);
}

/** Says what is wrong, or that nothing is. */
function tell(sentence) {
  trouble.textContent = sentence;
  trouble.hidden = sentence === "";
}

/** Says which network reads. */
async function about() {
  const { file, network: name, parameters, epochs, test, outputs } = await network();
  const learned = `${parameters.toLocaleString("en")} parameters, ${epochs} ${
    epochs === 1 ? "epoch" : "epochs"}`;
  const right = test === null
    ? ""
    : `, ${((100 * test.correct) / test.of).toFixed(2)} % of the test pictures right`;
  element("about").textContent = `${file}: ${name} network, ${learned}${right}`;
  makeBars(outputs);
}

element("clear").addEventListener("click", () => pad.clear());
element("undo").addEventListener("click", () => pad.undo());

async function open(file) {
  asker.forget();
  try {
    await pad.take(file);
  } catch {
    tell(`${file.name} is no picture that this browser can open.`);
  }
}

element("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  // So that the same file can be chosen again.
  if (file !== undefined) open(file).finally(() => (target.value = ""));
});
element("paper").addEventListener("dragover", (event) => event.preventDefault());
element("paper").addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file !== undefined) open(file);
});

function redraw() {
  pad.show();
  show(last);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("resize", redraw);

element("undo").disabled = element("clear").disabled = true;
about().catch(() => tell("The server does not answer. Is `gradus serve` still running?"));
