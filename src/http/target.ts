/**
 * One spelling for where a request goes: authorities and targets from the wire become canonical, or are refused
 * because two readers could disagree about them. Everything here is attacker-controlled.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { Refusal } from '../errors.js';
import type { Authority } from '../model.js';

const refuse = (detail: string): never => {
  throw new Refusal('malformed_request', detail);
};

/** Longest request target in bytes; longer ones are refused. */
export const maxTarget = 8192;

const hostLabel = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/**
 * The host of an authority: lower case, without brackets or trailing dot. Names are ASCII (IDNs come as `xn--`).
 * Refuses odd spellings of IPv4 addresses (`0x7f.1`, `127.1`, `010.0.0.1`), zone ids and empty labels.
 */
export function canonicalHost(text: string): string {
  const host = text.toLowerCase();
  if (host.startsWith('[') && host.endsWith(']')) {
    const address = host.slice(1, -1);
    if (!isIPv6(address) || address.includes('%')) refuse('The host is not a valid IPv6 address.');
    return new URL(`http://[${address}]/`).hostname.slice(1, -1);
  }
  if (isIPv4(host)) return host;
  const name = host.endsWith('.') ? refuse('The host ends with a dot.') : host;
  const labels = name.split('.');
  if (name.length === 0 || name.length > 253 || !labels.every(label => hostLabel.test(label)))
    refuse('The host is not a valid name.');
  // A last label that is a number makes URL parsers read the whole as an IPv4 address (WHATWG URL §3.5).
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!)) refuse('The host is an unusual spelling of an address.');
  return name;
}

/** `host[:port]` as in CONNECT, Host and absolute targets. Refuses userinfo, empty and odd ports. */
export function parseAuthority(text: string, scheme: 'http' | 'https', defaultPort?: number): Authority {
  if (text.includes('@')) refuse('The authority carries user information.');
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(text);
  if (!match) refuse('The authority is not host:port.');
  const [, host, port] = match as unknown as [string, string, string | undefined];
  if (port === undefined && defaultPort === undefined) refuse('The authority has no port.');
  if (port !== undefined && !/^[1-9]\d{0,4}$/.test(port)) refuse('The port is not a plain number.');
  const number = port === undefined ? defaultPort! : Number(port);
  if (number > 65_535) refuse('The port is too large.');
  return { scheme, host: canonicalHost(host), port: number };
}

/** Whether two authorities are one. Schemes don't count: a Host field has none. */
export const sameAuthority = (a: Authority, b: Authority): boolean => a.host === b.host && a.port === b.port;

const isDefault = (a: Authority): boolean => a.port === (a.scheme === 'https' ? 443 : 80);

/** As it stands in a Host field: brackets for IPv6, the port unless it is the scheme's own. */
export function printAuthority(a: Authority): string {
  const host = a.host.includes(':') ? `[${a.host}]` : a.host;
  return isDefault(a) ? host : `${host}:${a.port}`;
}

// pchar of RFC 3986 §3.3 with the few others that WHATWG URL printers leave bare.
const pathText = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]|^]|%[0-9A-Fa-f]{2})*$/;
// Any visible ASCII: servers agree on query strings byte by byte.
const queryText = /^[\x21-\x7e]*$/;

/** Escapes of unreserved characters are undone, all others are spelled in upper case (RFC 3986 §6.2.2). */
const respell = (text: string): string =>
  text.includes('%')
    ? text.replace(/%[0-9A-Fa-f]{2}/g, triplet => {
        const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
        return /[A-Za-z0-9\-._~]/.test(character) ? character : triplet.toUpperCase();
      })
    : text;

/** Whether a server that undoes escapes before (or after) it splits the path would find a segment that is `.` or `..`. */
function hasDotSegments(path: string): boolean {
  for (let text = path, round = 0; ; round++) {
    if (text.split(/[/\\]/).some(segment => /^\.{1,2}(;|$)/.test(segment))) return true;
    const once = text.replace(/%(2[ef]|5c|25)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
    if (once === text) return false;
    // Nobody escapes four times over but to hide something.
    if (round === 3) return true;
    text = once;
  }
}

/** A target in origin form (RFC 9112 §3.2.1) as path and query. Refuses what servers resolve in different ways. */
export function canonicalTarget(target: string): { path: string; query: string } {
  if (target.length > maxTarget) refuse(`The target is longer than ${maxTarget} bytes.`);
  if (!target.startsWith('/')) refuse('The target does not start with a slash.');
  if (target.includes('#')) refuse('The target has a fragment.');
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (!pathText.test(rawPath)) refuse('The path has a character or an escape that servers read differently.');
  if (!queryText.test(query)) refuse('The query has a character that may not stand there.');
  const path = respell(rawPath);
  if (/%([01][0-9A-F]|5C|7F)/.test(path)) refuse('The path has an encoded backslash or control character.');
  if (hasDotSegments(path)) refuse('The path has dot segments.');
  if (path.includes('//')) refuse('The path has empty segments.');
  return { path, query };
}

/** Path and query as sent upstream: what {@link canonicalTarget} read, printed. */
export const printTarget = (path: string, query: string): string => (query === '' ? path : `${path}?${query}`);
