/**
 * Base URL: requests of clients that can't use a proxy, but let the address of their API be set. What they send to
 * `http://127.0.0.1:PORT/_/HOST[:PORT]/rest` is judged, and goes on, as an https request to HOST for `/rest`.
 */
import { isIPv4 } from 'node:net';
import { Refusal } from '../errors.js';
import type { Run } from '../identity/runs.js';
import type { Authority } from '../model.js';
import { readCredentials } from './authenticate.js';
import type { RawHead } from './decode.js';
import type { Origin } from './exchange.js';
import { canonicalHost, parseAuthority } from './target.js';

/** How a request came that names its upstream in its path. */
export interface Direct {
  /** The address of ours that it came to. */
  readonly address: string;
  /** The token that it showed, which must go no further; null if it showed none that is known. */
  readonly token: string | null;
  /** Host names under which it may be addressed, besides its addresses. */
  readonly names: ReadonlySet<string>;
}

/** Where clients put the key of an API; here it is the token of the run. */
const places = ['proxy-authorization', 'authorization', 'x-api-key', 'api-key', 'x-goog-api-key'];

/** Whether a target in origin form names an upstream. */
export const isBaseUrl = (target: string): boolean => target.startsWith('/_/');

/** What could be a token in the value of such a field: a key as it stands, behind a scheme, or either part of Basic. */
function candidates(value: string): string[] {
  const [scheme = '', parameter] = value.trim().split(/ +/);
  if (parameter === undefined) return [scheme];
  if (scheme.toLowerCase() !== 'basic') return [parameter];
  const credentials = readCredentials(value);
  return credentials === null ? [] : [credentials.token, credentials.gateway ?? ''];
}

/**
 * Finds the run by whichever field holds its token, and takes those fields away. `runOf` knows the tokens of live runs,
 * `names` are host names of this proxy.
 */
export function baseOrigin(
  head: RawHead,
  address: string,
  runOf: (token: string) => Run | undefined,
  names: ReadonlySet<string> = new Set(),
): Origin {
  const { rawHeaders } = head;
  const shown = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && places.includes(name.toLowerCase())
      ? candidates(rawHeaders[i + 1]!).map(token => ({ at: i, token, run: runOf(token) }))
      : [],
  );
  const live = shown.filter(({ run }) => run !== undefined);
  const known = live[0];
  if (known === undefined || live.some(({ run }) => run !== known.run)) {
    // Of two runs it belongs to neither: the other's token would go upstream.
    const first = known === undefined ? shown[0]?.token : '';
    return {
      head: { ...head, direct: { address, token: null, names } },
      credentials: first === undefined ? null : `Bearer ${first}`,
      run: null,
    };
  }
  // Of a field that is there twice nobody can say which was meant: it stays, and is refused.
  const alone = (at: number): boolean =>
    rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === rawHeaders[at]!.toLowerCase()).length === 1;
  const taken = new Set(shown.filter(({ token, at }) => token === known.token && alone(at)).map(({ at }) => at));
  return {
    head: {
      ...head,
      rawHeaders: rawHeaders.filter((_, i) => !taken.has(i - (i % 2))),
      direct: { address, token: known.token, names },
    },
    credentials: null,
    run: known.run!,
  };
}

/** Whether a host is this machine, or the address that the request came to. */
function isOwn(host: string, address: string): boolean {
  if (/(^|\.)localhost$/.test(host) || host === '::1' || (isIPv4(host) && host.startsWith('127.'))) return true;
  const own = address.replace(/^::ffff:(?=\d+\.)/, '');
  return host === (isIPv4(own) ? own : canonicalHost(`[${own}]`));
}

/**
 * The authority that the path names, and the target behind it. Throws `Refusal`: `authority_mismatch` for a request that was
 * meant for another host than this proxy, or comes from a web page; `denied` if the token stands where it would go upstream.
 */
export function readBaseUrl(
  { target, rawHeaders }: RawHead,
  { address, token, names }: Direct,
): { authority: Authority; origin: string } {
  const hosts = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === 'host');
  if (hosts[0] === undefined) throw new Refusal('malformed_request', 'The Host field is missing.');
  const { host } = parseAuthority(hosts[0], 'http', 80);
  // A name that a stranger let point here would make a browser take our answers for that stranger's.
  if (!isOwn(host, address) && !names.has(host))
    throw new Refusal('authority_mismatch', `The request is for ${host}, which is not an address of this proxy.`, {
      next: 'Use the address in TF_BASE_URL, or let an operator add the name to the configuration: names.',
    });
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = rawHeaders[i + 1]!;
    if (name === 'origin' && !isOwnOrigin(value, address))
      throw new Refusal('authority_mismatch', 'The request comes from a web page of another origin.');
    if (token !== null && value.includes(token)) throw misplaced(`the field ${name}`);
  }
  if (token !== null && target.includes(token)) throw misplaced('the target');
  const [, named = '', rest = ''] = /^\/_\/([^/?]*)(.*)$/s.exec(target) ?? [];
  return { authority: parseAuthority(named, 'https', 443), origin: rest.startsWith('/') ? rest : `/${rest}` };
}

const isOwnOrigin = (value: string, address: string): boolean => {
  const host = /^https?:\/\/([^/]+)$/.exec(value)?.[1];
  return host !== undefined && isOwn(parseAuthority(host, 'http', 80).host, address);
};

const misplaced = (place: string): Refusal =>
  new Refusal('denied', `The token of the run stands in ${place}, where it would be sent to the upstream.`, {
    rule: 'token',
    next: 'Send it only as the key of the API, in Authorization, x-api-key, api-key or x-goog-api-key.',
  });
