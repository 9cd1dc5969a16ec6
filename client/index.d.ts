// Parley's client. Nothing here needs a DOM.

/** A 64-bit session number as a decimal string. */
export type SessionId = string;

export type RoomState = 'idle' | 'connecting' | 'joined' | 'reconnecting' | 'closed';

/**
 * Why a visit is over: `left` by oneself; `refused` by the relay; `ended` for everybody; `moved` to
 * another connection with the same secret; `unreachable` after all attempts.
 */
export type ClosedWhy = 'left' | 'refused' | 'ended' | 'moved' | 'unreachable';

export type Picture = 'VIDEO' | 'SCREEN';

export type Transport = 'websocket' | 'webtransport';

/**
 * Why a connection uses its transport: `preferred` is the best there is; `asked` for by the
 * application; this browser's WebTransport is `unsupported`; the relay's is `not-offered`; it failed
 * a short while ago (`remembered`); it was tried first and `failed`, or was `late`; the connection
 * before this one was `blocked`.
 */
export type TransportWhy =
  | 'preferred'
  | 'asked'
  | 'unsupported'
  | 'not-offered'
  | 'remembered'
  | 'failed'
  | 'late'
  | 'blocked';

/** What of a participant is on, as heartbeats say it. */
export interface Presence {
  video: boolean;
  audio: boolean;
  screen: boolean;
  speaking: boolean;
}

/** One session in the room. A user with two tabs is two members. */
export interface Member extends Presence {
  readonly sessionId: SessionId;
  readonly userId: string;
  readonly name: string;
  /** True if they were in the room already when we came. */
  readonly roster: boolean;
  /** The session of the same user that this one silently replaced (a reloaded page), or null. */
  readonly succeeds: SessionId | null;
}

export interface AudioMetadata {
  /** '' is raw Opus. */
  format?: string;
  channels?: number;
  frames?: number;
  sampleRate?: number;
  sequence?: number;
}

export interface VideoMetadata {
  sequence?: number;
  /** One of VideoCodec. */
  codec?: number;
}

export interface MediaFields {
  /** One of MediaType. */
  mediaType: number;
  userId?: string;
  /** VIDEO, SCREEN: one encoded chunk. AUDIO: one Opus packet. */
  data?: Uint8Array;
  frameType?: 'key' | 'delta' | '';
  /** VIDEO, SCREEN: microseconds of the sender's capture. AUDIO: milliseconds since 1970. */
  timestamp?: number;
  duration?: number;
  audioMetadata?: AudioMetadata | null;
  videoMetadata?: VideoMetadata | null;
  heartbeatMetadata?: Presence | null;
}

export interface PacketFields {
  /** One of PacketType. */
  packetType: number;
  userId?: string;
  data?: Uint8Array;
  sessionId?: SessionId;
}

export interface MeetingFields {
  /** One of MeetingEvent. */
  eventType: number;
  roomId?: string;
  startTimeMs?: number;
  message?: string;
  creatorId?: string;
  targetUserId?: string;
  sessionId?: SessionId;
  displayName?: string;
}

export interface Traffic {
  packets: number;
  bytes: number;
  packetsPerSecond: number;
  bitsPerSecond: number;
}

export interface RoomStatistics {
  /** Null before anything joined. */
  transport: Transport | null;
  why: TransportWhy | null;
  /** Milliseconds; null before the first probe is answered. */
  rtt: { last: number; average: number } | null;
  in: Traffic;
  out: Traffic;
  /** Bytes of video, on a WebSocket of everything, that the network has not taken yet. */
  waitingBytes: number;
  /** Connections that were lost and came back. */
  reconnects: number;
  /** Connections that fell silent and were replaced before they were lost. */
  moves: number;
  /** Packets that could not be read. */
  malformed: number;
  /** Packets that overtook an earlier one and waited for it. */
  reordered: number;
  /** Own packets not sent, or given up on their way, because too much was waiting. */
  dropped: { video: number; screen: number; audio: number };
  members: Array<{ sessionId: SessionId; name: string } & Traffic>;
}

export interface RoomEvents {
  /** Every change of state; `retryMs` while reconnecting, `why` and `message` when closed. */
  state: {
    state: RoomState;
    code?: number;
    reason?: string;
    retryMs?: number;
    why?: ClosedWhy;
    message?: string;
  };
  /** A connection is in use from now on; `from` is the transport of the one it replaced alive. */
  transport: { transport: Transport; why: TransportWhy; from: Transport | null };
  /** The relay took us in; `resumed` if as the session we had before. */
  session: { sessionId: SessionId; resumed: boolean };
  joined: Member;
  left: Member;
  /** A member's presence or name is another. */
  changed: Member;
  /** A packet of a member; `media` is null if it is none or cannot be read. */
  packet: { packet: Required<PacketFields>; media: Required<MediaFields> | null; member: Member };
  /** Our picture should begin anew: somebody came, asked for it, or missed frames. */
  'keyframe-wanted': { picture: Picture };
  /** Somebody cannot take what we send. */
  congestion: { by: string };
  /** Any notice of the meeting, also those below. */
  meeting: Required<MeetingFields>;
  'meeting-started': { startTimeMs: number; creatorId: string };
  'meeting-ended': { message: string };
}

export interface Clock {
  now(): number;
  later(ms: number, act: () => void): unknown;
  cancel(timer: unknown): void;
}

/**
 * Keeps over a reload that WebTransport failed here. `load` gives what `save` got, with what is left
 * of `waitMs`, or null.
 */
export interface FailureMemory {
  load(): { count: number; waitMs: number } | null;
  save(failures: { count: number; waitMs: number }): void;
}

export interface RoomOptions {
  /** The relay: `ws(s)://host:port` or `http(s)://host:port`. */
  url: string;
  /** Who and where, without a token: [A-Za-z0-9_-]{1,255} each. */
  user?: string;
  room?: string;
  /** A room token; it then says who and where. */
  token?: string;
  /** Where there is no global WebSocket (Node before 22): for example that of the package `ws`. */
  WebSocket?: unknown;
  /** That of the browser, unless it is another; null leaves it alone. */
  WebTransport?: unknown;
  /** The only transport to use; 'auto', which is the default, finds out which is best. */
  transport?: Transport | 'auto';
  memory?: FailureMemory;
  /** 32 hex digits; only needed to continue the session of another Room. */
  secret?: string;
  /** For tests. */
  clock?: Clock;
  random?: () => number;
  fetch?: typeof fetch;
}

/** One participant's visit to one room, through as many connections as it takes. */
export class Room {
  constructor(options: RoomOptions);
  readonly userId: string;
  readonly roomId: string;
  readonly state: RoomState;
  readonly closed: { why: ClosedWhy; message: string } | null;
  readonly sessionId: SessionId | null;
  /** The one in use, or used last; null before anything joined. */
  readonly transport: Transport | null;
  readonly transportWhy: TransportWhy | null;
  readonly meeting: { startTimeMs: number | null; creatorId: string };
  /** The others in the room. */
  readonly members: Member[];

  join(): void;
  leave(): void;
  /** Tries at once instead of at the end of the back-off: the network is said to be another. */
  reconnectNow(): void;
  /** False if it was not sent: not connected, or too much is waiting. */
  publish(media: MediaFields): boolean;
  /** Never held back. False if not connected. */
  send(packet: PacketFields): boolean;
  /** A change is sent at once, everything every 5 s. */
  announce(presence: Partial<Presence>): void;
  /** False if the last request is too recent. */
  requestKeyframe(member: Member, picture?: Picture): boolean;
  statistics(): RoomStatistics;

  /** Returns a function that ends it. */
  on<Name extends keyof RoomEvents>(
    name: Name,
    listener: (value: RoomEvents[Name]) => void,
  ): () => void;
  off<Name extends keyof RoomEvents>(name: Name, listener: (value: RoomEvents[Name]) => void): void;
  once<Name extends keyof RoomEvents>(name: Name): Promise<RoomEvents[Name]>;
}

/** Says of each sequence number of one stream what it means. */
export class Sequence {
  readonly lost: number;
  accept(number: number): 'next' | 'gap' | 'stale' | 'restart';
}

export function isValidId(id: string): boolean;
/** The nearest valid id to what somebody typed; may be empty. */
export function toId(name: string): string;
export function makeSecret(): string;
export function roomUrl(where: {
  base: string;
  user?: string;
  room?: string;
  token?: string;
  resume?: string;
  transport?: Transport;
}): string;
/** What a token says about its bearer, unverified; null if it cannot be read. */
export function readToken(token: string): { user: string; room: string; name: string } | null;

export class MalformedPacket extends Error {}

export interface Codec<Fields> {
  encode(fields: Fields): Uint8Array;
  /** Throws MalformedPacket. */
  decode(bytes: Uint8Array): Required<Fields>;
}

export const PacketWrapper: Codec<PacketFields>;
export const MediaPacket: Codec<MediaFields>;
export const MeetingPacket: Codec<MeetingFields>;

export const SYSTEM_USER: string;

export const PacketType: Readonly<{
  UNKNOWN: 0;
  RSA_PUB_KEY: 1;
  AES_KEY: 2;
  MEDIA: 3;
  CONNECTION: 4;
  DIAGNOSTICS: 5;
  HEALTH: 6;
  MEETING: 7;
  SESSION_ASSIGNED: 8;
  CONGESTION: 9;
}>;

export const MediaType: Readonly<{
  UNKNOWN: 0;
  VIDEO: 1;
  AUDIO: 2;
  SCREEN: 3;
  HEARTBEAT: 4;
  RTT: 5;
  KEYFRAME_REQUEST: 6;
}>;

export const MeetingEvent: Readonly<{
  UNKNOWN: 0;
  MEETING_STARTED: 1;
  MEETING_ENDED: 2;
  PARTICIPANT_JOINED: 3;
  PARTICIPANT_LEFT: 4;
  MEETING_ACTIVATED: 5;
  PARTICIPANT_ADMITTED: 6;
  PARTICIPANT_REJECTED: 7;
  WAITING_ROOM_UPDATED: 8;
}>;

export const VideoCodec: Readonly<{ UNSPECIFIED: 0; VP8: 1; VP9: 2 }>;
