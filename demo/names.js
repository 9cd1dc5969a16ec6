// What people and rooms are called, and how a name is drawn.

const FIRST = [
  'amber',
  'brave',
  'calm',
  'clever',
  'early',
  'gentle',
  'happy',
  'lucky',
  'merry',
  'quiet',
  'swift',
  'warm',
];
const SECOND = [
  'badger',
  'falcon',
  'fern',
  'harbor',
  'heron',
  'lantern',
  'maple',
  'meadow',
  'otter',
  'river',
  'robin',
  'willow',
];

const oneOf = (words) => words[Math.floor(Math.random() * words.length)];

/** A room name that is easy to say over the telephone. */
export function inventRoom() {
  return `${oneOf(FIRST)}-${oneOf(SECOND)}-${10 + Math.floor(Math.random() * 90)}`;
}

/** A user id as people read it: underscores were spaces. */
export function readable(id) {
  return id.replaceAll('_', ' ');
}

/** One or two letters for an avatar. */
export function initials(name) {
  const words = readable(name)
    .split(/[\s.-]+/)
    .filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] ?? '?').slice(0, 2);
  return letters.toUpperCase();
}

/** A hue that stays with a name. */
export function hue(name) {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}
