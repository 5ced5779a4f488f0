/** Schemes: which there are, what values they take, and where on a request their credentials stand. */
import type { Field, Scheme } from '../model.js';
import { isStructured, readMembers, secretMembers } from './structured.js';

/** Fields that say how a message is framed or routed, and so can't hold credentials. */
const reserved = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-connection',
]);

/**
 * Reads `bearer`, `basic`, `webhook`, `header:NAME` (a field name, RFC 9110 §5.1), `query:NAME`, the name of a structured scheme, or
 * `vault:` and a scheme that isn't one; null if it is none of them.
 */
export function parseScheme(text: string): Scheme | null {
  if (text === 'bearer' || text === 'basic' || text === 'webhook') return text;
  if (text.startsWith('vault:')) {
    const inner = parseScheme(text.slice('vault:'.length));
    return inner === null || (isStructured(inner) && inner !== 'sigv4') ? null : (text as Scheme);
  }
  if (isStructured(text)) return text as Scheme;
  const [, kind, name = ''] = /^(header|query):(.{1,128})$/.exec(text) ?? [];
  if (kind === 'header' && /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && !reserved.has(name.toLowerCase())) {
    return `header:${name}`;
  }
  return kind === 'query' && /^[\x21-\x7e]+$/.test(name) ? `query:${name}` : null;
}

/** Where a scheme's credentials stand: a header field, or a query parameter. */
export type Spot = { readonly field: string } | { readonly parameter: string };

/** The spot of a scheme. */
export function spotOf(scheme: Scheme): Spot {
  if (scheme.startsWith('vault:')) return spotOf(scheme.slice('vault:'.length) as Scheme);
  if (scheme.startsWith('query:')) return { parameter: scheme.slice(6) };
  if (scheme === 'webhook') return { field: 'webhook-signature' };
  return { field: scheme.startsWith('header:') ? scheme.slice(7) : 'Authorization' };
}

/** Whether a field is the one of this name. CGI and its heirs read `X_Key` as `X-Key`: so do we. */
export const isField = ([own]: Field, name: string): boolean =>
  own.length === name.length && folded(own) === folded(name);

const folded = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/** The decoded name of one `name=value` piece of a query, as the URL standard reads it. */
export const parameterName = (piece: string): string => {
  // The ampersand keeps URLSearchParams from dropping a leading question mark.
  for (const name of new URLSearchParams(`&${piece}`).keys()) return name;
  return '';
};

/** Why a scheme can't carry this value, as a clause that doesn't quote it; null if it can. */
export function valueFault(scheme: Scheme, value: Uint8Array): string | null {
  if (value.length === 0) return 'the value is empty';
  if (isStructured(scheme)) {
    const members = readMembers(scheme, value);
    return typeof members === 'string' ? members : null;
  }
  if (value.some(byte => byte === 0x0d || byte === 0x0a || byte === 0)) {
    return 'the value holds a line break or NUL (was it pasted with a newline?)';
  }
  if (scheme === 'webhook') {
    const [, key = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(Buffer.from(value).toString('latin1')) ?? [];
    const bytes = Buffer.from(key, 'base64');
    const sound = bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === key;
    return sound ? null : 'the value is not whsec_ and the base64 of 24 to 64 bytes';
  }
  if (scheme.startsWith('query:') || scheme === 'basic') {
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (!text.equals(Buffer.from(text.toString('utf8')))) return 'the value is not UTF-8';
    return value.some(byte => byte < 0x20 || byte === 0x7f) ? 'the value holds a control character' : null;
  }
  const low = scheme === 'bearer' ? 0x21 : 0x20;
  if (value.some(byte => byte < low || byte > 0x7e)) {
    return `the value holds a character that ${scheme === 'bearer' ? 'a bearer token' : 'a header'} can't carry`;
  }
  return value[0] === 0x20 || value.at(-1) === 0x20 ? 'the value begins or ends with a space' : null;
}

/**
 * The parts of a value that are secret by themselves: all of it, and of `user:password` the password too (or the user,
 * where an API takes its key as the user and an empty password); of a webhook's the key in either form. Views, but for the
 * members of an object and that key.
 */
export function secretParts(value: Buffer, scheme: Scheme): Buffer[] {
  if (isStructured(scheme)) return [value, ...secretMembers(scheme, value)];
  if (scheme === 'webhook') {
    const bare = value.subarray('whsec_'.length);
    return [value, bare, Buffer.from(bare.toString('latin1'), 'base64')];
  }
  const colon = scheme === 'basic' ? value.indexOf(0x3a) : -1;
  if (colon < 0) return [value];
  return [value, colon === value.length - 1 ? value.subarray(0, colon) : value.subarray(colon + 1)];
}
