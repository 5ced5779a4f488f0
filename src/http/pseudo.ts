/**
 * Pseudo: the head of a stream of HTTP/2 (RFC 9113 §8), as the head that requests of HTTP/1.1 have. nghttp2 has refused most
 * of what is refused here; nobody need rely on it. Everything is attacker-controlled.
 */
import { Refusal } from '../errors.js';
import type { RawHead } from './decode.js';
import { connectionSpecific } from './h2.js';

/** Largest head: names, values and 32 bytes for each field, as SETTINGS_MAX_HEADER_LIST_SIZE counts. */
export const maxHeadSize = 16 << 10;

const known = new Set([':method', ':scheme', ':authority', ':path']);

const refuse = (detail: string): never => {
  throw new Refusal('malformed_request', detail);
};

/**
 * Reads names and values in turn. `ended`: no body follows. Throws `Refusal` (`malformed_request`, `authority_mismatch`).
 * The authority comes out as the Host field, and the crumbs of a cookie as one field (§8.2.3).
 */
export function streamHead(raw: readonly string[], ended: boolean, from: Pick<RawHead, 'tunnel' | 'sni'>): RawHead {
  const pseudo = new Map<string, string>();
  const fields = ['host', ''];
  let host: string | undefined;
  let cookie = 0;
  let size = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    size += name.length + value.length + 32;
    if (size > maxHeadSize) refuse('The head of the request is too large.');
    if (name.startsWith(':')) {
      if (fields.length > 2 || host !== undefined) refuse('A pseudo-header field stands behind a field.');
      if (!known.has(name)) refuse('There is a pseudo-header field that no request here has.');
      if (pseudo.has(name)) refuse(`The pseudo-header field ${name} occurs more than once.`);
      pseudo.set(name, value);
      continue;
    }
    if (name !== name.toLowerCase()) refuse('A field has a name that is not in lower case.');
    if (connectionSpecific.has(name)) refuse(`The field ${name} has no place in HTTP/2.`);
    if (name === 'te' && value.toLowerCase() !== 'trailers') refuse('TE is not exactly "trailers".');
    if (name === 'content-length' && ended && value !== '0')
      refuse('Content-Length announces a body that never comes.');
    if (name === 'host') {
      if (host !== undefined) refuse('The field host occurs more than once.');
      host = value;
    } else if (name === 'cookie' && cookie > 0) {
      // A field that ends with a space is none to HTTP/2 (RFC 9113 §8.2.1): the upstream would not see any of it.
      if (value !== '') fields[cookie] += `; ${value}`;
    } else {
      if (name === 'cookie') cookie = fields.length + 1;
      fields.push(name, value);
    }
  }
  const method = pseudo.get(':method') ?? refuse('The pseudo-header field :method is missing.');
  if (method === 'CONNECT') refuse('A tunnel may not be opened inside a tunnel.');
  const target = pseudo.get(':path') ?? refuse('The pseudo-header field :path is missing.');
  if (pseudo.get(':scheme') !== 'https') refuse('The pseudo-header field :scheme does not say https.');
  const authority = pseudo.get(':authority');
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase())
    refuse('The field host says something else than :authority.');
  fields[1] = authority ?? host ?? refuse('Neither :authority nor host names the authority.');
  return { method, target, rawHeaders: fields, tunnel: from.tunnel, sni: from.sni, bodied: !ended };
}
