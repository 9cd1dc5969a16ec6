/**
 * The frames of a video track, one after another, until `stop`. Each VideoFrame belongs to
 * `take`, which closes it.
 */
export function startFrames(track, framesPerSecond, take) {
  return 'MediaStreamTrackProcessor' in window
    ? readTrack(track, take)
    : watchElement(track, framesPerSecond, take);
}

function readTrack(track, take) {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      take(value);
    }
  };
  pump().catch(() => {});
  return { stop: () => reader.cancel().catch(() => {}) };
}

// Where tracks cannot be read (Firefox), a video element that nobody sees is photographed.
function watchElement(track, framesPerSecond, take) {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  video.play().catch(() => {});
  const timer = setInterval(() => {
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    take(new VideoFrame(video, { timestamp: Math.round(performance.now() * 1000) }));
  }, 1000 / framesPerSecond);
  return {
    stop() {
      clearInterval(timer);
      video.srcObject = null;
    },
  };
}
