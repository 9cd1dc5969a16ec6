/** Hands the first channel of its input to the page. */
registerProcessor(
  'parley-capture',
  class extends AudioWorkletProcessor {
    process([input]) {
      if (input[0]) {
        const samples = input[0].slice();
        this.port.postMessage(samples, [samples.buffer]);
      }
      return true;
    }
  },
);
