// The paper: strokes of the mouse, fingers or the keyboard, or a picture from a file.
//
// A stroke is a list of points between 0 and 1, so that it is drawn as sharply as the screen can
// show it, and sent at one size whatever the screen.

/** The side of the picture that is sent, in pixels, and the pen's width in it. */
const SIDE = 280;
const PEN = 20;

/** The longest side of a file's picture; a larger one is made smaller. */
const LONGEST = 1024;

/** The most bytes of a file that is sent as it is. */
const LARGEST = 4 << 20;

/** How far an arrow key moves the pen; with Shift, a quarter of it. */
const STEP = 1 / 28;

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export class Pad {
  #canvas;
  #changed;
  #strokes = [];
  /** The stroke of each pointer that is down. */
  #open = new Map();
  /** The file shown instead of strokes: the bytes to send, and what to show. */
  #file = null;
  /** The keyboard's pen: where it is, its stroke while it is down, the arrows that are held. */
  #pen = { at: [0.5, 0.5], stroke: null, shown: false };
  #held = new Set();

  /** Calls `changed` whenever the drawing has changed. */
  constructor(canvas, changed) {
    this.#canvas = canvas;
    this.#changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#open.delete(event.pointerId));
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("keyup", (event) => this.#held.delete(event.key));
    canvas.addEventListener("focus", () => this.#focus(canvas.matches(":focus-visible")));
    canvas.addEventListener("blur", () => this.#focus(false));
    new ResizeObserver(() => this.show()).observe(canvas);
  }

  get empty() {
    return this.#strokes.length === 0 && this.#file === null;
  }

  clear() {
    this.#start();
    this.#done();
  }

  undo() {
    if (this.#file !== null) {
      this.#file = null;
    } else {
      const last = this.#strokes.pop();
      if (this.#pen.stroke === last) this.#pen.stroke = null;
      for (const [id, stroke] of this.#open) if (stroke === last) this.#open.delete(id);
    }
    this.#done();
  }

  /** Takes a picture from a file instead of the drawing. */
  async take(file) {
    const picture = await createImageBitmap(file);
    const small = Math.max(picture.width, picture.height) <= LONGEST;
    const bytes = file.type === "image/png" && (small || file.size <= LARGEST)
      ? file
      : await png(shrunk(picture));
    this.#start();
    this.#file = { bytes, picture };
    this.#done();
  }

  /** The drawing as a PNG picture, black on white. */
  async png() {
    if (this.#file !== null) return this.#file.bytes;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    this.#draw(context, SIDE, "#000");
    return png(canvas);
  }

  /** Shows the drawing, in the colours and at the size that the page has now. */
  show() {
    const canvas = this.#canvas;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (side === 0) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const style = getComputedStyle(canvas);
    const [ink, accent] = ["--ink", "--accent"].map((name) => style.getPropertyValue(name));
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    if (this.#file !== null) {
      const { width, height } = this.#file.picture;
      const scale = side / Math.max(width, height);
      const [w, h] = [width * scale, height * scale];
      context.drawImage(this.#file.picture, (side - w) / 2, (side - h) / 2, w, h);
    }
    this.#draw(context, side, ink);
    if (this.#pen.shown) this.#cross(context, side, accent);
  }

  #draw(context, side, ink) {
    context.strokeStyle = context.fillStyle = ink;
    context.lineWidth = (PEN / SIDE) * side;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.#strokes) {
      const points = stroke.map(([x, y]) => [x * side, y * side]);
      // A line of no length would leave nothing.
      context.beginPath();
      context.arc(...points[0], context.lineWidth / 2, 0, 2 * Math.PI);
      context.fill();
      context.beginPath();
      context.moveTo(...points[0]);
      // Curves through the middles between points, with the points pulling.
      for (let k = 1; k < points.length - 1; k++) {
        const [x, y] = points[k];
        const [nextX, nextY] = points[k + 1];
        context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
      }
      context.lineTo(...points[points.length - 1]);
      context.stroke();
    }
  }

  /** The keyboard's pen: a ring, full while the pen is down. */
  #cross(context, side, accent) {
    const [x, y] = this.#pen.at.map((k) => k * side);
    context.strokeStyle = context.fillStyle = accent;
    context.lineWidth = 2 * devicePixelRatio;
    context.beginPath();
    context.arc(x, y, (PEN / SIDE / 2) * side, 0, 2 * Math.PI);
    context.stroke();
    if (this.#pen.stroke !== null) context.fill();
  }

  #down(event) {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#focus(false);
    const stroke = [this.#place(event)];
    this.#open.set(event.pointerId, stroke);
    this.#add(stroke);
  }

  #move(event) {
    const stroke = this.#open.get(event.pointerId);
    if (stroke === undefined) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length > 0 ? all : [event]) stroke.push(this.#place(one));
    this.#done();
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) this.#arrow(event);
    else if (event.key === " ") this.#penDownOrUp(event.repeat);
    else if (event.key === "Backspace") this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
    this.#focus(true);
  }

  #arrow(event) {
    this.#held.add(event.key);
    const step = event.shiftKey ? STEP / 4 : STEP;
    const pen = this.#pen;
    let [x, y] = pen.at;
    // Two arrows that are held go across.
    for (const key of this.#held) {
      x += ARROWS[key][0] * step;
      y += ARROWS[key][1] * step;
    }
    pen.at = [x, y].map((k) => Math.min(Math.max(k, 0), 1));
    if (pen.stroke === null) return;
    pen.stroke.push(pen.at);
    this.#done();
  }

  #penDownOrUp(repeated) {
    const pen = this.#pen;
    if (repeated) return;
    if (pen.stroke !== null) {
      pen.stroke = null;
    } else {
      pen.stroke = [pen.at];
      this.#add(pen.stroke);
    }
  }

  #focus(shown) {
    this.#pen.shown = shown;
    if (!shown) {
      this.#held.clear();
      this.#pen.stroke = null;
    }
    this.show();
  }

  #add(stroke) {
    this.#file = null;
    this.#strokes.push(stroke);
    this.#done();
  }

  #start() {
    this.#strokes = [];
    this.#open.clear();
    this.#file = null;
    this.#pen.stroke = null;
  }

  #done() {
    this.show();
    this.#changed();
  }
}

/** A picture on a canvas, no longer than it may be. */
function shrunk(picture) {
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function png(canvas) {
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
