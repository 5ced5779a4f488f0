/** Ids of entries: ULIDs (github.com/ulid/spec), strictly increasing within one log, also when the clock is set back. */

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const half = 2 ** 40;

/** `value` (an integer below 2^53) as `length` characters of Crockford's base 32. */
function encode(value: number, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = alphabet[rest % 32]! + text;
  return text;
}

function decode(text: string): number {
  let value = 0;
  for (const character of text) value = value * 32 + alphabet.indexOf(character);
  return value;
}

const number40 = (bytes: Uint8Array, at: number): number =>
  bytes[at]! * 2 ** 32 +
  ((bytes[at + 1]! << 24) >>> 0) +
  (bytes[at + 2]! << 16) +
  (bytes[at + 3]! << 8) +
  bytes[at + 4]!;

/** The smallest ULID of a moment, in ms since the epoch: where a search by time begins. */
export const firstUlid = (ms: number): string =>
  encode(Math.min(Math.max(Math.floor(ms), 0), 2 ** 48 - 1), 10) + '0'.repeat(16);

/**
 * A source of ULIDs, each greater than the one before and than `last`. `now` in ms since the epoch, `random(n)` gives n
 * bytes. Within a millisecond, and while the clock is behind, the random part counts up.
 */
export function ulids(now: () => number, random: (bytes: number) => Uint8Array, last?: string): () => string {
  let time = last === undefined ? -1 : decode(last.slice(0, 10));
  let high = last === undefined ? 0 : decode(last.slice(10, 18));
  let low = last === undefined ? 0 : decode(last.slice(18));
  let prefix = time < 0 ? '' : last!.slice(0, 18);
  return () => {
    const ms = now();
    if (ms > time) {
      time = ms;
      const bytes = random(10);
      high = number40(bytes, 0);
      low = number40(bytes, 5);
      prefix = encode(time, 10) + encode(high, 8);
    } else if (++low === half) {
      low = 0;
      if (++high === half) {
        high = 0;
        time++;
      }
      prefix = encode(time, 10) + encode(high, 8);
    }
    return prefix + encode(low, 8);
  };
}
