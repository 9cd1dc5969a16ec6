const EVENTS_MAX = 200;

/** `window.parley`: what tests and the curious may read of a call. Nothing here changes it. */
export function expose(call) {
  const { room } = call;
  const events = [];
  const note = (event) => {
    events.push(event);
    if (events.length > EVENTS_MAX) events.shift();
  };
  room.on('state', (value) => note({ event: 'state', ...value }));
  room.on('session', (value) => note({ event: 'session', ...value }));
  room.on('joined', ({ sessionId, name }) => note({ event: 'joined', sessionId, name }));
  room.on('left', ({ sessionId, name }) => note({ event: 'left', sessionId, name }));
  window.parley = Object.freeze({
    get state() {
      return room.state;
    },
    get sessionId() {
      return room.sessionId;
    },
    get transport() {
      return room.transport;
    },
    get reconnects() {
      return room.statistics().reconnects;
    },
    get members() {
      return room.members.map(({ sessionId, userId, name, video, audio, screen, speaking }) => ({
        sessionId,
        userId,
        name,
        video,
        audio,
        screen,
        speaking,
      }));
    },
    get peers() {
      return call.peerStatistics();
    },
    get statistics() {
      return room.statistics();
    },
    /** The last events: states, sessions, joins and leaves. */
    get events() {
      return [...events];
    },
  });
}
