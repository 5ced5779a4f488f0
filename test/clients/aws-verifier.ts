/**
 * Verifier: checks signatures as AWS does, written from its documentation and nothing of ours: the request's, those of chunks
 * and trailers, the hash of the body. Whatever is wrong is an error that says what.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import type { Received } from '../world.js';

export interface Keys {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
}

/** What was verified, and the content without its chunks. */
export interface Verified {
  readonly region: string;
  readonly service: string;
  readonly payload: string;
  readonly content: Buffer;
  readonly trailers: Readonly<Record<string, string>>;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const streaming = /^STREAMING-AWS4-HMAC-SHA256-PAYLOAD/;

/** Verifies a request that came at `now`. Throws if anything of it is not as the owner of these keys would sign it. */
export function verify({ method, target, headers, body }: Received, keys: Keys, now = Date.now()): Verified {
  const url = new URL(target, 'https://host.invalid');
  const [rawPath = ''] = target.split('?');
  const field = (name: string): string | undefined => headers[name] as string | undefined;
  const presigned = url.searchParams.has('X-Amz-Signature');
  assert.ok(!presigned || field('authorization') === undefined, 'signed in two places');
  const said = presigned
    ? {
        algorithm: url.searchParams.get('X-Amz-Algorithm'),
        credential: url.searchParams.get('X-Amz-Credential') ?? '',
        names: url.searchParams.get('X-Amz-SignedHeaders') ?? '',
        signature: url.searchParams.get('X-Amz-Signature') ?? '',
        date: url.searchParams.get('X-Amz-Date') ?? '',
        token: url.searchParams.get('X-Amz-Security-Token') ?? undefined,
      }
    : readAuthorization(field('authorization') ?? '', field('x-amz-date') ?? '', field('x-amz-security-token'));
  assert.equal(said.algorithm, 'AWS4-HMAC-SHA256');
  const [id, day, region = '', service = '', end, ...more] = said.credential.split('/');
  assert.deepEqual([id, end, more], [keys.id, 'aws4_request', []], 'the credential');
  assert.equal(said.token, keys.token, 'the session token');
  const at = Date.parse(said.date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  assert.equal(day, said.date.slice(0, 8));
  assert.ok(Math.abs(now - at) < 15 * 60_000, `the time: ${said.date}`);
  if (presigned) assert.ok(now - at < Number(url.searchParams.get('X-Amz-Expires')) * 1000, 'it has expired');

  const names = said.names.split(';');
  assert.deepEqual(names, [...names].sort());
  assert.ok(names.includes('host'));
  for (const name of Object.keys(headers))
    assert.ok(!/^(x-amz-.*|content-type)$/.test(name) || names.includes(name), `${name} is not signed`);

  const s3 = service === 's3';
  const payload = payloadOf(s3, presigned, field('x-amz-content-sha256'), body);
  const canonical = [
    method,
    rawPath
      .split('/')
      .map(segment => uriEncode(s3 ? decodeURIComponent(segment) : segment))
      .join('/'),
    [...url.searchParams]
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
      .sort(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&'),
    ...names.map(name => `${name}:${(field(name) ?? '').replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    payload,
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${keys.secret}`, day ?? ''));
  const sign = (kind: string, ...lines: string[]): string =>
    hmac(key, [kind, said.date, scope, ...lines].join('\n')).toString('hex');
  assert.equal(
    said.signature,
    sign('AWS4-HMAC-SHA256', sha256(Buffer.from(canonical, 'latin1'))),
    `the signature of\n${canonical}`,
  );

  if (!payload.startsWith('STREAMING-')) return { region, service, payload, content: body, trailers: {} };
  const read = readChunks(body, streaming.test(payload), said.signature, sign);
  assert.equal(String(read.content.length), field('x-amz-decoded-content-length'), 'the length of the content');
  assert.equal(Object.keys(read.trailers).join(','), field('x-amz-trailer') ?? '', 'the trailers that were announced');
  assert.equal('x-amz-trailer' in headers, payload.endsWith('-TRAILER'));
  return { region, service, payload, ...read };
}

function readAuthorization(text: string, date: string, token: string | undefined) {
  const match = /^(\S+) Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(text);
  assert.ok(match, `Authorization: ${text}`);
  const [, algorithm, credential = '', names = '', signature = ''] = match;
  return { algorithm, credential, names, signature, date, token };
}

/** S3 is told the hash, or that there is none; all others make it themselves. */
function payloadOf(s3: boolean, presigned: boolean, given: string | undefined, body: Buffer): string {
  if (s3 && presigned) return given ?? 'UNSIGNED-PAYLOAD';
  if (!s3) {
    assert.ok(given === undefined || given === sha256(body), 'the hash of the body');
    return sha256(body);
  }
  assert.ok(given !== undefined, 'S3 is told a hash');
  if (/^[0-9a-f]+$/.test(given)) assert.equal(given, sha256(body), 'the hash of the body');
  else assert.match(given, /^(UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER|STREAMING-AWS4-HMAC-SHA256-PAYLOAD)/);
  return given;
}

/** Undoes aws-chunked, and checks every signature in it if it is signed. */
function readChunks(
  body: Buffer,
  signed: boolean,
  seed: string,
  sign: (kind: string, ...lines: string[]) => string,
): Pick<Verified, 'content' | 'trailers'> {
  const content: Buffer[] = [];
  let last = seed;
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    assert.ok(end > 0, 'the last chunk is missing');
    const [size = '', extension] = body.toString('latin1', at, end).split(';');
    const length = Number.parseInt(size, 16);
    const data = body.subarray(end + 2, end + 2 + length);
    assert.equal(data.length, length, 'a chunk is cut off');
    if (signed) {
      last = sign('AWS4-HMAC-SHA256-PAYLOAD', last, sha256(''), sha256(data));
      assert.equal(extension, `chunk-signature=${last}`, 'the signature of a chunk');
    } else assert.equal(extension, undefined);
    if (length === 0)
      return { content: Buffer.concat(content), trailers: readTrailers(body, end + 2, signed, last, sign) };
    content.push(data);
    assert.equal(body.toString('latin1', end + 2 + length, end + 4 + length), '\r\n');
    at = end + 4 + length;
  }
}

function readTrailers(
  body: Buffer,
  from: number,
  signed: boolean,
  last: string,
  sign: (kind: string, ...lines: string[]) => string,
): Record<string, string> {
  const lines = body.toString('latin1', from).split('\r\n').filter(Boolean);
  const all = Object.fromEntries(lines.map(line => line.split(':') as [string, string]));
  const { 'x-amz-trailer-signature': made, ...trailers } = all;
  const text = Object.entries(trailers).map(([name, value]) => `${name}:${value}\n`);
  if (signed && text.length > 0)
    assert.equal(made, sign('AWS4-HMAC-SHA256-TRAILER', last, sha256(text.join(''))), 'the signature of the trailers');
  return trailers;
}
