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
  room.on('transport', (value) => note({ event: 'transport', ...value }));
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
    /** Why it is that transport: a word of the client library. */
    get transportWhy() {
      return room.transportWhy;
    },
    get reconnects() {
      return room.statistics().reconnects;
    },
    get moves() {
      return room.statistics().moves;
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
    /** The last events: states, sessions, transports, joins and leaves. */
    get events() {
      return [...events];
    },
  });
}
