/**
 * Decode: from the raw head of a request to the fields of the canonical request. Judges raw names and values, because
 * Node's `headers` keeps one of two duplicates. What two readers could understand in two ways is refused.
 */
import { Refusal } from '../errors.js';
import type { Authority, Field } from '../model.js';
import { type Direct, readBaseUrl } from './base-url.js';
import { isGrpc } from './grpc.js';
import { canonicalTarget, parseAuthority, sameAuthority } from './target.js';

/** The head of a request as it came, and how it came. */
export interface RawHead {
  readonly method: string;
  readonly target: string;
  /** Names and values in turn, as Node's `rawHeaders`. */
  readonly rawHeaders: readonly string[];
  /** The authority of the CONNECT whose tunnel this came through, or null for absolute-form requests. */
  readonly tunnel: Authority | null;
  /** For a request that came directly and names its upstream in its path; absent for all others. */
  readonly direct?: Direct;
  /** Server name of the TLS handshake within the tunnel; null when the client sent none, or without TLS. */
  readonly sni: string | null;
  /** Whether a body follows, when the framing says so and not the fields (HTTP/2). */
  readonly bodied?: boolean;
}

/** The head in canonical form. */
export interface Head extends Authority {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** End-to-end fields only, without Host and Content-Length. */
  readonly fields: readonly Field[];
  readonly upgrade: string | null;
  /** The client waits for `100 Continue`. */
  readonly expects: boolean;
  /** Has a body, by its framing. */
  readonly bodied: boolean;
  /** A call of gRPC over HTTP/2: who sends it may wait for an answer before the body goes on. */
  readonly streams: boolean;
  readonly mediaType: string | null;
  /** Content codings in the order in which they were applied, lower case. */
  readonly codings: readonly string[];
}

const refuse = (detail: string): never => {
  throw new Refusal('malformed_request', detail);
};

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const methods = /^[A-Z][A-Z-]{0,31}$/;
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'http2-settings',
  'alt-svc',
]);
const singular = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'content-type',
  'content-encoding',
  'authorization',
  'expect',
  'upgrade',
]);
// A Connection option may only name fields that are for this hop; naming these would hide them from one side.
const notForConnection = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'authorization',
  'cookie',
  'transfer-encoding',
]);

/** Most fields in a head; the size in bytes is held by the parser. */
export const maxFields = 100;

const matters = (name: string): boolean => singular.has(name) || hopByHop.has(name) || name.startsWith('proxy-');

/** Reads the fields once: what is refused is refused here. */
function readFields(raw: readonly string[]): Map<string, string[]> {
  if (raw.length > maxFields * 2) refuse(`There are more than ${maxFields} header fields.`);
  const seen = new Map<string, string[]>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    if (!token.test(name)) refuse('A header field has a name that is not a token.');
    if (/[\0\r\n]/.test(value)) refuse(`The field ${name} has a line break or NUL in it.`);
    // CGI and its heirs read `A_B` as `A-B`, and a field that is there twice as they please.
    if (name.includes('_') && matters(name.replaceAll('_', '-')))
      refuse(`Some servers take the field ${name} for ${name.replaceAll('_', '-')}.`);
    const values = seen.get(name);
    if (values === undefined) seen.set(name, [value]);
    else if (singular.has(name)) refuse(`The field ${name} occurs more than once.`);
    else values.push(value);
  }
  return seen;
}

function readFraming(seen: Map<string, string[]>): boolean {
  const length = seen.get('content-length')?.[0];
  const coding = seen.get('transfer-encoding')?.[0];
  if (length !== undefined && coding !== undefined)
    refuse('Both Content-Length and Transfer-Encoding say how long the body is.');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') refuse('Transfer-Encoding is not exactly "chunked".');
  if (length !== undefined && !/^(0|[1-9]\d{0,15})$/.test(length)) refuse('Content-Length is not one plain number.');
  return coding !== undefined || (length !== undefined && length !== '0');
}

function readAuthority(head: RawHead, seen: Map<string, string[]>): { authority: Authority; origin: string } {
  const host = seen.get('host')?.[0];
  if (head.tunnel !== null) {
    if (!head.target.startsWith('/')) refuse('Inside a tunnel the target starts with a slash.');
    if (host === undefined) return refuse('The Host field is missing.');
    const named = parseAuthority(host, head.tunnel.scheme, head.tunnel.scheme === 'https' ? 443 : 80);
    const mismatch = (what: string, name: string): never => {
      throw new Refusal(
        'authority_mismatch',
        `The tunnel is to ${head.tunnel!.host}:${head.tunnel!.port}, but ${what} says ${name}.`,
      );
    };
    if (!sameAuthority(named, head.tunnel)) mismatch('Host', `${named.host}:${named.port}`);
    if (head.sni !== null && head.sni.toLowerCase() !== head.tunnel.host)
      mismatch('the TLS server name', head.sni.toLowerCase());
    return { authority: head.tunnel, origin: head.target };
  }
  if (head.direct !== undefined) return readBaseUrl(head, head.direct);
  const match = /^(https?|wss?):\/\/([^/?#]*)(.*)$/is.exec(head.target);
  if (!match) return refuse('A request to a proxy names its target in full (http://host/path).');
  const scheme = /^(https|wss)$/i.test(match[1]!) ? 'https' : 'http';
  const authority = parseAuthority(match[2]!, scheme, scheme === 'https' ? 443 : 80);
  if (host !== undefined && !sameAuthority(parseAuthority(host, scheme, scheme === 'https' ? 443 : 80), authority)) {
    throw new Refusal(
      'authority_mismatch',
      `The target names ${authority.host}:${authority.port}, but Host says something else.`,
    );
  }
  const rest = match[3]!;
  return { authority, origin: rest === '' ? '/' : rest.startsWith('?') ? `/${rest}` : rest };
}

const mediaType = (value: string | undefined): string | null =>
  value === undefined ? null : value.split(';', 1)[0]!.trim().toLowerCase();

/**
 * The canonical head of a request. Throws `Refusal`: `malformed_request` for what can be read in two ways,
 * `authority_mismatch` when tunnel, TLS server name, target and Host don't name one authority.
 */
export function decode(head: RawHead): Head {
  if (!methods.test(head.method)) refuse('The method is not known in this form.');
  if (head.method === 'CONNECT' || head.method === 'TRACE') refuse(`${head.method} is not served here.`);
  const seen = readFields(head.rawHeaders);
  const framed = readFraming(seen);
  const bodied = head.bodied ?? framed;
  const { authority, origin } = readAuthority(head, seen);
  const { path, query } = canonicalTarget(origin);

  const options = (seen.get('connection') ?? [])
    .flatMap(value => value.split(','))
    .map(option => option.trim().toLowerCase());
  for (const option of options) if (notForConnection.has(option)) refuse(`Connection may not name ${option}.`);
  const dropped = new Set(options);
  const fields: Field[] = [];
  for (let i = 0; i < head.rawHeaders.length; i += 2) {
    const name = head.rawHeaders[i]!;
    const key = name.toLowerCase();
    if (!hopByHop.has(key) && !dropped.has(key) && !key.startsWith('proxy-'))
      fields.push([name, head.rawHeaders[i + 1]!]);
  }

  const expect = seen.get('expect')?.[0]?.toLowerCase();
  if (expect !== undefined && expect !== '100-continue')
    refuse('The only expectation that is understood is 100-continue.');
  const upgrade = options.includes('upgrade') ? (seen.get('upgrade')?.[0]?.toLowerCase() ?? null) : null;
  // Offers of h2c are ignored, as RFC 9110 §7.8 allows; nothing but WebSocket is carried.
  if (upgrade !== null && upgrade !== 'websocket' && upgrade !== 'h2c')
    refuse('The only upgrade that is carried is websocket.');
  if (seen.has('upgrade') && bodied) refuse('A request for an upgrade may not have a body.');
  if (upgrade === 'websocket' && head.method !== 'GET') refuse('An upgrade to websocket is asked for with GET.');
  return {
    scheme: authority.scheme,
    host: authority.host,
    port: authority.port,
    method: head.method,
    path,
    query,
    fields,
    upgrade: upgrade === 'websocket' ? upgrade : null,
    expects: expect !== undefined,
    bodied,
    streams: head.bodied === true && isGrpc(head.method, head.rawHeaders),
    mediaType: mediaType(seen.get('content-type')?.[0]),
    codings: (seen.get('content-encoding')?.[0] ?? '')
      .split(',')
      .map(c => c.trim().toLowerCase())
      .filter(c => c !== '' && c !== 'identity'),
  };
}
