/** Injection: the vault's credentials take the place of whatever the agent put there. */
import { Refusal } from '../errors.js';
import type { CanonicalRequest, Field, Scheme } from '../model.js';
import { isField, parameterName, spotOf, valueFault } from './scheme.js';
import { withoutSignature } from './sigv4-own.js';
import { isStructured } from './structured.js';

/** What the route knows about the place. */
export interface Place {
  /** User of a basic secret that is only a password. */
  readonly user?: string;
  /** The scheme that it usually takes; one of a header may want a `prefix` in front of its secret (`SSWS`). */
  readonly scheme?: Scheme;
  readonly prefix?: string;
}

/** A secret on loan; a lease of the vault is one. */
export interface Loaned {
  readonly scheme: Scheme;
  readonly value: Buffer;
}

/**
 * The request with the secret in its scheme's place, and whether the agent's own credentials stood there. For `basic`
 * a value with a colon is `user:password`; one without is the password of `place.user`. Throws Refusal
 * `credential_unavailable` if the scheme can't carry the value.
 */
export function inject(
  request: CanonicalRequest,
  lease: Loaned,
  place: Place = {},
): { request: CanonicalRequest; replaced: boolean } {
  const { scheme, value } = lease;
  // What is exchanged or signed with is never sent itself.
  if (isStructured(scheme) || scheme === 'webhook')
    throw new Refusal('credential_unavailable', `A secret for ${scheme} can't be sent as it is.`);
  const fault = valueFault(scheme, value);
  if (fault !== null) throw new Refusal('credential_unavailable', `The secret can't be sent: ${fault}.`);
  const spot = spotOf(scheme);
  if ('field' in spot) return putField(request, [spot.field, credentials(scheme, value, place)]);
  return putParameter(request, spot.parameter, `${encoded(spot.parameter)}=${encoded(value.toString('utf8'))}`);
}

/** The request without the agent's own credentials in this scheme's place, and whether there were any. */
export function stripOwn(request: CanonicalRequest, scheme: Scheme): { request: CanonicalRequest; removed: boolean } {
  if (/(^|:)sigv4$/.test(scheme)) return withoutSignature(request);
  const spot = spotOf(scheme);
  const { request: stripped, replaced } =
    'field' in spot ? putField(request, null, spot.field) : putParameter(request, spot.parameter, null);
  return { request: stripped, removed: replaced };
}

/** The field value of a header scheme. */
function credentials(scheme: Scheme, value: Buffer, place: Place): string {
  if (scheme === 'bearer') return `Bearer ${value.toString('latin1')}`;
  if (scheme !== 'basic') {
    const text = value.toString('latin1');
    // Another secret than the usual one stands as it is, and so does one that was pasted with its prefix.
    const bare = place.prefix === undefined || scheme !== place.scheme || text.startsWith(`${place.prefix} `);
    return bare ? text : `${place.prefix} ${text}`;
  }
  if (value.includes(0x3a)) return `Basic ${value.toString('base64')}`;
  if (place.user === undefined) {
    throw new Refusal(
      'credential_unavailable',
      "The secret can't be sent: basic needs `user:password`, and it has no colon.",
    );
  }
  // RFC 7617 §2: everything after the first colon is the password.
  if (/[:\u0000-\u001f\u007f]/.test(place.user))
    throw new Refusal('credential_unavailable', 'The user name of a basic secret holds a colon.');
  const pair = Buffer.concat([Buffer.from(`${place.user}:`), value]);
  const text = `Basic ${pair.toString('base64')}`;
  pair.fill(0);
  return text;
}

function putField(
  request: CanonicalRequest,
  field: Field | null,
  name: string = field?.[0] ?? '',
): { request: CanonicalRequest; replaced: boolean } {
  if (field === null && !request.fields.some(own => isField(own, name))) return { request, replaced: false };
  const kept = request.fields.filter(own => !isField(own, name));
  const replaced = kept.length < request.fields.length;
  return { request: { ...request, fields: field === null ? kept : [...kept, field] }, replaced };
}

function putParameter(
  request: CanonicalRequest,
  name: string,
  piece: string | null,
): { request: CanonicalRequest; replaced: boolean } {
  if (piece === null && request.query === '') return { request, replaced: false };
  const pieces = request.query === '' ? [] : request.query.split('&');
  const kept = pieces.filter(own => parameterName(own) !== name);
  const replaced = kept.length < pieces.length;
  return { request: { ...request, query: (piece === null ? kept : [...kept, piece]).join('&') }, replaced };
}

/** Percent-encodes all but unreserved characters (RFC 3986 §2.3). */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
