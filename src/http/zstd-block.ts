/**
 * Zstandard's compressed blocks (RFC 8878 §3.1.1.3): literals, and sequences that say how to weave them with what was
 * there before. Everything read here is attacker-controlled.
 */
import {
  BackwardBits,
  constantTable,
  corrupt,
  type FseTable,
  fseTable,
  type HuffmanTable,
  readFseTable,
  readHuffman,
  readHuffmanTable,
} from './zstd-entropy.js';

/** Most bytes that a block may have, coded or decoded. */
export const maxBlock = 128 << 10;

/** How one of the three numbers of a sequence is coded: values by code, and the table that holds if none is given (§3.1.1.3.2). */
interface Coder {
  readonly maxLog: number;
  readonly usual: FseTable;
  /** By code: how many bits follow it, and what they are added to. */
  readonly bits: readonly number[];
  readonly bases: readonly number[];
}

function coder(maxLog: number, bits: readonly number[], first: number, log: number, counts: readonly number[]): Coder {
  const bases: number[] = [];
  for (let code = 0, base = first; code < bits.length; base += 2 ** bits[code++]!) bases.push(base);
  return { maxLog, usual: fseTable(log, counts), bits, bases };
}

const times = (count: number, value: number): number[] => Array<number>(count).fill(value);

const literalLengths = coder(
  9,
  [...times(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  0,
  6,
  [4, 3, ...times(11, 2), 1, 1, 1, ...times(9, 2), 3, 2, ...times(5, 1), ...times(4, -1)],
);
const matchLengths = coder(
  9,
  [...times(32, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  3,
  6,
  [1, 4, 3, ...times(6, 2), ...times(37, 1), ...times(7, -1)],
);
// Codes are the numbers of bits; with windows of 8 MiB none above 23 is of use.
const offsets = coder(
  8,
  Array.from({ length: 32 }, (_, code) => code),
  1,
  5,
  [...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)],
);

/** What a frame carries from block to block. */
export interface Carried {
  huffman: HuffmanTable | null;
  readonly tables: (FseTable | null)[];
  /** The three offsets that were used last. */
  readonly recent: [number, number, number];
}

/** What a frame begins with. */
export const nothingCarried = (): Carried => ({ huffman: null, tables: [null, null, null], recent: [1, 4, 8] });

/** Where a block is decoded to. */
export interface Target {
  /** What the frame produced last stands before `start`. */
  readonly out: Buffer;
  readonly start: number;
  /** The block may not go on beyond this. */
  readonly limit: number;
  /** How far back a match may reach from `start`, unless the window ends before; in bytes. */
  readonly reach: number;
  readonly window: number;
}

/** Decodes a compressed block; returns where it ends in `out`. Throws `ZstdError`. */
export function readBlock(bytes: Buffer, carried: Carried, target: Target): number {
  const { literals, length } = readLiterals(bytes, carried);
  const first = bytes[length] ?? corrupt('a block has no sequences');
  let at = length + 1;
  let count = first;
  if (first === 255) {
    if (at + 2 > bytes.length) corrupt('a block is cut short');
    count = bytes.readUInt16LE(at) + 0x7f00;
    at += 2;
  } else if (first > 127) count = ((first - 128) << 8) | (bytes[at++] ?? corrupt('a block is cut short'));
  let taken = 0;
  let end = target.start;
  if (count > 0) {
    const rest = bytes.subarray(at);
    const body = readTables(rest, carried.tables);
    const bits = new BackwardBits(rest.subarray(body));
    ({ taken, end } = readSequences(bits, count, carried, literals, target));
  } else if (at !== bytes.length || first !== 0) corrupt('a block has more than it says');
  const left = literals.subarray(taken);
  if (end + left.length > target.limit) corrupt('a block decodes to too much');
  target.out.set(left, end);
  return end + left.length;
}

/** Executes the sequences (§3.1.1.4); says how many literals they took, and where they end. */
function readSequences(
  bits: BackwardBits,
  count: number,
  { tables, recent }: Carried,
  literals: Uint8Array,
  { out, start, limit, reach, window }: Target,
): { taken: number; end: number } {
  const [lengths, distances, matches] = tables as [FseTable, FseTable, FseTable];
  let literalState = bits.take(lengths.log);
  let offsetState = bits.take(distances.log);
  let matchState = bits.take(matches.log);
  let taken = 0;
  let end = start;
  for (let left = count; left > 0; left--) {
    const offsetCode = distances.symbols[offsetState]!;
    if (offsetCode > 24) corrupt('a match is too far back');
    const matchCode = matches.symbols[matchState]!;
    const literalCode = lengths.symbols[literalState]!;
    const code = offsets.bases[offsetCode]! + bits.take(offsets.bits[offsetCode]!);
    const match = matchLengths.bases[matchCode]! + bits.take(matchLengths.bits[matchCode]!);
    const copied = literalLengths.bases[literalCode]! + bits.take(literalLengths.bits[literalCode]!);
    if (left > 1) {
      literalState = lengths.bases[literalState]! + bits.take(lengths.bits[literalState]!);
      matchState = matches.bases[matchState]! + bits.take(matches.bits[matchState]!);
      offsetState = distances.bases[offsetState]! + bits.take(distances.bits[offsetState]!);
    }
    const offset = repeated(recent, code, copied === 0);
    if (taken + copied > literals.length || end + copied + match > limit) corrupt('a sequence is too long');
    for (let i = 0; i < copied; i++) out[end + i] = literals[taken + i]!;
    taken += copied;
    end += copied;
    if (offset > window || offset > reach + end - start) corrupt('a match is too far back');
    for (let i = 0; i < match; i++) out[end + i] = out[end + i - offset]!;
    end += match;
  }
  if (bits.left !== 0) corrupt('a block has more than it says');
  return { taken, end };
}

/** The offset that a code stands for; three of them are those that were used last (§3.1.1.5). */
function repeated(recent: [number, number, number], code: number, noLiterals: boolean): number {
  const which = code > 3 ? 4 : code - (noLiterals ? 0 : 1);
  if (which === 0) return recent[0];
  const offset = code > 3 ? code - 3 : which === 3 ? recent[0] - 1 : recent[which as 1 | 2];
  if (offset === 0) corrupt('a match has no distance');
  if (which !== 1) recent[2] = recent[1];
  recent[1] = recent[0];
  recent[0] = offset;
  return offset;
}

/** The literals of a block (§3.1.1.3.1), and how many bytes they took. */
function readLiterals(bytes: Buffer, carried: Carried): { literals: Uint8Array; length: number } {
  const type = bytes[0]! & 3;
  const format = (bytes[0]! >> 2) & 3;
  const plain = type < 2;
  const header = plain ? [1, 2, 1, 3][format]! : [3, 3, 4, 5][format]!;
  if (bytes.length < header) corrupt('literals are cut short');
  const bits = bytes.readUIntLE(0, header);
  if (plain) {
    const size = Math.floor(bits / (header === 1 ? 8 : 16));
    const length = header + (type === 0 ? size : 1);
    if (size > maxBlock || length > bytes.length) corrupt('literals are cut short');
    return {
      literals: type === 0 ? bytes.subarray(header, length) : new Uint8Array(size).fill(bytes[header]!),
      length,
    };
  }
  const width = [10, 10, 14, 18][format]!;
  const size = Math.floor(bits / 16) % 2 ** width;
  const length = header + Math.floor(bits / 2 ** (4 + width));
  if (size > maxBlock || length > bytes.length) corrupt('literals are cut short');
  let body = bytes.subarray(header, length);
  if (type === 2) {
    const tree = readHuffmanTable(body);
    carried.huffman = tree.table;
    body = body.subarray(tree.length);
  }
  const table = carried.huffman ?? corrupt('literals have no Huffman tree');
  const literals = new Uint8Array(size);
  if (format === 0) readHuffman(body, table, literals);
  else readFour(body, table, literals);
  return { literals, length };
}

/** Four streams, each with a quarter of the literals (§3.1.1.3.1.6). */
function readFour(bytes: Buffer, table: HuffmanTable, literals: Uint8Array): void {
  if (bytes.length < 10 || literals.length < 6) corrupt('literals are cut short');
  const quarter = (literals.length + 3) >> 2;
  for (let i = 0, at = 6; i < 4; i++) {
    const end = i === 3 ? bytes.length : at + bytes.readUInt16LE(2 * i);
    if (end > bytes.length) corrupt('literals are cut short');
    readHuffman(
      bytes.subarray(at, end),
      table,
      literals.subarray(quarter * i, i === 3 ? undefined : quarter * (i + 1)),
    );
    at = end;
  }
}

const coders = [literalLengths, offsets, matchLengths] as const;

/** Reads the tables of a block's sequences into `tables`; returns how many bytes they took (§3.1.1.3.2.1). */
function readTables(bytes: Buffer, tables: (FseTable | null)[]): number {
  const modes = bytes[0] ?? corrupt('a block is cut short');
  if (modes & 3) corrupt('a reserved bit is set');
  let at = 1;
  for (const [i, { usual, maxLog, bits }] of coders.entries()) {
    const mode = (modes >> (6 - 2 * i)) & 3;
    if (mode === 0) tables[i] = usual;
    else if (mode === 1) {
      const symbol = bytes[at++] ?? bits.length;
      if (symbol >= bits.length) corrupt('a table has an unknown symbol');
      tables[i] = constantTable(symbol);
    } else if (mode === 2) {
      const { table, length } = readFseTable(bytes.subarray(at), maxLog, bits.length - 1);
      tables[i] = table;
      at += length;
    } else if (tables[i] === null) corrupt('a table is to be repeated, and there was none');
  }
  return at;
}
