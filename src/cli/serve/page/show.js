// Showing what the network makes of a picture.

/** The longest side of a unit's square in pixels of the page, and how far squares are apart. */
const SQUARE = 26;
const GAP = 2;

const element = (id) => document.getElementById(id);

/** The rows of the outputs, made once. */
const bars = [];

export function makeBars(count) {
  const list = element("outputs");
  for (let k = bars.length; k < count; k++) {
    const row = document.createElement("li");
    const [name, track, number] = ["class", "track", "number"].map((kind) => {
      const part = document.createElement("span");
      part.className = kind;
      return part;
    });
    const bar = document.createElement("div");
    bar.className = "bar";
    track.append(bar);
    name.textContent = k;
    number.textContent = "–";
    row.append(name, track, number);
    list.append(row);
    bars.push({ row, bar, number });
  }
}

/** Shows an answer, or that there is none. */
export function show(answer) {
  showOutputs(answer);
  showPicture(answer?.pixels ?? null);
  showLayers(answer?.layers ?? null);
}

function showOutputs(answer) {
  const outputs = answer?.outputs ?? [];
  makeBars(outputs.length);
  // Outputs that are no shares of one are shown beside the largest of them.
  const largest = Math.max(1, ...outputs.map(Math.abs));
  bars.forEach(({ row, bar, number }, k) => {
    const output = outputs[k] ?? null;
    bar.style.transform = `scaleX(${Math.abs(output ?? 0) / largest})`;
    bar.classList.toggle("minus", output < 0);
    number.textContent = decimal(output);
    row.classList.toggle("chosen", answer?.digit === k);
  });
  const digit = answer?.digit ?? null;
  element("digit-value").textContent = digit ?? "–";
  element("digit-note").textContent = answer === null
    ? "nothing drawn yet"
    : digit === null ? "an output is not a number" : `output ${decimal(outputs[digit])}`;
}

function showPicture(pixels) {
  const canvas = element("picture");
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, 28, 28);
  canvas.setAttribute("aria-label", pixels === null
    ? "No picture yet"
    : "The picture of 28×28 pixels that the network gets");
  if (pixels === null) return;
  paint(context, 28, pixels.map((value) => value / 255), "--ink");
}

/** What is shown of each layer: kept, so that its readout can be asked for. */
let shown = [];

function showLayers(layers) {
  const kinds = JSON.stringify((layers ?? []).map(({ kind, shape }) => [kind, shape]));
  if (layers !== null && kinds !== shown.kinds) makeLayers(layers, kinds);
  shown.forEach((place, k) => showLayer(place, layers?.[k]?.values ?? null));
}

function makeLayers(layers, kinds) {
  shown = layers.map((layer) => {
    const [box, title, canvas, readout] = ["div", "h3", "canvas", "p"].map((name) =>
      document.createElement(name));
    box.className = "layer";
    const [units, rows = 1, columns = 1] = layer.shape;
    title.textContent = `Layer ${layer.layer}: ${layer.kind}`;
    canvas.setAttribute("role", "img");
    box.append(title, canvas, readout);
    const [height, width] = layer.shape.length > 1 ? [rows, columns] : [1, 1];
    const place = { layer, canvas, readout, units, width, height, values: null };
    canvas.addEventListener("pointermove", (event) => readOut(place, event));
    canvas.addEventListener("pointerleave", () => say(place));
    return place;
  });
  shown.kinds = kinds;
  const list = element("layers");
  list.replaceChildren(...shown.map(({ canvas }) => canvas.parentElement));
  if (shown.length === 0) list.textContent = "This network has none.";
}

function showLayer(place, values) {
  place.values = values;
  const { canvas, width, height } = place;
  const size = width * height;
  // All units of an answer: of a large layer, the first only.
  const count = values === null ? place.count ?? 0 : values.length / size;
  place.count = count;
  // Squares of a unit, or maps at up to three pixels a cell.
  const scale = size === 1 ? SQUARE : Math.max(1, Math.min(3, Math.floor(160 / width)));
  const [cellWidth, cellHeight] = [width * scale + GAP, height * scale + GAP];
  const room = canvas.parentElement.clientWidth || 600;
  place.across = Math.max(1, Math.min(count, Math.floor((room + GAP) / cellWidth)));
  const down = Math.max(1, Math.ceil(count / place.across));
  [place.cellWidth, place.cellHeight] = [cellWidth, cellHeight];
  canvas.width = place.across * cellWidth - GAP;
  canvas.height = down * cellHeight - GAP;
  const context = canvas.getContext("2d");
  const largest = (values ?? []).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const track = colour("--track");
  for (let unit = 0; unit < count; unit++) {
    const x = (unit % place.across) * cellWidth;
    const y = Math.floor(unit / place.across) * cellHeight;
    context.fillStyle = `rgb(${track})`;
    context.fillRect(x, y, width * scale, height * scale);
    if (values === null) continue;
    const map = values.slice(unit * size, (unit + 1) * size).map((v) => v / Math.max(1, largest));
    const small = new OffscreenCanvas(width, height);
    paint(small.getContext("2d"), width, map, "--accent", track);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, x, y, width * scale, height * scale);
  }
  say(place);
}

/** The readout of a layer without a pointer on it: the range of its numbers. */
function say(place) {
  const { values, canvas, readout, units, count, layer } = place;
  let text = "";
  if (values !== null && values.length > 0) {
    const [least, most] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)],
      [Infinity, -Infinity]);
    text = `from ${decimal(least)} to ${decimal(most)}`;
    if (count < units) text += `; the first ${count} of ${units} are shown`;
  }
  readout.textContent = text;
  canvas.setAttribute("aria-label", `Layer ${layer.layer}, ${layer.kind} ${text}`);
}

function readOut(place, event) {
  const { values, canvas, readout, width, height, across, cellWidth, cellHeight, count } = place;
  if (values === null) return;
  const scale = canvas.width / canvas.getBoundingClientRect().width;
  const [x, y] = [event.offsetX * scale, event.offsetY * scale];
  const [column, row] = [Math.floor(x / cellWidth), Math.floor(y / cellHeight)];
  const unit = row * across + column;
  if (column < 0 || column >= across || row < 0 || unit >= count) return;
  if (width * height === 1) {
    readout.textContent = `unit ${unit + 1}: ${decimal(values[unit])}`;
  } else {
    readout.textContent = `map ${unit + 1} of ${place.units}`;
  }
}

/** Numbers from −1 to 1 as pixels between the paper and a colour; below 0, another colour. */
function paint(context, width, values, name, paper = colour("--paper")) {
  const [plus, minus] = [colour(name), colour("--minus")];
  const image = context.createImageData(width, values.length / width);
  values.forEach((value, k) => {
    const [share, ink] = [Math.min(Math.abs(value), 1), value < 0 ? minus : plus];
    const mixed = paper.map((from, c) => from + share * (ink[c] - from));
    image.data.set([...mixed, 255], 4 * k);
  });
  context.putImageData(image, 0, 0);
}

/** Red, green and blue of a colour of the page, which is written #rrggbb. */
function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

function decimal(number) {
  if (number === null) return "–";
  return Math.abs(number) < 100 ? number.toFixed(3).replace("-", "−") : number.toExponential(1);
}
