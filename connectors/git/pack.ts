/**
 * The commits at the front of a pack (gitformat-pack), where git puts them: enough to see whether a push only adds to what a
 * ref pointed to before. An object is known by its hash, so a pack can leave commits out, but not lie about one.
 */
import type { RequestView } from '../../src/model.js';

const maxObjects = 5000;
const maxCommit = 64 << 10;
const maxTotal = 4 << 20;

const commit = 1;
const tag = 4;
const offsetDelta = 6;
const referenceDelta = 7;

interface Header {
  readonly type: number;
  /** Bytes once inflated. */
  readonly size: number;
  /** Where what follows the header begins. */
  readonly next: number;
}

/** Type and size: three bits and four, then seven a byte for as long as the highest is set. */
function readHeader(bytes: Uint8Array, at: number): Header | null {
  let byte = bytes[at++];
  if (byte === undefined) return null;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let scale = 16; byte & 128; scale *= 128) {
    byte = bytes[at++];
    if (byte === undefined || scale > 2 ** 32) return null;
    size += (byte & 127) * scale;
  }
  return { type, size, next: at };
}

/** How far in front of its delta a base is, and where the delta itself begins. */
function readOffset(bytes: Uint8Array, at: number): { back: number; next: number } | null {
  let byte = bytes[at++];
  if (byte === undefined) return null;
  let back = byte & 127;
  while (byte & 128) {
    byte = bytes[at++];
    if (byte === undefined || back > 2 ** 32) return null;
    back = (back + 1) * 128 + (byte & 127);
  }
  return { back, next: at };
}

/** A number of a delta's head: seven bits a byte, the lowest first. */
function readSize(delta: Uint8Array, at: number): { size: number; next: number } | null {
  let size = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = delta[at++];
    if (byte === undefined) return null;
    size += (byte & 127) * scale;
    if (!(byte & 128)) return { size, next: at };
  }
  return null;
}

/** A base with a delta applied; null if the delta isn't one for it, or makes too much. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array | null {
  const from = readSize(delta, 0);
  const to = from && readSize(delta, from.next);
  if (!from || !to || from.size !== base.length || to.size > maxCommit) return null;
  const result = new Uint8Array(to.size);
  let end = 0;
  for (let at = to.next; at < delta.length; ) {
    const code = delta[at++]!;
    let piece: Uint8Array;
    if (code & 128) {
      let offset = 0;
      let length = 0;
      for (let i = 0; i < 4; i++) if (code & (1 << i)) offset += (delta[at++] ?? 0) * 256 ** i;
      for (let i = 0; i < 3; i++) if (code & (16 << i)) length += (delta[at++] ?? 0) * 256 ** i;
      if (length === 0) length = 0x10000;
      if (offset + length > base.length) return null;
      piece = base.subarray(offset, offset + length);
    } else {
      if (code === 0 || at + code > delta.length) return null;
      piece = delta.subarray(at, at + code);
      at += code;
    }
    if (end + piece.length > result.length) return null;
    result.set(piece, end);
    end += piece.length;
  }
  return end === result.length ? result : null;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, character => character.charCodeAt(0));

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The parents that a commit's first lines name. */
function parentsOf(content: Uint8Array): readonly string[] {
  const head = String.fromCharCode(...content.subarray(0, 8192));
  const lines = head.split('\n');
  const parents: string[] = [];
  for (let i = 1; lines[i]?.startsWith('parent '); i++) parents.push(lines[i]!.slice('parent '.length));
  return parents;
}

/** Commit → its parents, for the commits at the front of the pack that begins at `at`; empty if there is no pack. */
export function readCommits(
  request: Pick<RequestView, 'bytes' | 'digest' | 'inflate'>,
  at: number,
  algorithm: 'sha1' | 'sha256',
): ReadonlyMap<string, readonly string[]> {
  const parents = new Map<string, readonly string[]>();
  const { bytes } = request;
  if (bytes === null || String.fromCharCode(...bytes.subarray(at, at + 4)) !== 'PACK') return parents;
  const contents = new Map<number | string, Uint8Array>();
  const name = algorithm === 'sha1' ? 20 : 32;
  let total = 0;
  at += 12;
  for (let objects = 0; objects < maxObjects && total < maxTotal; objects++) {
    const header = readHeader(bytes, at);
    if (header === null || ![commit, tag, offsetDelta, referenceDelta].includes(header.type)) break;
    let { next } = header;
    let base: number | string | null = null;
    if (header.type === offsetDelta) {
      const offset = readOffset(bytes, next);
      if (offset === null) break;
      base = at - offset.back;
      next = offset.next;
    } else if (header.type === referenceDelta) {
      base = Array.from(bytes.subarray(next, next + name), byte => byte.toString(16).padStart(2, '0')).join('');
      next += name;
    }
    const inflated = request.inflate(next, maxCommit);
    if (inflated === null || inflated.content.length !== header.size) break;
    total += inflated.content.length;
    // Deltas of what isn't a commit, or isn't here, are passed over.
    const known = base === null ? undefined : contents.get(base);
    const content = header.type === commit ? inflated.content : known && applyDelta(known, inflated.content);
    if (content) {
      // A delta of a few bytes can make much of its base.
      if (content !== inflated.content) total += content.length;
      const id = request.digest(algorithm, joined(ascii(`commit ${content.length}\0`), content));
      contents.set(at, content);
      contents.set(id, content);
      parents.set(id, parentsOf(content));
    }
    at = next + inflated.length;
  }
  return parents;
}

/**
 * Whether `before` is among the ancestors of `after`, as far as these commits tell: true, or the commits, known to the
 * server already, of which it would have to be one or an ancestor; none if there are more than `most` to go through.
 */
export function ancestry(
  commits: ReadonlyMap<string, readonly string[]>,
  before: string,
  after: string,
  most: number,
): true | readonly string[] {
  const seen = new Set([after]);
  for (const id of seen) {
    if (id === before) return true;
    if (seen.size > most) return [];
    for (const parent of commits.get(id) ?? []) seen.add(parent);
  }
  return [...seen].filter(id => !commits.has(id));
}
