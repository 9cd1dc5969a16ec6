// Cameras, microphones and screens, and plain words for what goes wrong with them.

const CAMERA = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 24, max: 30 } };
const MICROPHONE = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  channelCount: 1,
};
const SCREEN = { frameRate: { ideal: 10, max: 15 }, width: { max: 1920 }, height: { max: 1080 } };

const choose = (wishes, deviceId) =>
  deviceId ? { ...wishes, deviceId: { exact: deviceId } } : wishes;

/** A camera's video track. Throws what `explain` puts into words. */
export async function openCamera(deviceId) {
  const stream = await media().getUserMedia({ video: choose(CAMERA, deviceId) });
  return stream.getVideoTracks()[0];
}

/** A microphone's audio track. */
export async function openMicrophone(deviceId) {
  const stream = await media().getUserMedia({ audio: choose(MICROPHONE, deviceId) });
  return stream.getAudioTracks()[0];
}

/** The video track of a screen or window the user picks. */
export async function openScreen() {
  const stream = await media().getDisplayMedia({ video: SCREEN, audio: false });
  return stream.getVideoTracks()[0];
}

export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** { cameras, microphones }, each a list of { id, label }. Labels need a permission given before. */
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const pick = (kind, noun) =>
    all
      .filter((device) => device.kind === kind && device.deviceId)
      .map((device, i) => ({ id: device.deviceId, label: device.label || `${noun} ${i + 1}` }));
  return { cameras: pick('videoinput', 'Camera'), microphones: pick('audioinput', 'Microphone') };
}

/** One sentence for an error of the functions above; `noun` is "camera", "microphone", "screen". */
export function explain(error, noun) {
  switch (error.name) {
    case 'NotAllowedError':
      return `Permission for the ${noun} was denied. Allow it in the browser's address bar to use it.`;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return `No ${noun} was found.`;
    case 'NotReadableError':
      return `The ${noun} is in use by another application.`;
    case 'SecurityError':
      return `The browser gives the ${noun} to secure pages only.`;
    default:
      return `The ${noun} could not be opened (${error.message || error.name}).`;
  }
}

function media() {
  if (!navigator.mediaDevices) throw new DOMException('insecure page', 'SecurityError');
  return navigator.mediaDevices;
}
