/**
 * Parley's client: visits rooms of a relay from a browser or from Node 18 and later.
 *
 *   import { Room } from '/client/index.js';
 *
 *   const room = new Room({ url: location.origin, user: 'alice', room: 'tea' });
 *   room.on('joined', (member) => console.log(member.name));
 *   room.on('packet', ({ media, member }) => { ... });
 *   room.join();
 *
 * index.d.ts describes everything exported here.
 */
export { Room } from './room.js';
export { Sequence } from './sequence.js';
export { isValidId, makeSecret, readToken, roomUrl, toId } from './address.js';
export { MalformedPacket } from './protobuf.js';
export {
  MediaPacket,
  MediaType,
  MeetingEvent,
  MeetingPacket,
  PacketType,
  PacketWrapper,
  SYSTEM_USER,
  VideoCodec,
} from './packets.js';
