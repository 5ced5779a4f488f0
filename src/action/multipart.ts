/**
 * Multipart forms (RFC 7578), read strictly: the fields without a file name, as pairs. Files are named, not read.
 * Everything read here is attacker-controlled.
 */
import type { Pairs } from './form.js';
import { decodeText } from './json.js';
import { plainCharset } from './media-type.js';

const maxParts = 100;

/** What a form holds. */
export interface Multipart {
  /** Fields in order. */
  readonly fields: Pairs;
  /** Names of the parts with a file name. Some readers take their content for a field's value. */
  readonly files: readonly string[];
}

/** Position of `wanted` in `bytes` from `from`, or -1. */
function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** The name of a part's field, and whether it is a file; undefined if the head could be read in two ways. */
function readHead(head: string): { name: string; file: boolean } | undefined {
  const seen = new Map<string, string>();
  for (const line of head.split('\r\n')) {
    const [, field, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*)$/.exec(line) ?? [];
    const key = field?.toLowerCase();
    if (key === undefined || value === undefined || seen.has(key)) return undefined;
    seen.set(key, value);
  }
  // One plain spelling only: readers differ over escapes, `filename*` and the order of parameters.
  const [, name, file] =
    /^form-data; name="([^"\\\r\n%\0]*)"(; filename="[^"\\\r\n]*")?$/.exec(seen.get('content-disposition') ?? '') ?? [];
  if (name === undefined || seen.has('content-transfer-encoding')) return undefined;
  const type = seen.get('content-type') ?? '';
  if (file === undefined && (/^multipart\//i.test(type) || !plainCharset(type))) return undefined;
  return { name, file: file !== undefined };
}

/**
 * The fields of a multipart form. Undefined if it isn't one, or could be read in two ways: a preamble or epilogue, a broken
 * head, a boundary at the wrong place, a field that isn't UTF-8 or has NUL in it, `_charset_`, more than 100 parts.
 */
export function readMultipart(bytes: Uint8Array, boundary: string): Multipart | undefined {
  const encoder = new TextEncoder();
  const opening = encoder.encode(`--${boundary}`);
  const blank = encoder.encode('\r\n\r\n');
  const fields: [string, string][] = [];
  const files: string[] = [];
  // Lenient readers see a boundary behind a bare line feed, or anywhere: each one must be where we see it too.
  const next = (from: number): number => {
    const at = find(bytes, opening, from);
    return at >= 2 && bytes[at - 2] === 13 && bytes[at - 1] === 10 ? at : -1;
  };
  if (find(bytes, opening, 0) !== 0) return undefined;
  for (let at = opening.length; ; ) {
    const mark = String.fromCharCode(...bytes.subarray(at, at + 2));
    if (mark === '--') {
      const rest = String.fromCharCode(...bytes.subarray(at + 2, at + 5));
      return rest === '' || rest === '\r\n' ? { fields, files } : undefined;
    }
    const headEnd = find(bytes, blank, at);
    const end = next(at);
    // A boundary right behind the head ends a part without content for some, and is content for others.
    if (mark !== '\r\n' || headEnd < 0 || end < headEnd + 6 || fields.length + files.length === maxParts)
      return undefined;
    const head = readHead(decodeText(bytes.subarray(at + 2, headEnd)) ?? '');
    if (head === undefined) return undefined;
    if (head.file) files.push(head.name);
    else {
      const value = decodeText(bytes.subarray(headEnd + 4, end - 2));
      if (value === undefined || value.includes('\0') || head.name === '_charset_') return undefined;
      fields.push([head.name, value]);
    }
    at = end + opening.length;
  }
}
