/**
 * Destination: which addresses may be dialled. A name is resolved once, every address of the answer is judged, and the
 * judged address is the one that is dialled, so that DNS can't change its mind in between.
 */
import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { Refusal } from '../errors.js';
import type { Authority } from '../model.js';

/** Where to dial: judged addresses, in order of preference, of which the first that answers is taken. */
export interface Destination {
  readonly addresses: readonly [string, ...string[]];
  readonly port: number;
}

/** Resolves a name to all its addresses, in order of preference; rejects as `dns.lookup` does. */
export type Resolve = (host: string) => Promise<readonly string[]>;

// IANA special-purpose registries (RFC 6890 and its updates): what is not globally reachable, and multicast.
const prohibited4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const blocked4 = new BlockList();
for (const [net, bits] of prohibited4) blocked4.addSubnet(net, bits, 'ipv4');
// Global unicast is 2000::/3; everything else is special. Within it, these are not for the public Internet.
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
const blocked6 = new BlockList();
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  blocked6.addSubnet(net, bits, 'ipv6');
const nat64 = new BlockList();
nat64.addSubnet('64:ff9b::', 96, 'ipv6');

/** The eight groups of an IPv6 address. */
function groups(address: string): number[] {
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head, tail] = text.split('::') as [string, string | undefined];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const fill = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(fill).fill('0'), ...right].map(group => Number.parseInt(group, 16));
}

/** Whether an address (in the spelling that `dns.lookup` returns, or any that `net.isIP` takes) is for the public Internet. */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !blocked4.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  const g = groups(address);
  const low = `${g[6]! >> 8}.${g[6]! & 255}.${g[7]! >> 8}.${g[7]! & 255}`;
  // IPv4-mapped and NAT64 addresses are as public as the IPv4 address within.
  if (g.slice(0, 5).every(group => group === 0) && g[5] === 0xffff) return isPublic(low);
  if (nat64.check(address, 'ipv6')) return isPublic(low);
  return global6.check(address, 'ipv6') && !blocked6.check(address, 'ipv6');
}

const resolveDeadline = 5_000;

/** `getaddrinfo`, all addresses, within 5 s. */
export const resolveSystem: Resolve = host =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(Object.assign(new Error('The lookup took too long.'), { code: 'ETIMEOUT' })),
      resolveDeadline,
    );
    systemLookup(host, { all: true, verbatim: true }, (error, found) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });

/** What an operator says about destinations (interface §2). */
export interface DestinationRules {
  /** `host:port` → `host:port`: another address, the same name for TLS and policy. Named addresses may be private. */
  readonly connectTo: ReadonlyMap<string, string>;
  /** CIDR blocks that may be dialled although they are private. */
  readonly allowPrivate: readonly string[];
}

/** Builds the function that says where to dial for an authority, or throws `Refusal` (`destination_prohibited`, `upstream_dns`). */
export function destinations(
  rules: DestinationRules,
  resolve: Resolve = resolveSystem,
): (authority: Authority) => Promise<Destination> {
  const allowed = new BlockList();
  for (const block of rules.allowPrivate) {
    const [net, bits] = block.split('/') as [string, string];
    allowed.addSubnet(net, Number(bits), isIPv6(net) ? 'ipv6' : 'ipv4');
  }
  const mayDial = (address: string): boolean =>
    isPublic(address) || (isIP(address) !== 0 && allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'));

  return async authority => {
    const target = rules.connectTo.get(`${authority.host}:${authority.port}`);
    if (target !== undefined) {
      const colon = target.lastIndexOf(':');
      return { addresses: [target.slice(0, colon).replace(/^\[|\]$/g, '')], port: Number(target.slice(colon + 1)) };
    }
    if (isIP(authority.host) !== 0) {
      if (mayDial(authority.host)) return { addresses: [authority.host], port: authority.port };
      throw new Refusal('destination_prohibited', `${authority.host} is a private or special address.`);
    }
    let addresses: readonly string[];
    try {
      addresses = await resolve(authority.host);
    } catch {
      throw new Refusal('upstream_dns', `The name ${authority.host} could not be resolved.`);
    }
    const [first, ...rest] = addresses;
    if (first === undefined) throw new Refusal('upstream_dns', `The name ${authority.host} has no address.`);
    // One bad address in the answer spoils it: an honest name doesn't mix them.
    const bad = addresses.find(address => !mayDial(address));
    if (bad !== undefined)
      throw new Refusal(
        'destination_prohibited',
        `${authority.host} resolves to a private or special address (${bad}).`,
      );
    return { addresses: [first, ...rest], port: authority.port };
  };
}
