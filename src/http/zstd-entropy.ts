/**
 * Zstandard's two entropy coders (RFC 8878 §4): finite state entropy and Huffman, their tables and bit streams. Everything
 * read here is attacker-controlled: what no encoder writes is an error, and work is bounded by what comes in and goes out.
 */

/** The data is no Zstandard, or none that is read here. */
export class ZstdError extends Error {}

/** Ends the decoding. */
export const corrupt = (what: string): never => {
  throw new ZstdError(`The zstd data can't be read: ${what}.`);
};

/** Position of the highest bit; `value` > 0. */
const log2 = (value: number): number => 31 - Math.clz32(value);

/** Bits that are read from the end to the beginning, the highest first (§4.1). */
export class BackwardBits {
  /** Bits that are left. */
  left: number;
  readonly #bytes: Uint8Array;

  /** Over all of `bytes`, whose last one has a 1 behind the last bit. */
  constructor(bytes: Uint8Array) {
    const last = bytes.at(-1) ?? 0;
    if (last === 0) corrupt('a bit stream has no end mark');
    this.#bytes = bytes;
    this.left = (bytes.length - 1) * 8 + log2(last);
  }

  /** The next bits (at most 24), without taking them; zeros stand before the beginning. */
  peek(count: number): number {
    const from = this.left - count;
    if (from < 0) return this.left <= 0 ? 0 : (this.#at(0) & ((1 << this.left) - 1)) << -from;
    return (this.#at(from) >>> (from & 7)) & ((1 << count) - 1);
  }

  /** Takes bits, at most 24. */
  take(count: number): number {
    if (count > this.left) corrupt('a bit stream is too short');
    const bits = this.peek(count);
    this.left -= count;
    return bits;
  }

  #at(bit: number): number {
    const bytes = this.#bytes;
    const at = bit >> 3;
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }
}

/** A decoding table of finite state entropy. By state: the symbol, and how the next state is made. */
export interface FseTable {
  /** States are numbers of so many bits. */
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** The table in which one symbol always follows (§3.1.1.3.2.1). */
export const constantTable = (symbol: number): FseTable => ({
  log: 0,
  symbols: Uint8Array.of(symbol),
  bits: new Uint8Array(1),
  bases: new Uint16Array(1),
});

/** Builds the table from the symbols' probabilities, -1 for "less than one" (§4.1.1). They sum up to 2^log. */
export function fseTable(log: number, counts: ArrayLike<number>): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(counts.length);
  let high = size;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    if (counts[symbol] === -1) symbols[--high] = symbol;
    next[symbol] = Math.abs(counts[symbol]!);
  }
  const step = (size >> 1) + (size >> 3) + 3;
  for (let symbol = 0, at = 0; symbol < counts.length; symbol++) {
    for (let i = 0; i < counts[symbol]!; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state]!;
    const value = next[symbol]!;
    next[symbol] = value + 1;
    bits[state] = log - log2(value);
    bases[state] = (value << bits[state]!) - size;
  }
  return { log, symbols, bits, bases };
}

/** Reads a table's description (§4.1.1); also says how many bytes it took. */
export function readFseTable(
  bytes: Uint8Array,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; length: number } {
  let at = 4;
  const peek = (count: number): number => {
    const byte = at >> 3;
    const three = (bytes[byte] ?? 0) | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    return (three >> (at & 7)) & ((1 << count) - 1);
  };
  const log = ((bytes[0] ?? 0) & 15) + 5;
  if (log > maxLog) corrupt('a table is too exact');
  const counts: number[] = [];
  for (let left = 1 << log; left > 0; ) {
    // Of the values up to left + 1 the first few need one bit less.
    const width = log2(left + 1) + 1;
    const short = (1 << width) - 2 - left;
    let value = peek(width - 1);
    if (value < short) at += width - 1;
    else {
      value = peek(width);
      at += width;
      if (value >= 1 << (width - 1)) value -= short;
    }
    counts.push(value - 1);
    left -= Math.abs(value - 1);
    for (let more = value === 0 + 1; more; ) {
      const zeros = peek(2);
      at += 2;
      for (let i = 0; i < zeros; i++) counts.push(0);
      more = zeros === 3;
      if (counts.length > 256) corrupt('a table has too many symbols');
    }
    if (counts.length > maxSymbol + 1) corrupt('a table has too many symbols');
  }
  const length = (at + 7) >> 3;
  if (length > bytes.length) corrupt('a table is cut short');
  return { table: fseTable(log, counts), length };
}

/** A decoding table of Huffman codes: by the next `log` bits, the symbol and how many of them are its code. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** Reads a tree's description (§4.2.1); also says how many bytes it took. */
export function readHuffmanTable(bytes: Uint8Array): { table: HuffmanTable; length: number } {
  const first = bytes[0] ?? 0;
  const length = 1 + (first < 128 ? first : (first - 126) >> 1);
  if (length > bytes.length || length === 1) corrupt('a Huffman tree is cut short');
  const body = bytes.subarray(1, length);
  const weights = first < 128 ? readWeights(body) : [];
  for (let i = 0; first >= 128 && i < first - 127; i++) weights.push(i & 1 ? body[i >> 1]! & 15 : body[i >> 1]! >> 4);
  return { table: huffmanTable(weights), length };
}

/** Weights in finite state entropy: two states take turns until the bits are used up (§4.2.1.2). */
function readWeights(bytes: Uint8Array): number[] {
  const { table, length } = readFseTable(bytes, 6, 12);
  const bits = new BackwardBits(bytes.subarray(length));
  const weights: number[] = [];
  const states = [bits.take(table.log), bits.take(table.log)];
  for (let turn = 0; ; turn ^= 1) {
    if (weights.length > 253) corrupt('a Huffman tree has too many symbols');
    const state = states[turn]!;
    weights.push(table.symbols[state]!);
    const width = table.bits[state]!;
    if (width > bits.left) {
      weights.push(table.symbols[states[turn ^ 1]!]!);
      return weights;
    }
    states[turn] = table.bases[state]! + bits.take(width);
  }
}

/** The last symbol's weight isn't written: it completes the tree. */
function huffmanTable(weights: number[]): HuffmanTable {
  const ranks = new Uint16Array(13);
  let sum = 0;
  for (const weight of weights) {
    if (weight > 11) corrupt('a Huffman code is too long');
    ranks[weight]! += 1;
    sum += (1 << weight) >> 1;
  }
  const log = sum === 0 ? 0 : log2(sum) + 1;
  const rest = (1 << log) - sum;
  if (sum === 0 || log > 11 || (rest & (rest - 1)) !== 0) corrupt('a Huffman tree is not complete');
  weights.push(log2(rest) + 1);
  ranks[log2(rest) + 1]! += 1;
  if (ranks[1]! < 2 || ranks[1]! & 1) corrupt('a Huffman tree has no longest codes');
  const symbols = new Uint8Array(1 << log);
  const bits = new Uint8Array(1 << log);
  for (let weight = 1, at = 0; weight <= log; weight++) {
    for (let symbol = 0; symbol < weights.length; symbol++) {
      if (weights[symbol] !== weight) continue;
      const end = at + ((1 << weight) >> 1);
      symbols.fill(symbol, at, end);
      bits.fill(log + 1 - weight, at, end);
      at = end;
    }
  }
  return { log, symbols, bits };
}

/** Decodes one stream of codes, which must fill `out` exactly (§4.2.2). */
export function readHuffman(bytes: Uint8Array, { log, symbols, bits }: HuffmanTable, out: Uint8Array): void {
  const stream = new BackwardBits(bytes);
  for (let i = 0; i < out.length; i++) {
    const index = stream.peek(log);
    out[i] = symbols[index]!;
    stream.left -= bits[index]!;
    if (stream.left < 0) corrupt('literals are cut short');
  }
  if (stream.left !== 0) corrupt('literals are longer than they say');
}
