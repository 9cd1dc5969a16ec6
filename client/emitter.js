/**
 * Named events with one value each. (EventTarget would do in browsers, but CustomEvent is missing
 * in Node 18, and a packet should not cost an Event object.)
 */
export class Emitter {
  #listeners = new Map();

  /** Calls `listener` at each `name` from now on. Returns a function that ends it. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.off(name, listener);
  }

  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }

  /** The value of the next `name`. */
  once(name) {
    return new Promise((resolve) => {
      const end = this.on(name, (value) => {
        end();
        resolve(value);
      });
    });
  }

  /** A listener that throws is reported and does not keep the others from hearing. */
  emit(name, value) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        console.error(`parley: a listener of "${name}" failed`, error);
      }
    }
  }
}
