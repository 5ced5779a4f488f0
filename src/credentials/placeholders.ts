/**
 * Placeholders: values that a run sets where an SDK wants a key. They are worth nothing, and belong nowhere but in the
 * place that injection overwrites; anywhere else the agent is sending what it takes for a secret to where it shouldn't.
 */
import type { CanonicalRequest, Field, Scheme } from '../model.js';
import { isField, parameterName, spotOf } from './scheme.js';

/** What every placeholder contains, whatever shape it has besides. */
export const placeholderMarker = 'tfplaceholder';

/** Whether a text or bytes contain a placeholder. */
export const containsPlaceholder = (content: string | Uint8Array): boolean =>
  typeof content === 'string'
    ? content.includes(placeholderMarker)
    : Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes(placeholderMarker);

/**
 * Where a request holds a placeholder (`the header field X-Key`, `the query parameter key`, `the path`, `the body`)
 * other than in the place of the scheme `except`; null if nowhere. Looks behind percent-encoding, and into the base64 of
 * Authorization. The names are the agent's own text.
 */
export function findPlaceholder(request: CanonicalRequest, except: Scheme | null): string | null {
  const spot = except === null ? null : spotOf(except);
  const own = spot !== null && 'field' in spot ? spot.field : null;
  const field = request.fields.find(field => (own === null || !isField(field, own)) && holdsPlaceholder(field));
  if (field !== undefined) return `the header field ${field[0]}`;
  if (inUrl(request.path)) return 'the path';
  for (const piece of request.query.split('&')) {
    const name = parameterName(piece);
    if (spot !== null && 'parameter' in spot && spot.parameter === name) continue;
    if (inUrl(piece)) return `the query parameter ${name}`;
  }
  return request.content !== null && containsPlaceholder(request.content) ? 'the body' : null;
}

/** Whether a header field holds one, also behind percent-encoding or the base64 of Authorization. */
export function holdsPlaceholder([name, value]: Field): boolean {
  if (containsPlaceholder(name) || inUrl(value)) return true;
  const basic = /^basic\s+(\S+)/i.exec(value)?.[1];
  return basic !== undefined && containsPlaceholder(Buffer.from(basic, 'base64'));
}

const inUrl = (text: string): boolean =>
  containsPlaceholder(text) || (text.includes('%') && containsPlaceholder(unescaped(text)));

const unescaped = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
