/** Origins: under which names our pages may be asked for, and from which pages a form may come. */
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where people reach the pages. */
export interface Place {
  /** Of URLs that are given to people, without a slash at the end; null if nothing tells it. */
  readonly base: string | null;
  /** What `Host` may say. */
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

const loopback = /^(127\.|::1$)/;
const anywhere = /^(0\.0\.0\.0|::)$/;

/** `host`: as the configuration names it; `url`: the address of a reverse proxy in front, or undefined. */
export function placeOf(host: string, { address, port }: Pick<AddressInfo, 'address' | 'port'>, url?: string): Place {
  const named = [host, address, ...(loopback.test(address) ? ['localhost', '127.0.0.1', '[::1]'] : [])]
    .filter(name => !anywhere.test(name.replace(/^\[|\]$/g, '')))
    .map(name => `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`.toLowerCase());
  const own = named.map(name => new URL(`http://${name}`));
  const all = [...own, ...(url === undefined ? [] : [new URL(url)])];
  return {
    base: url?.replace(/\/+$/, '') ?? own[0]?.origin ?? null,
    // A browser leaves out the port that goes without saying.
    hosts: new Set([...all.map(each => each.host), ...named]),
    origins: new Set(all.map(each => each.origin)),
  };
}

/**
 * Whether a form comes from a page of ours, as far as the browser says. A page that names no referrer has the origin "null"
 * (Fetch §3.1); what says neither is no browser. The secret in the path is what keeps others out; this is the second lock.
 */
export function isOwnForm({ origin, 'sec-fetch-site': site }: IncomingHttpHeaders, { origins }: Place): boolean {
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === undefined || origin === 'null' || origins.has(origin);
}
