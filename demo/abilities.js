// What this browser can do on this page, and what to say where it cannot.

/** Null if the page may use camera, microphone and codecs; else what is wrong and what to do. */
export function insecurePage({ isSecureContext, location } = window) {
  if (isSecureContext) return null;
  const port = location.port ? `:${location.port}` : '';
  return {
    text:
      `${location.origin} is not a secure address, so the browser keeps camera, microphone and ` +
      'video away from this page. You can join and be seen in the list, without picture or sound.',
    remedies: [
      {
        when: 'On the machine the relay runs on, open',
        type: `http://localhost${port}${location.pathname}${location.search}`,
      },
      {
        when: 'From another machine, forward the port first',
        type: `ssh -L ${location.port || 80}:localhost:${location.port || 80} ${location.hostname}`,
      },
      {
        when: 'For a trial, start Chromium with',
        type: `--unsafely-treat-insecure-origin-as-secure=${location.origin}`,
      },
    ],
  };
}

export const canEncodeVideo = () => 'VideoEncoder' in window;
export const canEncodeAudio = () => 'AudioEncoder' in window;
export const canDecodeVideo = () => 'VideoDecoder' in window;
export const canDecodeAudio = () => 'AudioDecoder' in window && 'AudioWorkletNode' in window;

/** What is missing for a full call, as one sentence; null if nothing is. */
export function missingCodecs() {
  const missing = [];
  if (!canDecodeVideo()) missing.push('show video');
  if (!canDecodeAudio()) missing.push('play sound');
  if (!canEncodeVideo()) missing.push('send video');
  if (!canEncodeAudio()) missing.push('send sound');
  if (missing.length === 0) return null;
  return `This browser cannot ${missing.join(', ').replace(/, ([^,]*)$/, ' or $1')} (it lacks WebCodecs). A current Chrome, Edge, Firefox or Safari can.`;
}
