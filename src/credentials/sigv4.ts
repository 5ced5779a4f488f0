/**
 * AWS Signature Version 4: what is signed, and with what, byte by byte. Pure.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac, hash } from 'node:crypto';
import type { Field } from '../model.js';

/** The only algorithm that is signed with here. */
export const algorithm = 'AWS4-HMAC-SHA256';

/** Hex SHA-256 of nothing. */
export const emptyHash = hash('sha256', '', 'hex');

/** What a signing key is good for. */
export interface Scope {
  /** `20130524` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** A request as far as a signature covers it. */
export interface Signable {
  readonly method: string;
  /** As it is sent. */
  readonly path: string;
  readonly query: string;
  /** The fields that are covered, Host among them, in any order. */
  readonly fields: readonly Field[];
  /** Hex SHA-256 of the body, or what stands for it. */
  readonly payload: string;
  /** S3 takes the path for what it says, and encodes it once; all others normalise it, and encode what is sent once more. */
  readonly literal: boolean;
}

/** `20130524T000000Z` for milliseconds since the epoch. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/[:-]|\.\d+/g, '');

/** `20130524/us-east-1/s3/aws4_request` */
export const printScope = ({ date, region, service }: Scope): string => `${date}/${region}/${service}/aws4_request`;

/** Percent-encodes every byte of a text of bytes but unreserved ones (RFC 3986 §2.3). */
export const encode = (bytes: string): string =>
  bytes.replace(/[^A-Za-z0-9._~-]/g, byte => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** One character a byte. */
const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const decode = (bytes: string): string =>
  bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** RFC 3986 §5.2.4, and no empty segments. */
function normalised(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

function canonicalPath({ path, literal }: Signable): string {
  const bytes = asBytes(path);
  return (literal ? decode(bytes) : normalised(bytes)).split('/').map(encode).join('/');
}

const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter(piece => piece !== '')
    .map(piece => {
      const at = piece.indexOf('=');
      // A plus is a space to whoever reads a query as a form, and so it is judged here.
      return (at < 0 ? [piece, ''] : [piece.slice(0, at), piece.slice(at + 1)]).map(part =>
        encode(decode(asBytes(part).replaceAll('+', ' '))),
      ) as [string, string];
    })
    .sort(([a, x], [b, y]) => before(a, b) || before(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Names in lower case with their values, those of one name joined by commas, in order. */
function canonicalFields(fields: readonly Field[]): readonly (readonly [string, string])[] {
  const values = new Map<string, string[]>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    values.set(key, [...(values.get(key) ?? []), value.replace(/^[ \t]+|[ \t]+$/g, '').replace(/ +/g, ' ')]);
  }
  return [...values].sort(([a], [b]) => before(a, b)).map(([name, all]) => [name, all.join(',')]);
}

/** The names of the fields that are covered: `host;x-amz-date`. */
export const signedFields = (fields: readonly Field[]): string =>
  canonicalFields(fields)
    .map(([name]) => name)
    .join(';');

/** The canonical request. Its characters are bytes. */
export function canonicalRequest(request: Signable): string {
  const lines = canonicalFields(request.fields).map(([name, value]) => `${name}:${value}\n`);
  return [
    request.method,
    canonicalPath(request),
    canonicalQuery(request.query),
    lines.join(''),
    signedFields(request.fields),
    request.payload,
  ].join('\n');
}

/** What is signed of a request. `time` is {@link timestamp}'s. */
export const stringToSign = (request: Signable, time: string, scope: Scope): string =>
  [algorithm, time, printScope(scope), hash('sha256', Buffer.from(canonicalRequest(request), 'latin1'), 'hex')].join(
    '\n',
  );

/** The key that signs within a scope. Whoever asks for it zeroes it. */
export function signingKey(secret: string, { date, region, service }: Scope): Buffer {
  const first = Buffer.from(`AWS4${secret}`);
  let key = first;
  for (const part of [date, region, service, 'aws4_request']) {
    const next = createHmac('sha256', key).update(part).digest();
    key.fill(0);
    key = next;
  }
  return key;
}

/** The signature of a text, in hex. */
export const signature = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('hex');
