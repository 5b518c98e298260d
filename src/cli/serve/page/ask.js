// Asking the server: one picture at a time, always the latest, so that no answer can be overtaken.

/** How long between two questions while one draws, in milliseconds. */
const PAUSE = 40;

/** How long to wait for an answer, and before asking a server again that did not give one. */
const PATIENCE = 15_000;
const AGAIN = 1_000;

export class Asker {
  #picture;
  #told;
  #asking = false;
  #wanted = false;
  #gone = false;
  #abort = new AbortController();

  /**
   * `picture` gives the PNG picture to ask about, or null for none. `told` is an object with what
   * to call: `answer(answer)`, `nothing()` for no picture, `refused(sentence)`, `gone()` when the
   * server does not answer and `back()` when it does again.
   */
  constructor(picture, told) {
    this.#picture = picture;
    this.#told = told;
  }

  /** Says that the picture has changed. */
  async changed() {
    this.#wanted = true;
    if (this.#asking) return;
    this.#asking = true;
    this.#told.busy(true);
    while (this.#wanted) {
      this.#wanted = false;
      await this.#ask();
      await pause(this.#gone ? AGAIN : PAUSE);
    }
    this.#asking = false;
    this.#told.busy(false);
  }

  /** Says that the picture is another one: what was asked about the last is of no interest. */
  forget() {
    this.#abort.abort();
    this.#abort = new AbortController();
  }

  async #ask() {
    const forgotten = this.#abort.signal;
    const body = await this.#picture();
    if (body === null) {
      this.#gone = false;
      this.#told.nothing();
      return;
    }
    try {
      const response = await fetch("/api/read", {
        method: "POST",
        headers: { "Content-Type": "image/png" },
        body,
        signal: AbortSignal.any([forgotten, AbortSignal.timeout(PATIENCE)]),
      });
      const answer = await response.json();
      if (this.#gone) this.#told.back();
      this.#gone = false;
      if (forgotten.aborted) return;
      if (response.ok) this.#told.answer(answer);
      else this.#told.refused(answer.error);
    } catch {
      if (forgotten.aborted) return;
      if (!this.#gone) this.#told.gone();
      this.#gone = true;
      this.#wanted = true;
    }
  }
}

export async function network() {
  const response = await fetch("/api/network");
  return response.json();
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
