// The line above the stage: what the user should know now, and the one thing to do about it.

export class Banner {
  #element;

  constructor(element) {
    this.#element = element;
  }

  /** `line` is `{ text, action, act, quiet }`, or null for nothing to say. */
  show(line) {
    this.#element.hidden = !line;
    if (!line) return;
    const { text, action, act, quiet = false } = line;
    this.#element.classList.toggle('quiet', quiet);
    // Unchanged text is not read aloud again.
    if (this.#element.dataset.text === text) return;
    this.#element.dataset.text = text;
    this.#element.replaceChildren(text, ...(action ? [button(action, act)] : []));
  }
}

function button(text, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', act);
  return made;
}
