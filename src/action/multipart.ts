/**
 * Multipart forms (RFC 7578), read strictly: the fields without a file name, as pairs. Files are named, not read.
 * Everything read here is attacker-controlled.
 */
import type { Pairs } from './form.js';
import { decodeText } from './json.js';

const maxParts = 100;

/** Position of `wanted` in `bytes` from `from`, or -1. */
function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** The name of a part's field, and whether it is a file; undefined if the head could be read in two ways. */
function readHead(head: string): { name: string; file: boolean } | undefined {
  let found: { name: string; file: boolean } | undefined;
  for (const line of head.split('\r\n')) {
    const [, field, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*)$/.exec(line) ?? [];
    if (field === undefined || value === undefined) return undefined;
    if (field.toLowerCase() === 'content-transfer-encoding') return undefined;
    if (field.toLowerCase() !== 'content-disposition') continue;
    // One plain spelling only: readers differ over escapes, `filename*` and the order of parameters.
    const match = /^form-data; name="([^"\\\r\n%]*)"(; filename="[^"\\\r\n]*")?$/.exec(value);
    if (found !== undefined || match === null) return undefined;
    found = { name: match[1]!, file: match[2] !== undefined };
  }
  return found;
}

/**
 * The fields of a multipart form in order; a file's value is empty. Undefined if it isn't one, or could be read in two
 * ways: a preamble or epilogue, a broken head, a field that isn't UTF-8, more than 100 parts.
 */
export function readMultipart(bytes: Uint8Array, boundary: string): Pairs | undefined {
  const encoder = new TextEncoder();
  const delimiter = encoder.encode(`\r\n--${boundary}`);
  const blank = encoder.encode('\r\n\r\n');
  const pairs: [string, string][] = [];
  const opening = encoder.encode(`--${boundary}`);
  if (!opening.every((byte, i) => bytes[i] === byte)) return undefined;
  for (let at = opening.length; ; ) {
    const mark = String.fromCharCode(...bytes.subarray(at, at + 2));
    if (mark === '--') {
      const rest = String.fromCharCode(...bytes.subarray(at + 2, at + 5));
      return rest === '' || rest === '\r\n' ? pairs : undefined;
    }
    const headEnd = find(bytes, blank, at);
    const end = headEnd < 0 ? -1 : find(bytes, delimiter, headEnd + 2);
    if (mark !== '\r\n' || end < 0 || pairs.length === maxParts) return undefined;
    const head = readHead(decodeText(bytes.subarray(at + 2, headEnd)) ?? '');
    const value = head?.file === false ? decodeText(bytes.subarray(headEnd + 4, Math.max(headEnd + 4, end))) : '';
    if (head === undefined || value === undefined) return undefined;
    pairs.push([head.name, value]);
    at = end + delimiter.length;
  }
}
