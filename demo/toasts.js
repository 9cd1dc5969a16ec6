const SHOWN_MS = 4_500;
const TOASTS_MAX = 4;

/** Short sentences at the edge of the page, read aloud by screen readers. */
export class Toasts {
  #element;

  constructor(element) {
    this.#element = element;
  }

  say(text, kind = '') {
    const toast = document.createElement('div');
    toast.className = `toast ${kind}`;
    toast.textContent = text;
    this.#element.append(toast);
    while (this.#element.childElementCount > TOASTS_MAX) this.#element.firstElementChild.remove();
    setTimeout(() => toast.remove(), SHOWN_MS);
  }

  /** What was said is no longer of interest. */
  clear() {
    this.#element.replaceChildren();
  }
}
