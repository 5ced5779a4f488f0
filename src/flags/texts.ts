/** Texts: what a body says to people or to other agents, as strings. Attacker-controlled. */
import { readPairs } from '../action/form.js';
import { decodeText, isObject, type Json, readJson } from '../action/json.js';
import { mediaType } from '../action/media-type.js';

/** More text than this, in characters, is not looked at; nor are more strings. */
export const limits = { characters: 256 * 1024, strings: 5_000, encoded: 64 * 1024, runs: 32 };

const lossy = new TextDecoder('utf-8');

/** The strings of a body. What can't be read in its own form is one long string. */
export function textsIn(content: Uint8Array, contentType: string): readonly string[] {
  const bytes = content.subarray(0, limits.characters);
  const text = decodeText(bytes) ?? lossy.decode(bytes);
  const { kind } = mediaType(contentType);
  if (kind === 'form') {
    const pairs = readPairs(text);
    if (pairs !== undefined) return pairs.map(([, value]) => value).filter(value => value !== '');
  }
  // Also what is not said to be JSON: whoever reads it may try.
  if (kind !== 'multipart' && /^\s*[[{]/.test(text)) {
    const document = readJson(text);
    if (document !== undefined && typeof document !== 'symbol') return strings(document);
  }
  return [kind === 'json' || kind === 'lines' ? unescaped(text) : text];
}

/** All strings of a document, its members' names too: a name may be a sentence. */
export function strings(document: unknown): readonly string[] {
  const found: string[] = [];
  const walk = (value: Json): void => {
    if (found.length >= limits.strings) return;
    if (typeof value === 'string') found.push(value);
    else if (Array.isArray(value)) for (const each of value) walk(each);
    else if (isObject(value))
      for (const [name, each] of Object.entries(value)) {
        if (name.length > 24) found.push(name);
        walk(each);
      }
  };
  walk(document as Json);
  return found;
}

/** What JSON escapes, in a document that isn't one. */
const unescaped = (text: string): string =>
  text
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\[nr]/g, '\n')
    .replace(/\\"/g, '"');

const run = /[A-Za-z0-9+/_-]{24,}={0,2}/g;

/** What stands in a text as base64 (RFC 4648 §4, §5) and is text itself; bounded, and not looked into again. */
export function decodedIn(text: string): readonly string[] {
  const found: string[] = [];
  let left = limits.encoded;
  for (const [encoded] of text.matchAll(run)) {
    if (found.length >= limits.runs || left <= 0) break;
    const piece = encoded.slice(0, left);
    left -= piece.length;
    const decoded = decodeText(Buffer.from(piece, 'base64url'));
    if (decoded !== undefined && printable(decoded)) found.push(decoded);
  }
  return found;
}

/** Whether it reads as words rather than as chance. */
function printable(text: string): boolean {
  const words = text.match(/[\p{L}\p{N} .,:;!?'"()\n-]/gu)?.length ?? 0;
  return text.length >= 12 && words / [...text].length > 0.9 && /\p{L}\p{L}\s+\p{L}\p{L}/u.test(text);
}
