/** Fuzz: random changes of inputs. The same seed makes the same inputs. */

/** A number below `limit`, at least 0. */
export type Random = (limit: number) => number;

/** Numbers that look random and depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return limit => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

type Change = (input: Buffer, random: Random, tokens: readonly Buffer[], other: Buffer) => Buffer;

const splice = (input: Buffer, start: number, end: number, ...pieces: readonly Uint8Array[]): Buffer =>
  Buffer.concat([input.subarray(0, start), ...pieces, input.subarray(end)]);

const flipBits: Change = (input, random) => {
  const result = Buffer.from(input);
  for (let i = 0; i <= random(3) && result.length > 0; i++) result[random(result.length)]! ^= 1 << random(8);
  return result;
};
const setByte: Change = (input, random) => {
  const at = random(input.length + 1);
  const byte = [0, 0x0a, 0x0d, 0x20, 0x22, 0x25, 0x7f, 0x80, 0xff, random(256)][random(10)]!;
  return splice(input, at, at + random(2), Uint8Array.of(byte));
};
const insertToken: Change = (input, random, tokens) => {
  const at = random(input.length + 1);
  const token = tokens[random(tokens.length)] ?? Buffer.alloc(0);
  return splice(input, at, at + (random(2) === 0 ? 0 : token.length), token);
};
const remove: Change = (input, random) => {
  const at = random(input.length + 1);
  return splice(input, at, at + 1 + random(8));
};
const truncate: Change = (input, random) => input.subarray(0, random(input.length + 1));
const repeat: Change = (input, random) => {
  const start = random(input.length + 1);
  const piece = input.subarray(start, start + 1 + random(32));
  return splice(input, start, start, ...Array<Buffer>(1 + random(1 << random(8))).fill(piece));
};
const cross: Change = (input, random, _, other) =>
  Buffer.concat([input.subarray(0, random(input.length + 1)), other.subarray(random(other.length + 1))]);
const move: Change = (input, random) => {
  const start = random(input.length + 1);
  const piece = Buffer.from(input.subarray(start, start + 1 + random(16)));
  const rest = splice(input, start, start + piece.length);
  const at = random(rest.length + 1);
  return splice(rest, at, at, piece);
};

const changes = [flipBits, setByte, insertToken, insertToken, insertToken, remove, truncate, repeat, cross, move];

/** An input made from one of `corpus` by a few changes; at most `longest` bytes. */
export function mutate(corpus: readonly Buffer[], tokens: readonly Buffer[], random: Random, longest: number): Buffer {
  const pick = (): Buffer => corpus[random(corpus.length)] ?? Buffer.alloc(0);
  let input = pick();
  for (let left = 1 + random(5); left > 0; left--)
    input = changes[random(changes.length)]!(input, random, tokens, pick()).subarray(0, longest);
  return Buffer.from(input);
}
